/** The bar over the views: which one, which steps, and the way from error to error. */
import { ChevronDown, ChevronUp, X } from "lucide-react";
import { type ReactElement, useEffect, useRef, useState } from "react";
import { RUN_VIEWS, type RunView } from "../search";
import { useKeys } from "../shell/useKeys";
import { plural } from "../text/names";
import { IconButton } from "../ui/Button";
import { Tabs } from "../ui/Tabs";
import { useChange, useRun, useRunSearch } from "./context";
import type { Line } from "./plan/visible";
import styles from "./Toolbar.module.css";
import { failures, useNext } from "./useNext";

const VIEW_WORDS: Record<RunView, string> = { timeline: "Timeline", graph: "Graph", table: "Table" };
const TONES: Record<string, string> = { broken: "failed", held: "waiting", working: "running", done: "done", stopped: "stopped", idle: "not begun" };

export function Toolbar({ lines }: { lines: readonly Line[] }): ReactElement {
  const { tree } = useRun();
  const change = useChange();
  const { view = "timeline", q = "", ph } = useRunSearch();
  const next = useNext();
  const broken = failures(tree).length;
  return (
    <div className={styles.bar}>
      <Tabs
        label="Views"
        panel="run-view"
        chosen={view}
        tabs={RUN_VIEWS.map((each, place) => ({ id: each, label: VIEW_WORDS[each], hint: String(place + 1) }))}
        onChoose={(chosen) => change({ view: chosen === "timeline" ? undefined : chosen }, true)}
      />
      <Words text={q} onChange={(text) => change({ q: text || undefined })} />
      {ph ? (
        <button type="button" className={styles.chip} onClick={() => change({ ph: undefined })}>{TONES[ph] ?? ph} <X size={12} aria-label="Remove this filter" /></button>
      ) : null}
      {q || ph ? <span className={styles.shown}>{plural(lines.length, "step")}</span> : null}
      {broken ? (
        <span className={styles.errors}>
          <span className="broken">{plural(broken, "error")}</span>
          <IconButton label="Previous error (E)" onClick={() => void next("failed", -1)}><ChevronUp size={14} /></IconButton>
          <IconButton label="Next error (e)" onClick={() => void next("failed", 1)}><ChevronDown size={14} /></IconButton>
        </span>
      ) : null}
    </div>
  );
}

const SETTLED_MS = 150;

function Words({ text, onChange }: { text: string; onChange: (text: string) => void }): ReactElement {
  const [typed, setTyped] = useState(text);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (typed === text) return undefined;
    const timer = setTimeout(() => onChange(typed), SETTLED_MS);
    return () => clearTimeout(timer);
  }, [typed, text, onChange]);
  useKeys((key) => {
    if (key !== "/" || document.activeElement?.closest("[data-log]")) return false;
    field.current?.focus();
    return true;
  });
  return (
    <input
      ref={field}
      type="search"
      className={styles.field}
      value={typed}
      placeholder="/ filter steps"
      aria-label="Filter the steps by name, id, state or error"
      onChange={(event) => setTyped(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key === "Escape") {
          setTyped("");
          onChange("");
          event.currentTarget.blur();
        }
      }}
    />
  );
}
