/** The lines of steps as a tree that is moved through by keys: what table and timeline have in common. */
import { useVirtualizer, type Virtualizer } from "@tanstack/react-virtual";
import { ChevronDown, ChevronRight } from "lucide-react";
import { type ReactElement, type RefObject, useEffect, useRef } from "react";
import { visible } from "../text/names";
import { grouped } from "../text/numbers";
import { Glyph } from "../ui/Glyph";
import { useChange, useRun, useRunSearch, useSelect } from "./context";
import styles from "./Lines.module.css";
import { KIND_WORDS } from "./plan/kinds";
import type { Step } from "./plan/tree";
import { type Line, choicesOf, textOf } from "./plan/visible";

export const LINE_PX = 28;

/** The lines in view, and the chosen one brought into view once when it changes. */
export function useLines(lines: readonly Line[], scroll: RefObject<HTMLDivElement | null>, top = 0): Virtualizer<HTMLDivElement, Element> {
  const { sel } = useRunSearch();
  const rows = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => LINE_PX,
    overscan: 12,
    scrollPaddingStart: top,
    getItemKey: (at) => lines[at]?.step.id ?? at,
  });
  const brought = useRef<string | undefined>(undefined);
  useEffect(() => {
    if (brought.current === sel) return;
    const at = lines.findIndex((line) => line.step.id === sel);
    if (at < 0) return;
    brought.current = sel;
    rows.scrollToIndex(at, { align: "auto" });
  }, [sel, lines, rows]);
  return rows;
}

export function useToggle(): (line: Line) => void {
  const { source } = useRun();
  const { open } = useRunSearch();
  const change = useChange();
  return (line) => {
    if (line.step.mayHaveMore) void source.open(line.step.id);
    change({ open: textOf(new Map(choicesOf(open)).set(line.step.id, !line.isOpen)) });
  };
}

/** The name of a step with the sign of its state, at its depth. */
export function StepName({ line, count }: { line: Line; count?: number | undefined }): ReactElement {
  const { step } = line;
  const toggle = useToggle();
  return (
    <span className={styles.name} style={{ paddingLeft: line.depth * 16 }}>
      {line.canOpen ? (
        <button type="button" tabIndex={-1} className={styles.twist} aria-label={line.isOpen ? "Close" : "Open"} onClick={(event) => { event.stopPropagation(); toggle(line); }}>
          {line.isOpen ? <ChevronDown size={14} /> : <ChevronRight size={14} />}
        </button>
      ) : <span className={styles.twist} />}
      <Glyph status={step.status} />
      <span className={styles.text} title={`${visible(step.name)} (${visible(step.id)}), ${KIND_WORDS[step.kind]}`}>{visible(step.name)}</span>
      {count === undefined ? null : <span className={styles.count}>×{grouped(count)}</span>}
      {step.isFailureHandler ? <span className={styles.count}>on failure</span> : null}
    </span>
  );
}

export function useRowProps(): (line: Line, at: number, extra?: string) => React.HTMLAttributes<HTMLDivElement> & Record<`data-${string}`, unknown> {
  const { sel } = useRunSearch();
  const select = useSelect();
  const toggle = useToggle();
  return (line, at, extra = "") => {
    const chosen = line.step.id === sel;
    return {
      role: "row",
      "aria-level": line.depth + 1,
      "aria-rowindex": at + 1,
      "aria-selected": chosen,
      ...(line.canOpen ? { "aria-expanded": line.isOpen } : {}),
      tabIndex: chosen || (!sel && at === 0) ? 0 : -1,
      className: `${styles.row} ${chosen ? styles.chosen : ""} ${extra}`,
      "data-step": line.step.id,
      onClick: () => select(line.step.id),
      onDoubleClick: () => (line.canOpen ? toggle(line) : undefined),
      onKeyDown: (event) => {
        if (event.key !== "Enter" || event.target !== event.currentTarget) return;
        select(line.step.id);
        document.querySelector<HTMLElement>("#step-panel")?.focus();
      },
    };
  };
}

export function itemsOf(step: Step, arrays: Readonly<Record<string, { size: number }>>): number | undefined {
  return arrays[step.id]?.size;
}
