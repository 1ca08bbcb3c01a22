/** Keys of a part of the page, while it is shown. */
import { useEffect, useEffectEvent } from "react";
import { isTyped } from "./keys";

/** `act` returns false for a key that means nothing to it. */
export function useKeys(act: (key: string, event: KeyboardEvent) => boolean | void): void {
  const onKey = useEffectEvent((event: KeyboardEvent) => {
    if (isTyped(event)) return;
    if (act(event.key, event) !== false) event.preventDefault();
  });
  useEffect(() => {
    const listener = (event: KeyboardEvent): void => onKey(event);
    window.addEventListener("keydown", listener);
    return () => window.removeEventListener("keydown", listener);
  }, []);
}
