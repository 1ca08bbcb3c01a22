/** The state that stands for a part: of many, the one that one wants to see. */
import { type Status, UNBEGUN } from "../../status/status";
import type { Part } from "./quotient";

export function worst(part: Part): Status {
  let found: Status | null = null;
  for (const step of part.steps) if (!found || step.status.weight > found.weight) found = step.status;
  return found ?? UNBEGUN;
}
