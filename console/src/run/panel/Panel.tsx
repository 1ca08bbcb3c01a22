/** The panel: all about the selected step, or about the run if none is. */
import { X } from "lucide-react";
import type { ReactElement } from "react";
import { HAS_DECK } from "../../api/runs";
import type { RunTab } from "../../search";
import { itemStatus } from "../../status/status";
import { visible } from "../../text/names";
import { Button, IconButton } from "../../ui/Button";
import { CopyButton } from "../../ui/Copy";
import { Glyph } from "../../ui/Glyph";
import { Tabs } from "../../ui/Tabs";
import { useChange, useRun, useRunSearch, useSelect, useSelection } from "../context";
import { KIND_WORDS } from "../plan/kinds";
import type { Step } from "../plan/tree";
import { Attempts } from "./Attempts";
import { Data } from "./Data";
import { Deck } from "./Deck";
import { Events } from "./Events";
import { FailedItems } from "./FailedItems";
import { Items } from "./Items";
import { Lineage } from "./Lineage";
import { LogTab } from "./LogTab";
import styles from "./Panel.module.css";
import { RunLogs } from "./RunLogs";
import { Use } from "./Use";
import { Way } from "./Way";
import { Why } from "./Why";

const WORDS: Record<RunTab, string> = { why: "Why", items: "Items", log: "Log", data: "Data", deck: "Deck", use: "Use", lineage: "Lineage", events: "Events" };

export function Panel(): ReactElement {
  const { step, item } = useSelection();
  const { tab, sel } = useRunSearch();
  const change = useChange();
  const select = useSelect();
  const tabs = tabsOf(step, item);
  const chosen = tab && tabs.includes(tab) ? tab : (tabs[0] ?? "why");
  return (
    <div className={styles.panel}>
      <Head step={step} item={item} />
      {sel && !step ? <p className={styles.unknown} role="status">There is no step <b>{visible(sel)}</b> in this run, or it has not begun. <Button small look="quiet" onClick={() => select(null)}>Forget it</Button></p> : null}
      <div className={styles.tabs}>
        <Tabs label="About it" panel="step-panel" chosen={chosen} tabs={tabs.map((id) => ({ id, label: WORDS[id] }))} onChoose={(id) => change({ tab: id }, true)} />
      </div>
      <div className={styles.body} role="tabpanel" id="step-panel" tabIndex={-1} aria-label={WORDS[chosen]}>
        <Content tab={chosen} step={step} item={item} key={`${step?.id ?? ""} ${item}`} />
      </div>
    </div>
  );
}

function tabsOf(step: Step | null, item: number): RunTab[] {
  if (!step) return ["why", "log", "data", "lineage", "events"];
  const { row } = step;
  if (!row) return ["why", "lineage"];
  if (step.kind === "array" && item < 0) return ["items", "why", "data", "lineage", "events"];
  const ran = row.tries > 0 && (step.kind === "task" || step.kind === "array" || step.kind === "unknown");
  return ["why", ...(ran ? (["log"] as const) : []), "data", ...(row.flags & HAS_DECK ? (["deck"] as const) : []), ...(ran ? (["use"] as const) : []), "lineage", "events"];
}

function Content({ tab, step, item }: { tab: RunTab; step: Step | null; item: number }): ReactElement | null {
  switch (tab) {
    case "why": return <Why step={step} item={item} />;
    case "log": return step ? <LogTab step={step} item={item} /> : <RunLogs />;
    case "data": return <Data step={step} item={item} />;
    case "deck": return step ? <Deck step={step} /> : null;
    case "use": return step ? <Use step={step} item={item} /> : null;
    case "items": return step ? <Items step={step} /> : null;
    case "events": return <Events step={step} item={item} />;
    case "lineage": return <Lineage step={step} />;
  }
}

function Head({ step, item }: { step: Step | null; item: number }): ReactElement {
  const { id, state, items } = useRun();
  const select = useSelect();
  if (!step) {
    return (
      <div className={styles.head}>
        <h2 className={styles.title}>The run</h2>
        <span className={styles.id}>{visible(id.name)}</span>
        <CopyButton text={id.name} label="Copy the run's name" />
      </div>
    );
  }
  const phases = items.get(step.id);
  return (
    <>
      <div className={styles.head}>
        <Glyph status={item >= 0 && phases ? itemStatus(phases[item] ?? 0) : step.status} />
        <h2 className={styles.title} title={visible(step.name)}>{visible(step.name)}{item >= 0 ? <span className={styles.item}>[{item}]</span> : null}</h2>
        <span className={styles.id} title={visible(step.id)}>{KIND_WORDS[step.kind]} · {visible(step.id)}</span>
        {state.arrays[step.id] ? <FailedItems step={step.id} /> : null}
        <CopyButton text={step.id} label="Copy the step's id (c)" />
        <IconButton label="Back (Esc)" onClick={() => select(item >= 0 ? step.id : null)}><X size={14} /></IconButton>
      </div>
      <Way step={step} />
      {item < 0 ? <Attempts step={step} /> : null}
    </>
  );
}
