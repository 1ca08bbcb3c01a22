/** What can be done with a run: run it again in one of its ways, stop it, take it along. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { ChevronDown, Ellipsis } from "lucide-react";
import { type ReactElement, useState } from "react";
import { putAside } from "../../api/bulk";
import { recover, relaunch } from "../../api/flyte";
import { setKept } from "../../api/retention";
import type { RunId } from "../../api/runs";
import { useKeys } from "../../shell/useKeys";
import { isOpenRun, runStatus } from "../../status/status";
import { visible } from "../../text/names";
import { Button, IconButton } from "../../ui/Button";
import { Menu } from "../../ui/Menu";
import { Problem } from "../../ui/State";
import { useRun, useSelection } from "../context";
import { KEPT, useKept } from "../useKept";
import { AbortDialog } from "./AbortDialog";
import { CallsDialog } from "./CallsDialog";
import styles from "./RunActions.module.css";
import { ForkDialog } from "./ForkDialog";
import { copy } from "../../ui/clipboard";

export function RunActions(): ReactElement {
  const { id, state, source } = useRun();
  const { step } = useSelection();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [asking, setAsking] = useState<"abort" | "fork" | "calls" | null>(null);
  const [more, setMore] = useState(false);
  const goTo = (run: RunId): void => void navigate({ to: "/projects/$project/domains/$domain/executions/$name", params: { project: run.project, domain: run.domain, name: run.name } });
  const start = useMutation({ mutationFn: (how: () => Promise<{ id: RunId }>) => how(), onSuccess: (started) => goTo(started.id) });
  const putting = useMutation({ mutationFn: () => putAside(id, [state.run], !state.run.archived), onSuccess: () => source.retry() });
  const kept = useKept();
  const keeping = useMutation({ mutationFn: (keep: boolean) => setKept(id, keep), onSettled: () => queries.invalidateQueries({ queryKey: [KEPT] }) });
  const isOpen = isOpenRun(state.run.phase);
  const failed = !isOpen && runStatus(state.run.phase).tone !== "done";
  const again = (): void => void navigate({ to: "/projects/$project/domains/$domain/launch", params: { project: id.project, domain: id.domain }, search: { from: id.name } });
  useKeys((key) => {
    if (key === "r") again();
    else if (key === ".") setMore(true);
    else return false;
    return true;
  });
  return (
    <div className={styles.actions}>
      <Menu
        trigger={<Button>Run again <ChevronDown size={13} aria-hidden /></Button>}
        entries={[
          { label: "With other inputs…", hint: "r", onSelect: again },
          { label: "The same", onSelect: () => start.mutate(() => relaunch(id, false)) },
          { label: "The same, without the cache", onSelect: () => start.mutate(() => relaunch(id, true)) },
          null,
          { label: "Only what has not succeeded", disabled: !failed, hint: isOpen ? "it runs still" : failed ? "" : "all has succeeded", onSelect: () => start.mutate(() => recover(id)) },
          { label: step ? "From the selected step…" : "From a step…", disabled: isOpen, hint: isOpen ? "it runs still" : "", onSelect: () => setAsking("fork") },
        ]}
      />
      {isOpen ? <Button onClick={() => setAsking("abort")}>Abort…</Button> : null}
      <Menu
        trigger={<IconButton label="More" title="More (.)"><Ellipsis size={16} /></IconButton>}
        open={more}
        onOpen={setMore}
        entries={[
          ...(step ? [
            { label: `Run again from ${visible(step.name)}…`, disabled: isOpen, hint: isOpen ? "it runs still" : "", onSelect: () => setAsking("fork") },
            { label: "Copy the step's id", hint: "c", onSelect: () => void copy(step.id) },
            null,
          ] : []),
          { label: "Compare…", hint: "with the last success", onSelect: () => void navigate({ to: "/projects/$project/domains/$domain/compare", params: { project: id.project, domain: id.domain }, search: { b: id.name } }) },
          { label: state.run.archived ? "Bring back from the archive" : "Archive", disabled: isOpen, hint: isOpen ? "it runs still" : "", onSelect: () => putting.mutate() },
          { label: kept ? "Keep no longer" : "Keep", hint: kept ? "rules of retention hold again" : "whatever retention says", disabled: kept === undefined || keeping.isPending, onSelect: () => keeping.mutate(!kept) },
          null,
          { label: "Copy the name", hint: step ? "" : "c", onSelect: () => void copy(id.name) },
          { label: "Copy as…", hint: "command, curl, Python", onSelect: () => setAsking("calls") },
          { label: "Copy the link", onSelect: () => void copy(location.href) },
        ]}
      />
      {start.error ?? putting.error ?? keeping.error ? <Problem error={start.error ?? putting.error ?? keeping.error} /> : null}
      <AbortDialog open={asking === "abort"} runs={[state.run]} onClose={() => setAsking(null)} />
      {asking === "calls" ? <CallsDialog onClose={() => setAsking(null)} /> : null}
      {asking === "fork" ? <ForkDialog onClose={() => setAsking(null)} onStarted={goTo} /> : null}
    </div>
  );
}
