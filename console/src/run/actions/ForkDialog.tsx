/** Run again from chosen steps on: which run anew, and which are taken over as they are. */
import { useMutation } from "@tanstack/react-query";
import { type ReactElement, useMemo, useState } from "react";
import { forking } from "../../api/calls";
import { fork } from "../../api/causes";
import type { RunId } from "../../api/runs";
import { plural, visible } from "../../text/names";
import { Button } from "../../ui/Button";
import { Calls } from "../../ui/Calls";
import { Dialog } from "../../ui/Dialog";
import { Glyph } from "../../ui/Glyph";
import { Problem } from "../../ui/State";
import { useRun, useSelection } from "../context";
import { wayTo } from "../plan/tree";
import { after } from "./after";
import styles from "./Actions.module.css";

export function ForkDialog({ onClose, onStarted }: { onClose: () => void; onStarted: (run: RunId) => void }): ReactElement {
  const { id, tree } = useRun();
  const { step } = useSelection();
  const first = step ? wayTo(tree, step.id)[0] : undefined;
  const [chosen, setChosen] = useState<ReadonlySet<string>>(() => new Set(first ? [first.id] : tree.steps.filter((each) => each.status.tone === "broken").map((each) => each.id)));
  const steps = tree.steps.filter((each) => !each.isFailureHandler);
  const anew = useMemo(() => after(tree.scope.edges, chosen), [tree, chosen]);
  // What has not succeeded runs in any case.
  const runs = steps.filter((each) => anew.has(each.id) || each.status.tone !== "done");
  const call = forking(id, [...chosen]);
  const starting = useMutation({ mutationFn: () => fork(id, call.request.body), onSuccess: (run) => { onClose(); onStarted(run); } });
  return (
    <Dialog open wide onClose={onClose} title="Run again from a step" description="The chosen steps run anew, with all that comes after them. What they have not touched is taken over.">
      <ul className={styles.steps}>
        {steps.map((each) => {
          const follows = anew.has(each.id) && !chosen.has(each.id);
          return (
            <li key={each.id}>
              <label>
                <input
                  type="checkbox"
                  checked={chosen.has(each.id) || follows}
                  disabled={follows || !each.row}
                  onChange={() => setChosen((now) => {
                    const next = new Set(now);
                    if (!next.delete(each.id)) next.add(each.id);
                    return next;
                  })}
                />
                <Glyph status={each.status} /> {visible(each.name)} <code>{visible(each.id)}</code>
                <span>{anew.has(each.id) ? "runs anew" : each.status.tone === "done" ? "taken over" : "runs"}</span>
              </label>
            </li>
          );
        })}
      </ul>
      <p className={styles.note}>{plural(runs.length, "step")} run, {steps.length - runs.length} taken over.</p>
      <Calls call={call} />
      {starting.error ? <Problem error={starting.error} /> : null}
      <div className={styles.buttons}>
        <Button look="primary" disabled={starting.isPending} onClick={() => starting.mutate()}>Run</Button>
        <Button look="quiet" onClick={onClose}>Not now</Button>
      </div>
    </Dialog>
  );
}
