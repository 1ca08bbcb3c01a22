/** Where an arrow leads in the graph: along edges up and down, and to the next node at the same height. Pure. */
import type { Placed, Scene } from "./scene";

export function neighbour(scene: Scene, from: string | null, key: string): string | null {
  if (!["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"].includes(key)) return null;
  const byId = new Map(scene.placed.map((each) => [each.part.id, each]));
  const at = from === null ? undefined : byId.get(from);
  if (!at) return topmost(scene.placed)?.part.id ?? null;
  if (key === "ArrowLeft" || key === "ArrowRight") return beside(scene.placed, at, key === "ArrowRight");
  const down = key === "ArrowDown";
  const ends = scene.ways.filter((way) => (down ? way.from : way.to) === from).map((way) => byId.get(down ? way.to : way.from));
  return nearest(at, ends.flatMap((each) => (each ? [each] : [])))?.part.id ?? null;
}

function topmost(placed: readonly Placed[]): Placed | undefined {
  return [...placed].sort((a, b) => a.y - b.y || a.x - b.x)[0];
}

function beside(placed: readonly Placed[], at: Placed, right: boolean): string | null {
  const row = placed.filter((each) => each !== at && each.depth === at.depth && Math.abs(each.y + each.height / 2 - at.y - at.height / 2) < at.height && (right ? each.x > at.x : each.x < at.x));
  return nearest(at, row)?.part.id ?? null;
}

function nearest(at: Placed, others: readonly Placed[]): Placed | undefined {
  const middle = at.x + at.width / 2;
  return [...others].sort((a, b) => Math.abs(a.x + a.width / 2 - middle) - Math.abs(b.x + b.width / 2 - middle))[0];
}
