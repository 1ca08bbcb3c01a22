/** Pause, resume or cancel a backfill: what becomes of open runs and of slots that wait is said before. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { ReactElement } from "react";
import { type Backfill, type Change, changeBackfill } from "../../api/backfills";
import { changingBackfill } from "../../api/calls";
import { plural, visible } from "../../text/names";
import { Button } from "../../ui/Button";
import { Calls } from "../../ui/Calls";
import { Dialog } from "../../ui/Dialog";
import { Problem } from "../../ui/State";
import styles from "./Backfills.module.css";

export const WORDS: Readonly<Record<Change, string>> = { pause: "Pause", resume: "Resume", cancel: "Cancel" };

export function ChangeDialog({ backfill, change, onClose }: { backfill: Backfill; change: Change; onClose: () => void }): ReactElement {
  const queries = useQueryClient();
  const { name, slots } = backfill;
  const changing = useMutation({
    mutationFn: () => changeBackfill(backfill, name, change),
    onSuccess: onClose,
    onSettled: () => Promise.all(["backfill", "backfills"].map((key) => queries.invalidateQueries({ queryKey: [key] }))),
  });
  const [open, waiting] = [plural(slots.running, "open run"), plural(slots.waiting, "slot")];
  const said: Record<Change, string> = {
    pause: `Its ${open} ${slots.running === 1 ? "goes" : "go"} on; none of the ${waiting} that wait starts until it is resumed.`,
    resume: `The ${waiting} that wait are run, by its rules.`,
    cancel: `Its ${open} ${slots.running === 1 ? "is" : "are"} aborted, and none of the ${waiting} that wait is run. Another backfill of these times takes them up.`,
  };
  return (
    <Dialog open onClose={onClose} title={`${WORDS[change]} ${visible(name)}?`} description={said[change]}>
      <Calls call={changingBackfill(backfill, name, change)} />
      {changing.error ? <Problem error={changing.error} /> : null}
      <div className={styles.buttons}>
        <Button look={change === "cancel" ? "danger" : "primary"} disabled={changing.isPending} onClick={() => changing.mutate()}>{WORDS[change]}{change === "cancel" ? " it" : ""}</Button>
        <Button look="quiet" onClick={onClose}>Not now</Button>
      </div>
    </Dialog>
  );
}
