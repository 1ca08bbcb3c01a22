/** How a run is, with what its steps ask people. */
import { type Status, asking, nodeStatus, runStatus } from "../status/status";
import type { RunState } from "./live/state";

export function shownStatus({ run, signals, nodes }: RunState): Status {
  return asking(runStatus(run.phase), signals.some(({ answered, node }) => !answered && !nodeStatus(nodes.get(node)?.phase ?? 0).ended));
}
