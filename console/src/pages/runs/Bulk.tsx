/** What can be done to the chosen runs together. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type ReactElement, useState } from "react";
import { putAside } from "../../api/bulk";
import { relaunch } from "../../api/flyte";
import type { Run } from "../../api/runs";
import { AbortDialog } from "../../run/actions/AbortDialog";
import { usePlace } from "../../shell/place";
import { isOpenRun } from "../../status/status";
import { plural } from "../../text/names";
import { Button } from "../../ui/Button";
import { Problem } from "../../ui/State";
import styles from "./Bulk.module.css";

export function Bulk({ runs, anyOpen, onDone }: { runs: readonly Run[]; anyOpen: boolean; onDone: () => void }): ReactElement | null {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const place = usePlace();
  const [aborting, setAborting] = useState(false);
  const again = useMutation({
    mutationFn: () => Promise.all(runs.map((run) => relaunch(run, false))),
    onSuccess: onDone,
    onSettled: () => queries.invalidateQueries({ queryKey: ["runs"] }),
  });
  const areAside = runs.every((run) => run.archived);
  const putting = useMutation({
    mutationFn: () => putAside(place, runs, !areAside),
    onSuccess: onDone,
    onSettled: () => queries.invalidateQueries({ queryKey: ["runs"] }),
  });
  const compare = (): void => {
    // The list has the newest first; what came earlier stands at the left.
    const [b, a] = runs;
    if (a && b) void navigate({ to: "/projects/$project/domains/$domain/compare", params: place, search: { a: a.name, b: b.name } });
  };
  if (!runs.length) return null;
  return (
    <div className={styles.bar} role="toolbar" aria-label="Chosen runs">
      <b>{plural(runs.length, "run")} chosen</b>
      <Button small disabled={again.isPending} onClick={() => again.mutate()}>Run again</Button>
      <Button small disabled={!anyOpen} onClick={() => setAborting(true)}>Abort…</Button>
      <Button small disabled={runs.length !== 2} title={runs.length === 2 ? undefined : "Choose two runs"} onClick={compare}>Compare</Button>
      <Button small disabled={anyOpen || putting.isPending} title={anyOpen ? "Some run still" : undefined} onClick={() => putting.mutate()}>{areAside ? "Bring back" : "Archive"}</Button>
      <Button small look="quiet" onClick={onDone}>Choose none</Button>
      {again.error ?? putting.error ? <Problem error={again.error ?? putting.error} /> : null}
      <AbortDialog open={aborting} runs={runs.filter((run) => isOpenRun(run.phase))} onClose={() => setAborting(false)} onDone={onDone} />
    </div>
  );
}
