/** What ran out of memory, run again with more: offered where the cause is told. */
import { useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type ReactElement, useState } from "react";
import { forking } from "../../api/calls";
import { type Link, fork } from "../../api/causes";
import { type AttemptUse, type RunId, readItemSummary, readUse } from "../../api/runs";
import { bytes } from "../../text/bytes";
import { ownCode, visible } from "../../text/names";
import { Button } from "../../ui/Button";
import { Calls } from "../../ui/Calls";
import { Dialog } from "../../ui/Dialog";
import { Bars, Problem } from "../../ui/State";
import { useRun } from "../context";
import styles from "./Actions.module.css";
import { had, isAmount, outOfMemory, twice } from "./memory";

export function MoreMemory({ cause }: { cause: Link }): ReactElement | null {
  const { id, tree } = useRun();
  const [open, setOpen] = useState(false);
  const found = outOfMemory(cause);
  const step = found && tree.byId.get(found.step);
  const { data, isFetched } = useQuery({ queryKey: ["memory", id, found], queryFn: ({ signal }) => lastUse(id, found?.step ?? "", found?.item ?? -1, signal), enabled: open && found !== null, staleTime: Infinity, retry: false });
  if (!step) return null;
  return (
    <>
      <Button small onClick={() => setOpen(true)}>More memory…</Button>
      <Dialog open={open} onClose={() => setOpen(false)} title={`Run again from ${visible(step.name)} with more memory`} description={`${toldOf(data ?? undefined)} It runs anew, with all that comes after it; what they have not touched is taken over.`}>
        {isFetched ? <Asking id={id} step={step.id} use={data ?? undefined} onClose={() => setOpen(false)} /> : <Bars rows={2} />}
      </Dialog>
    </>
  );
}

function toldOf(use: AttemptUse | undefined): string {
  const peak = use?.peak_memory_bytes?.value;
  const limit = use?.limits.memory_bytes;
  return `Its last try had ${limit ? `a limit of ${bytes(limit)}` : "no limit of its own"}${peak ? `, and used ${bytes(peak)}` : ""}.`;
}

function Asking({ id, step, use, onClose }: { id: RunId; step: string; use: AttemptUse | undefined; onClose: () => void }): ReactElement {
  const navigate = useNavigate();
  const [memory, setMemory] = useState(() => twice(had(use)));
  const call = forking(id, [step], memory);
  const starting = useMutation({
    mutationFn: () => fork(id, call.request.body),
    onSuccess: ({ project, domain, name }) => {
      onClose();
      return navigate({ to: "/projects/$project/domains/$domain/executions/$name", params: { project, domain, name } });
    },
  });
  const isFit = isAmount(memory);
  return (
    <form onSubmit={(event) => { event.preventDefault(); if (isFit) starting.mutate(); }}>
      <label className={styles.label}>
        Memory
        <input className={styles.input} value={memory} required placeholder="2Gi" aria-invalid={!isFit} onChange={(event) => setMemory(event.currentTarget.value.trim())} />
      </label>
      {isFit ? <Calls call={call} /> : <p role="alert" className={styles.note}>An amount with its unit, such as 512Mi or 2Gi.</p>}
      {isFit ? <p className={styles.note}>To have it in all runs to come: <code>@task(limits=Resources(mem="{memory}"))</code></p> : null}
      {starting.error ? <Problem error={starting.error} /> : null}
      <div className={styles.buttons}>
        <Button look="primary" type="submit" disabled={!isFit || starting.isPending}>Run</Button>
        <Button look="quiet" onClick={onClose}>Not now</Button>
      </div>
    </form>
  );
}

/** Of an array it is the use of the first item that ran out of memory. */
async function lastUse(id: RunId, step: string, item: number, signal: AbortSignal): Promise<AttemptUse | null> {
  const found = await readUse(id, step, item, signal);
  if (found.attempts.length || item >= 0) return found.attempts.at(-1) ?? null;
  const { errors } = await readItemSummary(id, step, signal);
  const first = errors.find(({ code }) => ownCode(code) === "OOMKilled")?.indexes[0];
  return first === undefined ? null : lastUse(id, step, first, signal);
}
