/** How a vane is drawn: what failed in full height, what is done slightly lower, what has not begun in half height. */
import { buckets } from "../status/buckets";
import type { Count } from "../status/counts";
import { type Status, itemStatus } from "../status/status";
import { type Palette, palette } from "./palette";

const SEEN = 3;

export function drawCounts(context: CanvasRenderingContext2D, counts: readonly Count[], width: number, height: number): void {
  const colours = palette();
  const total = counts.reduce((sum, each) => sum + each.count, 0);
  if (!total) return mark(context, colours, itemStatus(0), 0, width, height);
  const shares = shared(counts.map((each) => each.count), width);
  let left = 0;
  // What ended well comes first, then what went wrong or is under way, then what has not begun: as a run goes.
  const order = counts.map((each, place) => ({ each, size: shares[place] ?? 0 })).sort((a, b) => stage(a.each.status) - stage(b.each.status));
  for (const { each, size } of order) {
    mark(context, colours, each.status, left, size, height);
    left += size;
  }
}

/** Widths in proportion, none too small to be seen. */
export function shared(counts: readonly number[], width: number): number[] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const least = Math.min(SEEN, width / Math.max(1, counts.length));
  const wanted = counts.map((count) => Math.max(count ? least : 0, (count / total) * width));
  const over = wanted.reduce((sum, size) => sum + size, 0) - width;
  const spare = wanted.reduce((sum, size) => sum + Math.max(0, size - least), 0);
  return wanted.map((size) => (spare > 0 ? size - (over * Math.max(0, size - least)) / spare : size));
}

function stage(status: Status): number {
  if (status.tone === "done") return 0;
  if (status.tone === "broken") return 1;
  if (status.tone === "stopped") return 2;
  return status.tone === "idle" ? 5 : status.tone === "held" ? 4 : 3;
}

export function drawParts(context: CanvasRenderingContext2D, parts: Uint8Array, width: number, height: number): void {
  const colours = palette();
  const weights = Uint8Array.from(parts, (byte) => itemStatus(byte).weight + 1);
  const few = parts.length * SEEN <= width;
  const found = buckets(weights, few ? parts.length : Math.floor(width));
  const step = width / Math.max(1, found.length);
  const gap = few && step > 5 ? 1 : 0;
  found.forEach((index, place) => {
    const status = itemStatus(parts[index] ?? 0);
    const size = status.tone === "broken" ? Math.max(step, SEEN) : step;
    mark(context, colours, status, place * step, size - gap, height);
  });
}

function mark(context: CanvasRenderingContext2D, colours: Palette, status: Status, left: number, width: number, height: number): void {
  const tall = status.tone === "broken" ? height : status.tone === "idle" ? Math.max(2, height / 2 - 1) : height - 2;
  context.globalAlpha = status.shape === "unbegun" ? 0.55 : 1;
  context.fillStyle = colours[status.tone];
  const top = height - tall - (status.tone === "broken" ? 0 : 1);
  context.fillRect(left, top, width, tall);
  context.globalAlpha = 1;
  if (status.shape === "cached") hatch(context, colours.surface, left, top, width, tall);
}

/** Slanted gaps: a result that was not made here. */
export function hatch(context: CanvasRenderingContext2D, colour: string, left: number, top: number, width: number, height: number): void {
  context.save();
  context.beginPath();
  context.rect(left, top, width, height);
  context.clip();
  context.strokeStyle = colour;
  context.lineWidth = 1.25;
  context.beginPath();
  const first = Math.floor(left / 5) * 5 - height;
  for (let x = first; x < left + width; x += 5) {
    context.moveTo(x, top + height);
    context.lineTo(x + height, top);
  }
  context.stroke();
  context.restore();
}
