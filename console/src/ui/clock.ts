/** The time as all parts of a page see it, by the platform's clock, and the zone that they show. */
import { createStore, useStore } from "./store";
import type { Zone } from "../text/time";

let ahead = 0;
const now = createStore(Date.now() * 1_000);
setInterval(() => {
  if (document.visibilityState === "visible") now.set(serverNow());
}, 1_000);

/** Microseconds since the epoch. */
export function serverNow(): number {
  return Date.now() * 1_000 + ahead;
}

/** Take the platform's word for the time: the clock of a browser may be wrong by hours. */
export function setServerNow(at: number): void {
  const next = at - Date.now() * 1_000;
  if (Math.abs(next - ahead) > 500_000) ahead = next;
}

export const useNow = (): number => useStore(now);

const KEY = "alula.zone";
export const zone = createStore<Zone>(localStorage.getItem(KEY) === "local" ? "local" : "utc");

export function chooseZone(next: Zone): void {
  localStorage.setItem(KEY, next);
  zone.set(next);
}
