import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { paced } from "./pace";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("acts at once after a pause, and once for all that is called for meanwhile", () => {
  const act = vi.fn();
  const pace = paced(1_000, act);
  pace.call();
  expect(act).toHaveBeenCalledTimes(1);
  for (let each = 0; each < 5; each += 1) pace.call();
  vi.advanceTimersByTime(999);
  expect(act).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(1);
  expect(act).toHaveBeenCalledTimes(2);
  vi.advanceTimersByTime(5_000);
  expect(act).toHaveBeenCalledTimes(2);
  pace.call();
  expect(act).toHaveBeenCalledTimes(3);
});

it("does not act any more once it has stopped", () => {
  const act = vi.fn();
  const pace = paced(1_000, act);
  pace.call();
  pace.call();
  pace.stop();
  vi.advanceTimersByTime(5_000);
  expect(act).toHaveBeenCalledTimes(1);
});
