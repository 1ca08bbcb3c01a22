/** The filter of a list of runs: chips for what holds, and a field to type more. */
import { useNavigate } from "@tanstack/react-router";
import { X } from "lucide-react";
import { type ReactElement, useRef } from "react";
import type { RunsSearch } from "../../search";
import { useKeys } from "../../shell/useKeys";
import { Button } from "../../ui/Button";
import { zone } from "../../ui/clock";
import { Menu } from "../../ui/Menu";
import { useStore } from "../../ui/store";
import { PHASES, SPANS, chips, typed } from "./filters";
import styles from "./Filter.module.css";

export function Filter({ search }: { search: RunsSearch }): ReactElement {
  const navigate = useNavigate();
  const shown = useStore(zone);
  const field = useRef<HTMLInputElement>(null);
  const change = (next: RunsSearch): void => void navigate({ to: ".", search: { ...search, ...next }, replace: true });
  useKeys((key) => {
    if (key !== "/") return false;
    field.current?.focus();
    return true;
  });
  return (
    <div className={styles.bar} role="search">
      {chips(search, shown).map((chip) => (
        <button key={chip.label} type="button" className={styles.chip} aria-label={`Remove the filter ${chip.label}`} onClick={() => change(Object.fromEntries(chip.keys.map((key) => [key, undefined])))}>
          {chip.label} <X size={12} aria-hidden />
        </button>
      ))}
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (!field.current) return;
          change(typed(field.current.value));
          field.current.value = "";
        }}
      >
        <input ref={field} className={styles.field} placeholder="Filter: part of a name, workflow:wine, phase:failed, since:24h" aria-label="Filter the runs" />
      </form>
      <Menu
        trigger={<Button look="quiet" small>Phase</Button>}
        entries={PHASES.map((phase) => ({ label: phase, checked: search.phase === phase, onSelect: () => change({ phase: search.phase === phase ? undefined : phase }) }))}
      />
      <Menu
        trigger={<Button look="quiet" small>Since</Button>}
        entries={SPANS.map((span) => ({ label: span, checked: search.since === span, onSelect: () => change({ since: search.since === span ? undefined : span }) }))}
      />
      <Button look="quiet" small aria-pressed={search.archived ?? false} onClick={() => change({ archived: search.archived ? undefined : true })}>Archived</Button>
    </div>
  );
}
