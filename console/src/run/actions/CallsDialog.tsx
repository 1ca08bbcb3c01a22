/** What can be done with this run, for other clients: on the command line, by curl, in Python. */
import type { ReactElement } from "react";
import { type Call, aborting, deciding, explaining, forking, lookingAt, recovering, relaunching } from "../../api/calls";
import { isOpenRun, runStatus } from "../../status/status";
import { visible } from "../../text/names";
import { CallList } from "../../ui/Calls";
import { Dialog } from "../../ui/Dialog";
import { type OfRun, useRun, useSelection } from "../context";
import { type Step, wayTo } from "../plan/tree";

export function CallsDialog({ onClose }: { onClose: () => void }): ReactElement {
  const run = useRun();
  const { step } = useSelection();
  return (
    <Dialog open wide onClose={onClose} title="For other clients" description="What can be done with this run, to be copied. Nothing in it says who you are.">
      <CallList calls={callsOf(run, step)} />
    </Dialog>
  );
}

function callsOf({ id, state, tree }: OfRun, step: Step | null): (readonly [string, Call])[] {
  const found: (readonly [string, Call])[] = [["Look at it", lookingAt(id)], ["Say why it is so", explaining(id)]];
  for (const each of tree.byId.values()) {
    const approval = each.status.ended || !each.row ? undefined : each.template?.gate_node?.approve;
    if (approval) found.push([`Approve ${visible(approval.signal_id)}`, deciding(id, approval.signal_id, true)]);
  }
  found.push(["Run the same again", relaunching(id)]);
  if (isOpenRun(state.run.phase)) return [...found, ["Abort it", aborting(id, "")]];
  if (runStatus(state.run.phase).tone !== "done") found.push(["Run only what has not succeeded", recovering(id)]);
  const first = step && wayTo(tree, step.id)[0];
  if (first?.row) found.push([`Run again from ${visible(first.name)} on`, forking(id, [first.id])]);
  return found;
}
