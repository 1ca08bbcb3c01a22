/** The outcomes of the listed runs over time, stacked, with what is usual beside them. */
import { type PointerEvent, type ReactElement, useEffect, useRef, useState } from "react";
import type { Run } from "../../api/runs";
import { runStatus } from "../../status/status";
import { plural } from "../../text/names";
import { duration } from "../../text/time";
import { theme } from "../../theme/theme";
import { palette } from "../../ui/palette";
import { useStored } from "../../ui/store";
import { useWidth } from "../../ui/useWidth";
import { percentile, took } from "../home/overview";
import { type Bin, binned, spanOf } from "./bins";
import styles from "./Outcomes.module.css";

const HEIGHT = 40;
const STEP = 8;

/** Drag over it, or click at one of its bars, to see the runs of that time. */
export function Outcomes({ runs, onSpan }: { runs: readonly Run[]; onSpan: ((span: { from: string; to: string }) => void) | undefined }): ReactElement {
  const canvas = useRef<HTMLCanvasElement>(null);
  const width = useWidth(canvas);
  const shown = useStored(theme, (value) => value.shown);
  const places = Math.max(1, Math.floor(width / STEP));
  const [brush, pointer] = useBrush(places, (first, last) => onSpan?.(spanOf(runs, places, first, last)));
  useEffect(() => {
    if (canvas.current && width) draw(canvas.current, binned(runs, places), width);
  }, [runs, places, width, shown]);
  const good = runs.filter((run) => runStatus(run.phase).tone === "done").map(took).sort((a, b) => a - b);
  const [p50, p95] = [percentile(good, 0.5), percentile(good, 0.95)];
  const broken = runs.filter((run) => runStatus(run.phase).tone === "broken").length;
  const said = `${plural(runs.length, "run")}, ${broken} failed`;
  return (
    <div className={styles.outcomes}>
      <div className={styles.chart} style={{ height: HEIGHT }}>
        <canvas ref={canvas} className={styles.canvas} role="img" aria-label={`${said}, over time`} {...(onSpan ? { ...pointer, title: "Drag to see the runs of a time" } : {})} />
        {brush ? <span className={styles.brush} style={{ left: brush.first * STEP, width: (brush.last + 1 - brush.first) * STEP }} aria-hidden="true" /> : null}
      </div>
      <dl className={styles.figures}>
        <div><dt>shown</dt><dd>{runs.length}</dd></div>
        <div><dt>failed</dt><dd>{broken}</dd></div>
        <div><dt>p50</dt><dd>{p50 === null ? "–" : duration(p50)}</dd></div>
        <div><dt>p95</dt><dd>{p95 === null ? "–" : duration(p95)}</dd></div>
      </dl>
    </div>
  );
}

interface Brush {
  readonly first: number;
  readonly last: number;
}

/** The places from where the pointer went down to where it is. */
function useBrush(places: number, done: (first: number, last: number) => void): [Brush | null, React.HTMLAttributes<HTMLCanvasElement>] {
  const [held, setHeld] = useState<{ from: number; to: number } | null>(null);
  const at = (event: PointerEvent<HTMLCanvasElement>): number => Math.max(0, Math.min(places - 1, Math.floor((event.clientX - event.currentTarget.getBoundingClientRect().left) / STEP)));
  return [
    held && { first: Math.min(held.from, held.to), last: Math.max(held.from, held.to) },
    {
      onPointerDown(event) {
        event.currentTarget.setPointerCapture(event.pointerId);
        setHeld({ from: at(event), to: at(event) });
      },
      onPointerMove(event) {
        const to = at(event);
        setHeld((now) => now && { ...now, to });
      },
      onPointerUp(event) {
        const to = at(event);
        if (held) done(Math.min(held.from, to), Math.max(held.from, to));
        setHeld(null);
      },
      onPointerCancel: () => setHeld(null),
    },
  ];
}

function draw(canvas: HTMLCanvasElement, bins: readonly Bin[], width: number): void {
  const context = canvas.getContext("2d");
  if (!context) return;
  const scale = window.devicePixelRatio || 1;
  canvas.width = width * scale;
  canvas.height = HEIGHT * scale;
  context.setTransform(scale, 0, 0, scale, 0, 0);
  const colours = palette();
  const most = Math.max(1, ...bins.map((bin) => bin.total));
  const unit = (HEIGHT - 2) / most;
  bins.forEach((bin, place) => {
    let top = HEIGHT - 1;
    for (const tone of ["done", "working", "held", "idle", "stopped", "broken"] as const) {
      const tall = (bin.tones[tone] ?? 0) * unit;
      if (!tall) continue;
      context.fillStyle = colours[tone];
      top -= Math.max(tall, tone === "broken" ? 2 : 1);
      context.fillRect(place * STEP, top, STEP - 2, Math.max(tall, tone === "broken" ? 2 : 1));
    }
  });
  context.fillStyle = colours.hairline;
  context.fillRect(0, HEIGHT - 1, width, 1);
}
