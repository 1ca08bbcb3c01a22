/** The timeline: a line a step, its name as text at the left, its time as bars on one canvas. */
import { FoldHorizontal, Maximize2, Timer } from "lucide-react";
import { type PointerEvent, type ReactElement, useEffect, useMemo, useRef, useState } from "react";
import { duration } from "../../text/time";
import { theme } from "../../theme/theme";
import { IconButton } from "../../ui/Button";
import { zone } from "../../ui/clock";
import { useStore, useStored } from "../../ui/store";
import { useSize } from "../../ui/useWidth";
import { Empty } from "../../ui/State";
import { useRun } from "../context";
import { LINE_PX, StepName, itemsOf, useLines, useRowProps } from "../Lines";
import type { RunState } from "../live/state";
import type { Line } from "../plan/visible";
import { leftOf } from "../plan/due";
import { tookOf } from "../took";
import { useRunNow } from "../useRunNow";
import { windowOf, workOf } from "./bars";
import { AXIS_PX, drawAxis, drawGrid, drawLine } from "./drawing";
import { type Span, busy, isMostlyIdle, scaleOf } from "./scale";
import styles from "./Timeline.module.css";

/** Bars end a little before the border, so that one sees their end. */
const EDGE_PX = 12;

export function Timeline({ lines }: { lines: readonly Line[] }): ReactElement {
  const { state } = useRun();
  const scroll = useRef<HTMLDivElement>(null);
  const [size, labels] = [useSize(scroll), useLabels(scroll)];
  const width = Math.max(0, size.width - labels);
  const now = useRunNow();
  const whole = useMemo(() => windowOf(state, now), [state, now]);
  const [zoom, setZoom] = useState<Span | null>(null);
  const [fold, setFold] = useState<boolean | null>(null);
  const [relative, setRelative] = useState(true);
  const work = useMemo(() => busy(workOf(state, now)), [state, now]);
  const window = zoom ?? whole;
  const folds = fold ?? (zoom === null && isMostlyIdle(work, window));
  const scale = useMemo(() => scaleOf(window, width - EDGE_PX, work, folds), [window, width, work, folds]);
  const rows = useLines(lines, scroll, AXIS_PX);
  const rowProps = useRowProps();
  const [brush, pointer] = useBrush(scale.time, setZoom);
  const canvas = useDrawing(scroll, lines, scale, now, relative, size.height, width);
  useWheel(scroll, labels, window, whole, scale.time, setZoom);
  return (
    <div className={styles.timeline}>
      <div ref={scroll} className={styles.scroll}>
        <div className={styles.head} style={{ height: AXIS_PX }}>
          <span>Step</span>
          <span className={styles.tools}>
            <IconButton label={relative ? "Show the time of day" : "Show the time since the start"} aria-pressed={!relative} onClick={() => setRelative(!relative)}><Timer size={14} /></IconButton>
            <IconButton label="Fold idle times" aria-pressed={folds} onClick={() => setFold(!folds)}><FoldHorizontal size={14} /></IconButton>
            {zoom ? <IconButton label="Show all of the time" onClick={() => setZoom(null)}><Maximize2 size={14} /></IconButton> : null}
          </span>
        </div>
        <canvas ref={canvas} className={styles.canvas} aria-hidden="true" {...pointer} />
        <div className={styles.rows} role="treegrid" aria-label="Steps over time" aria-rowcount={lines.length} style={{ height: rows.getTotalSize(), marginTop: -size.height + AXIS_PX }}>
          {rows.getVirtualItems().map((item) => {
            const line = lines[item.index];
            return line ? (
              <div key={item.key} style={{ transform: `translateY(${item.start}px)` }} {...rowProps(line, item.index, styles.line)}>
                <div className={styles.label} role="gridcell"><StepName line={line} count={itemsOf(line.step, state.arrays)} /></div>
                <span className="visually-hidden" role="gridcell">{said(line, state.attempts, now)}</span>
              </div>
            ) : null;
          })}
        </div>
        {brush ? <div className={styles.brush} style={{ left: labels + brush.left, width: brush.width }} aria-hidden="true" /> : null}
      </div>
      {lines.length ? null : <Empty title="No step meets this filter." />}
    </div>
  );
}

function said({ step }: Line, attempts: RunState["attempts"], now: number): string {
  const { row } = step;
  if (!row || row.started < 0) return step.status.word;
  const took = tookOf(row, attempts);
  const left = leftOf(step, now);
  return `${step.status.word}, began after ${duration(row.started)}${took === null ? "" : `, took ${duration(took)}`}${left ? `, ${left}` : ""}`;
}

function useLabels(scroll: React.RefObject<HTMLDivElement | null>): number {
  const { width } = useSize(scroll);
  return width < 560 ? 132 : Math.min(300, Math.max(200, Math.round(width * 0.26)));
}

function useDrawing(
  scroll: React.RefObject<HTMLDivElement | null>, lines: readonly Line[], scale: ReturnType<typeof scaleOf>, now: number, relative: boolean, height: number, width: number,
): React.RefObject<HTMLCanvasElement | null> {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { state } = useRun();
  const shown = useStored(theme, (value) => value.shown);
  const zoneShown = useStore(zone);
  useEffect(() => {
    const element = scroll.current;
    const context = canvas.current?.getContext("2d");
    if (!element || !canvas.current || !context || !width || !height) return undefined;
    const ratio = globalThis.devicePixelRatio || 1;
    canvas.current.width = Math.round(width * ratio);
    canvas.current.height = Math.round(height * ratio);
    canvas.current.style.width = `${width}px`;
    canvas.current.style.height = `${height}px`;
    let frame = 0;
    const draw = (): void => {
      frame = 0;
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      context.clearRect(0, 0, width, height);
      const scene = { context, width, height, scale, state, now, selected: undefined };
      drawAxis(context, scale, relative, state.t0, zoneShown, width);
      context.save();
      context.beginPath();
      context.rect(0, AXIS_PX, width, height);
      context.clip();
      context.translate(0, AXIS_PX);
      drawGrid(scene);
      const top = element.scrollTop;
      const first = Math.floor(top / LINE_PX);
      const last = Math.min(lines.length, Math.ceil((top + height) / LINE_PX));
      for (let at = first; at < last; at += 1) {
        const line = lines[at];
        if (line) drawLine(scene, line, at * LINE_PX - top, LINE_PX);
      }
      context.restore();
    };
    const soon = (): void => {
      if (!frame) frame = requestAnimationFrame(draw);
    };
    draw();
    element.addEventListener("scroll", soon, { passive: true });
    return () => {
      cancelAnimationFrame(frame);
      element.removeEventListener("scroll", soon);
    };
  }, [scroll, lines, scale, state, now, relative, shown, zoneShown, height, width]);
  return canvas;
}

/** Drag over the bars to look at that time. */
function useBrush(time: (x: number) => number, zoomTo: (span: Span) => void): [{ left: number; width: number } | null, React.HTMLAttributes<HTMLCanvasElement>] {
  const [span, setSpan] = useState<{ from: number; to: number } | null>(null);
  const at = (event: PointerEvent<HTMLCanvasElement>): number => event.clientX - event.currentTarget.getBoundingClientRect().left;
  return [
    span && Math.abs(span.to - span.from) > 4 ? { left: Math.min(span.from, span.to), width: Math.abs(span.to - span.from) } : null,
    {
      onPointerDown(event) {
        event.currentTarget.setPointerCapture(event.pointerId);
        setSpan({ from: at(event), to: at(event) });
      },
      onPointerMove(event) {
        // A pointer that only passes by has nothing drawn again.
        if (span) setSpan({ ...span, to: at(event) });
      },
      onPointerUp(event) {
        if (span && Math.abs(span.to - span.from) > 4) {
          const [from, to] = [time(Math.min(span.from, span.to)), time(Math.max(span.from, span.to))];
          if (to - from > 1) zoomTo({ from, to });
        } else {
          rowUnder(event)?.click();
        }
        setSpan(null);
      },
    },
  ];
}

function rowUnder(event: PointerEvent<HTMLElement>): HTMLElement | undefined {
  return document.elementsFromPoint(event.clientX, event.clientY).map((each) => each.closest<HTMLElement>("[data-step]")).find(Boolean) ?? undefined;
}

/** Turning the wheel with Ctrl held zooms at the pointer; sideways it moves. */
function useWheel(
  scroll: React.RefObject<HTMLDivElement | null>, labels: number, window: Span, whole: Span, time: (x: number) => number, zoomTo: (span: Span | null) => void,
): void {
  useEffect(() => {
    const element = scroll.current;
    if (!element) return undefined;
    const onWheel = (event: WheelEvent): void => {
      const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY);
      if (!event.ctrlKey && !event.metaKey && !sideways) return;
      event.preventDefault();
      const long = window.to - window.from;
      if (sideways && !event.ctrlKey) {
        const by = Math.max(whole.from - window.from, Math.min(whole.to - window.to, (event.deltaX / 600) * long));
        zoomTo({ from: window.from + by, to: window.to + by });
        return;
      }
      const middle = time(event.clientX - element.getBoundingClientRect().left - labels);
      const factor = Math.exp(event.deltaY * 0.004);
      const from = Math.max(whole.from, middle - (middle - window.from) * factor);
      const to = Math.min(whole.to, middle + (window.to - middle) * factor);
      zoomTo(from <= whole.from && to >= whole.to ? null : to - from > 1 ? { from, to } : window);
    };
    element.addEventListener("wheel", onWheel, { passive: false });
    return () => element.removeEventListener("wheel", onWheel);
  }, [scroll, labels, window, whole, time, zoomTo]);
}
