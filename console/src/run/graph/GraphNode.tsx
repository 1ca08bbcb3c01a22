/** A node of the graph as text: its state, its name, how long it took, and what can be opened. */
import { ChevronsDownUp, ChevronsUpDown } from "lucide-react";
import type { ReactElement } from "react";
import { counted, countsOfItems } from "../../status/counts";
import { visible } from "../../text/names";
import { grouped } from "../../text/numbers";
import { duration } from "../../text/time";
import { Glyph } from "../../ui/Glyph";
import { CountVane } from "../../ui/Vane";
import type { RunState } from "../live/state";
import { KIND_WORDS, casesOf } from "../plan/kinds";
import type { Step, Tree } from "../plan/tree";
import { tookOf } from "../took";
import { conditionText } from "./conditions";
import styles from "./Graph.module.css";
import type { Placed } from "./scene";
import { worst } from "./worst";

/** The part of a run that nodes show beside their states. */
export type Facts = Pick<RunState, "arrays" | "attempts">;

export function GraphNode({ placed, tree, facts, isChosen, onSelect, onToggle }: {
  placed: Placed;
  tree: Tree;
  facts: Facts;
  isChosen: boolean;
  onSelect: (id: string) => void;
  onToggle: () => void;
}): ReactElement | null {
  const { part } = placed;
  const step = part.steps[0];
  if (!step) return null;
  const status = worst(part);
  const array = facts.arrays[step.id];
  const counts = part.kind === "stack" ? counted(part.steps.map((each) => each.status)) : array ? countsOfItems(array.size, array.phases) : null;
  const canOpen = part.kind !== "step" || step.steps.length > 0;
  const many = part.kind === "stack" ? part.steps.length : array?.size;
  const second = part.kind === "group" ? "" : (conditionOf(step, tree.byId.get(step.parent)) ?? took(step, facts) ?? KIND_WORDS[step.kind]);
  return (
    <div
      className={`${styles.node} ${styles[part.kind]} ${isChosen ? styles.chosen : ""} ${status.tone} ${step.row ? "" : styles.future} ${status.shape === "skipped" ? styles.future : ""}`}
      style={{ left: placed.x, top: placed.y, width: placed.width, height: part.kind === "group" ? 32 : placed.height }}
    >
      <button type="button" tabIndex={isChosen ? 0 : -1} className={styles.pick} aria-pressed={isChosen} title={`${visible(step.name)} (${visible(step.id)})`} onClick={() => onSelect(step.id)}>
        <Glyph status={status} />
        <span className={styles.words}>
          <span className={styles.name}>{visible(step.name)}{many === undefined ? null : <span className={styles.many}> ×{grouped(many)}</span>}</span>
          {counts ? <CountVane counts={counts} height={6} /> : second ? <span className={styles.second}>{second}</span> : null}
        </span>
      </button>
      {canOpen ? (
        <button type="button" tabIndex={-1} className={styles.open} aria-label={part.kind === "group" ? "Close" : "Open"} title={part.kind === "group" ? "Close" : "Open"} onClick={onToggle}>
          {part.kind === "group" ? <ChevronsDownUp size={13} /> : <ChevronsUpDown size={13} />}
        </button>
      ) : null}
    </div>
  );
}

function took({ row }: Step, facts: Facts): string | undefined {
  const ms = tookOf(row, facts.attempts);
  return row && ms !== null ? `${duration(ms)}${row.tries > 1 ? ` · ↻ ${row.tries - 1}` : ""}` : undefined;
}

/** Of a step that a choice may take: when it is taken. */
function conditionOf(step: Step, parent: Step | undefined): string | undefined {
  if (!parent?.template?.branch_node) return undefined;
  const found = casesOf(parent.template).find((each) => each.node.id === step.template?.id);
  return found ? (found.condition ? `if ${conditionText(found.condition)}` : "else") : undefined;
}
