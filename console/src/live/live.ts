/** How a run is followed: by news as they happen, and by asking while these do not arrive. */
import type { Changes, RunId } from "../api/runs";
import { heard, missed } from "../shell/connection-state";
import { isOpenRun } from "../status/status";
import { wait } from "./hub";
import { isLive, subscribe } from "./source";

export interface Follower {
  read(since: number, signal: AbortSignal): Promise<Changes>;
  /** Takes news and says from which sequence to go on. */
  told(changes: Changes): number;
}

const EACH_MS = 1_000;
const HIDDEN_MS = 5_000;
/** The time that the stream gets to speak before anything is asked. */
const PATIENCE_MS = 1_500;

/** Follow a run until it has ended or nobody wants to know. */
export function follow({ project, domain, name }: RunId, since: number, follower: Follower): () => void {
  const abort = new AbortController();
  let at = since;
  const take = (changes: Changes): void => {
    if (abort.signal.aborted) return;
    heard();
    at = Math.max(at, follower.told(changes));
    if (!isOpenRun(changes.run.phase)) end();
  };
  const unsubscribe = subscribe({ kind: "run", project, domain, name, since }, (told) => {
    if (told.kind === "changes") take(told.data);
  });
  const end = (): void => {
    abort.abort();
    unsubscribe();
  };
  void askWhileSilent(() => at, follower, take, abort.signal);
  return end;
}

async function askWhileSilent(at: () => number, follower: Follower, take: (changes: Changes) => void, signal: AbortSignal): Promise<void> {
  let failures = 0;
  await pause(PATIENCE_MS, signal);
  while (!signal.aborted) {
    if (!isLive.get()) {
      try {
        take(await follower.read(at(), signal));
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        failures += 1;
        missed(error);
      }
    }
    await pause(failures ? wait(failures) : document.visibilityState === "visible" ? EACH_MS : HIDDEN_MS, signal);
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    }, { once: true });
  });
}
