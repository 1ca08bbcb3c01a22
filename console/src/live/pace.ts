/** An act that many call for: at once after a pause, and then no sooner than some time after the last. */
export interface Paced {
  call(): void;
  stop(): void;
}

export function paced(eachMs: number, act: () => void): Paced {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isDue = false;
  const rest = (): void => {
    timer = undefined;
    if (isDue) now();
  };
  const now = (): void => {
    isDue = false;
    timer = setTimeout(rest, eachMs);
    act();
  };
  return {
    call: () => (timer === undefined ? now() : void (isDue = true)),
    stop: () => clearTimeout(timer),
  };
}
