/** The items of an array that have failed, by their phases as bytes. Pure. */
import { itemStatus } from "../../status/status";

const isBroken = Array.from({ length: 256 }, (_, byte) => itemStatus(byte).tone === "broken");

/** The failed item that follows another, or with -1 the one before it; -1 if there is none. */
export function nextFailed(phases: Uint8Array, from: number, by: 1 | -1): number {
  for (let at = from + by; at >= 0 && at < phases.length; at += by) if (isBroken[phases[at] ?? 0]) return at;
  return -1;
}

export function countFailed(phases: Uint8Array): number {
  let count = 0;
  for (const byte of phases) if (isBroken[byte]) count += 1;
  return count;
}
