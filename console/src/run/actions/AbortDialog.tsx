/** Abort runs: what stops is said, and a cause is wanted, as others will read it. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactElement, useState } from "react";
import { aborting } from "../../api/calls";
import { abort } from "../../api/flyte";
import type { Run } from "../../api/runs";
import { plural, visible } from "../../text/names";
import { Button } from "../../ui/Button";
import { Calls } from "../../ui/Calls";
import { Dialog } from "../../ui/Dialog";
import { Problem } from "../../ui/State";
import styles from "./Actions.module.css";

export function AbortDialog({ open, runs, onClose, onDone }: { open: boolean; runs: readonly Run[]; onClose: () => void; onDone?: () => void }): ReactElement {
  const queries = useQueryClient();
  const [cause, setCause] = useState("");
  const stopping = useMutation({
    mutationFn: () => Promise.all(runs.map((run) => abort(run, cause.trim()))),
    onSuccess: () => {
      onClose();
      onDone?.();
    },
    onSettled: () => queries.invalidateQueries(),
  });
  const one = runs.length === 1 ? runs[0] : undefined;
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title={one ? `Abort ${visible(one.name)}?` : `Abort ${plural(runs.length, "run")}?`}
      description="Steps under way are stopped, and the others do not begin. What has succeeded is kept, so that the run can be recovered."
    >
      <form onSubmit={(event) => { event.preventDefault(); if (cause.trim()) stopping.mutate(); }}>
        <label className={styles.label}>
          Cause
          <input className={styles.input} value={cause} required placeholder="Wrong input file" onChange={(event) => setCause(event.currentTarget.value)} />
        </label>
        {one ? <Calls call={aborting(one, cause.trim())} /> : null}
        {stopping.error ? <Problem error={stopping.error} /> : null}
        <div className={styles.buttons}>
          <Button look="danger" type="submit" disabled={!cause.trim() || stopping.isPending}>Abort</Button>
          <Button look="quiet" onClick={onClose}>Let it run</Button>
        </div>
      </form>
    </Dialog>
  );
}
