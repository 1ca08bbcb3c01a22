/** The three views of a run over one selection, and the panel of what is selected. */
import { type ReactElement, lazy, Suspense, useEffect, useMemo } from "react";
import { RUN_VIEWS } from "../search";
import { offered } from "../shell/palette-state";
import { Bars } from "../ui/State";
import { useChange, useRun, useRunSearch, useSelection } from "./context";
import { Panel } from "./panel/Panel";
import { usePanelWidth } from "./panel/usePanelWidth";
import { choicesOf, linesOf } from "./plan/visible";
import styles from "./RunBody.module.css";
import { Table } from "./table/Table";
import { Timeline } from "./timeline/Timeline";
import { Toolbar } from "./Toolbar";
import { useRunKeys } from "./useRunKeys";

const RunGraph = lazy(async () => ({ default: (await import("./graph/RunGraph")).RunGraph }));

export function RunBody(): ReactElement {
  const { state, tree } = useRun();
  const { view = "timeline", q = "", ph = "", open } = useRunSearch();
  const { step } = useSelection();
  const lines = useMemo(() => linesOf(tree, choicesOf(open), { text: q, tone: ph }, state), [tree, open, q, ph, state]);
  const [width, grip] = usePanelWidth();
  useRunKeys(lines);
  useOffered();
  return (
    <div className={styles.body} style={{ "--panel": `${width}px` } as React.CSSProperties}>
      <div className={styles.views}>
        <Toolbar lines={lines} />
        <div className={styles.view} style={{ "--rows": view === "graph" ? undefined : lines.length } as React.CSSProperties} role="tabpanel" id="run-view" aria-label={view}>
          {view === "graph" ? <Suspense fallback={<Bars />}><RunGraph /></Suspense> : view === "table" ? <Table lines={lines} /> : <Timeline lines={lines} />}
        </div>
      </div>
      <div className={styles.grip} {...grip} />
      <aside className={styles.panel} aria-label={step ? `Step ${step.name}` : "The run"}>
        <Panel />
      </aside>
    </div>
  );
}

/** The steps of this run for the palette, and a line of the log at hand. */
function useOffered(): void {
  const { tree } = useRun();
  const { sel } = useRunSearch();
  const change = useChange();
  useEffect(() => {
    offered.set((text) => [
      ...lineIn(text).filter(() => sel !== undefined).map((line) => ({ key: `line ${line}`, group: "Lines", label: `:${line}`, hint: "of the log", act: () => change({ tab: "log", line }) })),
      ...RUN_VIEWS.map((view) => ({ key: `view ${view}`, group: "Actions", label: `Show the ${view}`, act: () => change({ view }, true) })),
      ...[...tree.byId.values()].slice(0, 2_000).map((step) => ({
        key: `step ${step.id}`, group: "Steps", label: `${step.name} ${step.id}`, hint: step.status.word, act: () => change({ sel: step.id, item: undefined }),
      })),
    ]);
    return () => offered.set(() => []);
  }, [tree, sel, change]);
}

/** The number of a line that is asked for by `:7`. */
function lineIn(text: string): number[] {
  const number = Number(/^:(\d{1,9})$/.exec(text)?.[1]);
  return number > 0 ? [number] : [];
}
