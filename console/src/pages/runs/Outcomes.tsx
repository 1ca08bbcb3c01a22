/** The outcomes of the listed runs over time, stacked, with what is usual beside them. */
import { type ReactElement, useRef } from "react";
import { useEffect } from "react";
import type { Run } from "../../api/runs";
import { runStatus } from "../../status/status";
import { plural } from "../../text/names";
import { duration } from "../../text/time";
import { theme } from "../../theme/theme";
import { palette } from "../../ui/palette";
import { useStored } from "../../ui/store";
import { useWidth } from "../../ui/useWidth";
import { percentile, took } from "../home/overview";
import { type Bin, binned } from "./bins";
import styles from "./Outcomes.module.css";

const HEIGHT = 40;
const STEP = 8;

export function Outcomes({ runs }: { runs: readonly Run[] }): ReactElement {
  const canvas = useRef<HTMLCanvasElement>(null);
  const width = useWidth(canvas);
  const shown = useStored(theme, (value) => value.shown);
  useEffect(() => {
    if (canvas.current && width) draw(canvas.current, binned(runs, Math.floor(width / STEP)), width);
  }, [runs, width, shown]);
  const good = runs.filter((run) => runStatus(run.phase).tone === "done").map(took).sort((a, b) => a - b);
  const [p50, p95] = [percentile(good, 0.5), percentile(good, 0.95)];
  const broken = runs.filter((run) => runStatus(run.phase).tone === "broken").length;
  const said = `${plural(runs.length, "run")}, ${broken} failed`;
  return (
    <div className={styles.outcomes}>
      <canvas ref={canvas} className={styles.chart} style={{ height: HEIGHT }} role="img" aria-label={`${said}, over time`} />
      <dl className={styles.figures}>
        <div><dt>shown</dt><dd>{runs.length}</dd></div>
        <div><dt>failed</dt><dd>{broken}</dd></div>
        <div><dt>p50</dt><dd>{p50 === null ? "–" : duration(p50)}</dd></div>
        <div><dt>p95</dt><dd>{p95 === null ? "–" : duration(p95)}</dd></div>
      </dl>
    </div>
  );
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
