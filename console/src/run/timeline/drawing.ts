/** How the timeline is drawn. Every colour is a state's, every length a time. */
import { NOT_TAKEN } from "../../status/status";
import { countsOfItems } from "../../status/counts";
import { type Palette, palette } from "../../ui/palette";
import { drawCounts, hatch } from "../../ui/vane-drawing";
import { clock, day, duration, moment } from "../../text/time";
import type { Zone } from "../../text/time";
import type { RunState } from "../live/state";
import { leftOf } from "../plan/due";
import type { Line } from "../plan/visible";
import { type Bar, barsOf } from "./bars";
import { type Scale, ticks } from "./scale";

export const AXIS_PX = 26;
const BAR_PX = 12;
const FONT = '12px "Atkinson Hyperlegible Next Variable", sans-serif';
const TICKS_APART = 76;

export interface Scene {
  readonly context: CanvasRenderingContext2D;
  readonly width: number;
  readonly height: number;
  readonly scale: Scale;
  readonly state: RunState;
  /** Milliseconds after `t0`. */
  readonly now: number;
  readonly selected: string | undefined;
}

export function drawGrid({ context, height, scale }: Scene): void {
  const colours = palette();
  context.fillStyle = colours.hairline;
  for (const { x } of ticks(scale, TICKS_APART)) context.fillRect(Math.round(x), 0, 1, height);
  for (const piece of scale.pieces) if (piece.isFold) drawFold(context, colours, piece.left, piece.width, height);
}

export function drawAxis(context: CanvasRenderingContext2D, scale: Scale, relative: boolean, t0: number, zone: Zone, width: number): void {
  const colours = palette();
  context.font = FONT;
  context.textBaseline = "middle";
  context.fillStyle = colours.ink3;
  let lastDay = "";
  const marks = ticks(scale, TICKS_APART);
  const step = marks.reduce((least, { ms }, at) => Math.min(least, ms - (marks[at - 1]?.ms ?? -Infinity)), Infinity);
  for (const { ms, x } of marks) {
    const text = relative ? (ms === 0 ? "0" : moment(ms, step)) : absoluteTick(new Date(t0 / 1_000 + ms), zone);
    const left = Math.min(x + 4, width - context.measureText(text).width - 2);
    context.fillText(text, left, AXIS_PX / 2);
    if (!relative) {
      const date = day(new Date(t0 / 1_000 + ms), zone);
      if (lastDay && date !== lastDay) context.fillRect(Math.round(x) - 1, 0, 2, AXIS_PX);
      lastDay = date;
    }
  }
  for (const piece of scale.pieces) {
    if (!piece.isFold) continue;
    const text = "⋯";
    context.fillText(text, piece.left + (piece.width - context.measureText(text).width) / 2, AXIS_PX / 2);
  }
}

function absoluteTick(date: Date, zone: Zone): string {
  const text = clock(date, zone);
  return date.getMilliseconds() ? `${text}.${String(date.getMilliseconds()).padStart(3, "0")}` : text;
}

export function drawLine(scene: Scene, line: Line, top: number, height: number): void {
  const { context, scale, state, now, width } = scene;
  const colours = palette();
  const { step } = line;
  const middle = top + height / 2;
  if (!step.row) return drawUnbegun(context, colours, step.status === NOT_TAKEN ? NOT_TAKEN.word : state.run.ended_at === null ? "" : "did not begin", top, height);
  const bars = barsOf(step, state, now);
  const isGroup = line.canOpen && line.isOpen;
  for (const bar of bars) drawBar(scene, colours, bar, middle, isGroup);
  const array = state.arrays[step.id];
  const last = bars.at(-1);
  if (array && last) {
    const [left, right] = [scale.at(last.from), Math.max(scale.at(last.to), scale.at(last.from) + 3)];
    context.clearRect(left, middle - BAR_PX / 2, right - left, BAR_PX);
    context.save();
    context.translate(left, middle - BAR_PX / 2);
    drawCounts(context, countsOfItems(array.size, array.phases), right - left, BAR_PX);
    context.restore();
  }
  if (!last) return;
  drawTook(context, colours, bars, scale, width, middle);
  const left = leftOf(step, now);
  if (left) drawLeft(context, colours, left, scale.at(last.from), scale.at(last.to), middle);
}

function drawBar({ context, scale }: Scene, colours: Palette, bar: Bar, middle: number, isGroup: boolean): void {
  const [queued, from, to] = [scale.at(bar.queued), scale.at(bar.from), scale.at(bar.to)];
  context.globalAlpha = 1;
  if (from > queued + 1) {
    context.fillStyle = bar.status.tone === "held" ? colours.held : colours.idle;
    context.fillRect(queued, middle - 1, from - queued, 2);
  }
  const width = Math.max(2, to - from);
  if (bar.from === bar.to && bar.isOpen) return drawWait(context, colours, bar, queued, to, middle);
  context.fillStyle = colours[bar.status.tone];
  if (isGroup) {
    context.fillRect(from, middle - 3, width, 2);
    context.fillRect(from, middle - 3, 2, 7);
    context.fillRect(from + width - 2, middle - 3, 2, 7);
    return;
  }
  context.fillRect(from, middle - BAR_PX / 2, width, BAR_PX);
  if (bar.status.shape === "cached") hatch(context, colours.paper, from, middle - BAR_PX / 2, width, BAR_PX);
  if (bar.status.shape === "recovered") {
    context.fillStyle = colours.paper;
    context.fillRect(from + 2, middle - BAR_PX / 2 + 2, Math.max(0, width - 4), BAR_PX - 4);
  }
  if (bar.isOpen) {
    context.fillStyle = colours.paper;
    for (let y = middle - BAR_PX / 2; y < middle + BAR_PX / 2; y += 4) context.fillRect(from + width - 1, y, 2, 2);
  }
}

/** It waits still: hatched, in the colour of what holds it. */
function drawWait(context: CanvasRenderingContext2D, colours: Palette, bar: Bar, from: number, to: number, middle: number): void {
  const colour = bar.status.tone === "held" ? colours.held : colours.idle;
  context.globalAlpha = 0.22;
  context.fillStyle = colour;
  context.fillRect(from, middle - BAR_PX / 2, Math.max(2, to - from), BAR_PX);
  context.globalAlpha = 1;
  hatch(context, colour, from, middle - BAR_PX / 2, Math.max(2, to - from), BAR_PX);
}

function drawTook(context: CanvasRenderingContext2D, colours: Palette, bars: readonly Bar[], scale: Scale, width: number, middle: number): void {
  const [first, last] = [bars[0], bars.at(-1)];
  if (!first || !last) return;
  const text = `${duration(last.to - first.from)}${bars.length > 1 ? `  ↻ ${bars.length - 1}` : ""}`;
  context.font = FONT;
  context.textBaseline = "middle";
  context.fillStyle = last.status.tone === "broken" ? colours.text.broken : colours.ink3;
  const room = context.measureText(text).width;
  const right = Math.max(scale.at(last.to), scale.at(last.from) + 2) + 6;
  if (right + room < width) context.fillText(text, right, middle + 0.5);
  else if (scale.at(first.queued) - room - 8 > 0) context.fillText(text, scale.at(first.queued) - room - 6, middle + 0.5);
}

/** The time that is left, in the end of the bar, where that has room for it. */
function drawLeft(context: CanvasRenderingContext2D, colours: Palette, text: string, from: number, to: number, middle: number): void {
  context.font = FONT;
  context.textBaseline = "middle";
  const room = context.measureText(text).width + 12;
  if (to - from < room + 8) return;
  context.fillStyle = colours.paper;
  context.fillRect(to - room, middle - BAR_PX / 2 - 2, room, BAR_PX + 4);
  context.fillStyle = colours.text.held;
  context.fillText(text, to - room + 6, middle + 0.5);
}

function drawUnbegun(context: CanvasRenderingContext2D, colours: Palette, text: string, top: number, height: number): void {
  context.font = FONT;
  context.textBaseline = "middle";
  context.fillStyle = colours.ink3;
  context.fillText(text, 6, top + height / 2);
}

function drawFold(context: CanvasRenderingContext2D, colours: Palette, left: number, width: number, height: number): void {
  context.fillStyle = colours.sunken;
  context.fillRect(left, 0, width, height);
  context.strokeStyle = colours.border;
  context.lineWidth = 1;
  context.beginPath();
  for (let y = 0, side = 0; y <= height; y += 6, side = 1 - side) context.lineTo(left + width / 2 + (side ? 3 : -3), y);
  context.stroke();
}
