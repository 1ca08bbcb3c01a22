/** A value that changes no more often than some time allows: what is asked for by it is not asked for with each news. */
import { useEffect, useRef, useState } from "react";

export function usePaced<T>(value: T, eachMs: number): T {
  const [shown, setShown] = useState(value);
  const last = useRef(-Infinity);
  useEffect(() => {
    const take = (): void => {
      last.current = performance.now();
      setShown(value);
    };
    const timer = setTimeout(take, Math.max(0, last.current + eachMs - performance.now()));
    return () => clearTimeout(timer);
  }, [value, eachMs]);
  return shown;
}
