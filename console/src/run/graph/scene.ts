/** The graph with a place for everything: levels are laid out from the inside out, each open group as one box. Pure. */
import { type Box, type Point, layout } from "./layout";
import type { Level, Part } from "./quotient";

export interface Placed {
  readonly part: Part;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly depth: number;
}

export interface Way {
  readonly from: string;
  readonly to: string;
  readonly points: readonly Point[];
}

export interface Scene {
  readonly placed: readonly Placed[];
  readonly ways: readonly Way[];
  readonly width: number;
  readonly height: number;
}

export const NODE_W = 184;
export const NODE_H = 44;
const HEAD = 32;
const PAD = 16;

export function sceneOf(level: Level): Scene {
  return arranged(level, 0);
}

function arranged(level: Level, depth: number): Scene {
  const inner = new Map(level.parts.flatMap((part) => (part.inside ? [[part.id, arranged(part.inside, depth + 1)] as const] : [])));
  const boxes: Box[] = level.parts.map((part) => {
    const scene = inner.get(part.id);
    return scene ? { id: part.id, width: Math.max(NODE_W, scene.width + 2 * PAD), height: scene.height + HEAD + PAD } : { id: part.id, width: NODE_W, height: NODE_H };
  });
  const found = layout(boxes, level.edges);
  const placed: Placed[] = [];
  const ways: Way[] = found.ways.map((points, at) => ({ from: level.edges[at]?.[0] ?? "", to: level.edges[at]?.[1] ?? "", points }));
  level.parts.forEach((part, at) => {
    const place = found.places.get(part.id) ?? { x: 0, y: 0 };
    const { width, height } = boxes[at] ?? { width: NODE_W, height: NODE_H };
    placed.push({ part, ...place, width, height, depth });
    const scene = inner.get(part.id);
    if (!scene) return;
    const [dx, dy] = [place.x + (width - scene.width) / 2, place.y + HEAD];
    placed.push(...scene.placed.map((each) => ({ ...each, x: each.x + dx, y: each.y + dy })));
    ways.push(...scene.ways.map((way) => ({ ...way, points: way.points.map((point) => ({ x: point.x + dx, y: point.y + dy })) })));
  });
  return { placed, ways, width: found.width, height: found.height };
}
