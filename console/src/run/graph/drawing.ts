/** What of the graph is drawn: edges and groups always, and blocks for nodes where text would be too small. */
import { palette } from "../../ui/palette";
import type { Camera, Size } from "./camera";
import type { Placed, Scene, Way } from "./scene";
import { worst } from "./worst";

export function draw(context: CanvasRenderingContext2D, scene: Scene, camera: Camera, view: Size, selected: ReadonlySet<string>, blocks: boolean): void {
  const ratio = globalThis.devicePixelRatio || 1;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, view.width, view.height);
  context.setTransform(ratio * camera.zoom, 0, 0, ratio * camera.zoom, ratio * camera.x, ratio * camera.y);
  const inView = viewed(camera, view);
  for (const each of scene.placed) if (each.part.kind === "group" && inView(each)) group(context, each, camera.zoom, selected);
  const statuses = new Map(scene.placed.map((each) => [each.part.id, worst(each.part)]));
  for (const way of scene.ways) edge(context, way, camera.zoom, statuses.get(way.to)?.shape === "unbegun" || statuses.get(way.to)?.shape === "skipped", selected);
  if (!blocks) return;
  const colours = palette();
  for (const each of scene.placed) {
    if (each.part.kind === "group" || !inView(each)) continue;
    const status = worst(each.part);
    context.globalAlpha = status.shape === "unbegun" ? 0.45 : 1;
    context.fillStyle = colours[status.tone];
    context.fillRect(each.x, each.y, each.width, each.height);
    context.globalAlpha = 1;
    if (selected.has(each.part.id)) {
      context.strokeStyle = colours.accent;
      context.lineWidth = 3 / camera.zoom;
      context.strokeRect(each.x, each.y, each.width, each.height);
    }
  }
}

export function viewed(camera: Camera, view: Size): (box: { x: number; y: number; width: number; height: number }) => boolean {
  const [left, top] = [-camera.x / camera.zoom, -camera.y / camera.zoom];
  const [right, bottom] = [left + view.width / camera.zoom, top + view.height / camera.zoom];
  return (box) => box.x < right && box.x + box.width > left && box.y < bottom && box.y + box.height > top;
}

function group(context: CanvasRenderingContext2D, each: Placed, zoom: number, selected: ReadonlySet<string>): void {
  const colours = palette();
  context.fillStyle = each.depth % 2 ? colours.paper : colours.sunken;
  context.strokeStyle = selected.has(each.part.id) ? colours.accent : colours.border;
  context.lineWidth = (selected.has(each.part.id) ? 2 : 1) / Math.min(1, zoom);
  context.globalAlpha = 0.7;
  context.beginPath();
  context.roundRect(each.x, each.y, each.width, each.height, 4);
  context.fill();
  context.globalAlpha = 1;
  context.stroke();
}

function edge(context: CanvasRenderingContext2D, way: Way, zoom: number, isFuture: boolean, selected: ReadonlySet<string>): void {
  const [first, ...rest] = way.points;
  if (!first) return;
  const colours = palette();
  const isNear = selected.has(way.from) || selected.has(way.to);
  context.strokeStyle = isNear ? colours.accent : colours.border;
  context.lineWidth = (isNear ? 2 : 1.25) / Math.max(0.4, Math.min(1, zoom));
  context.setLineDash(isFuture ? [4, 4] : []);
  context.beginPath();
  context.moveTo(first.x, first.y);
  let from = first;
  for (const to of rest) {
    const bend = (to.y - from.y) / 2;
    if (to.x === from.x) context.lineTo(to.x, to.y);
    else context.bezierCurveTo(from.x, from.y + bend, to.x, to.y - bend, to.x, to.y);
    from = to;
  }
  context.stroke();
  context.setLineDash([]);
  if (zoom < 0.35) return;
  context.fillStyle = context.strokeStyle;
  context.beginPath();
  context.moveTo(from.x, from.y);
  context.lineTo(from.x - 3.5, from.y - 7);
  context.lineTo(from.x + 3.5, from.y - 7);
  context.fill();
}

