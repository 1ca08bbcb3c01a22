/** Layered layout of a graph, top to bottom: ranks by longest path, few crossings, straight ways. Pure and deterministic.
 *
 * The places depend on the structure alone, so that a node never moves when its state changes.
 */
import { crossings } from "./crossings";

export interface Box {
  readonly id: string;
  readonly width: number;
  readonly height: number;
}

export type Edge = readonly [string, string];

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  /** The left upper corner of each box. */
  readonly places: ReadonlyMap<string, Point>;
  /** For each edge the points that it goes by, its ends included. */
  readonly ways: readonly (readonly Point[])[];
}

export const GAP_X = 24;
export const GAP_Y = 44;
const SWEEPS = 12;
const ALIGNMENTS = 8;
/** The width of a place where only a line passes. */
const LINE = 6;

interface Node {
  readonly width: number;
  readonly height: number;
  readonly rank: number;
  readonly up: number[];
  readonly down: number[];
  x: number;
}

export function layout(boxes: readonly Box[], edges: readonly Edge[]): Layout {
  const index = new Map(boxes.map((box, at) => [box.id, at]));
  const links = edges.flatMap(([from, to]) => {
    const [a, b] = [index.get(from), index.get(to)];
    return a === undefined || b === undefined || a === b ? [] : [[a, b] as const];
  });
  const ranks = ranked(boxes.length, links);
  const nodes: Node[] = boxes.map((box, at) => ({ width: box.width, height: box.height, rank: ranks[at] ?? 0, up: [], down: [], x: 0 }));
  const chains = links.map(([from, to]) => chained(nodes, from, to));
  const layers = layered(nodes);
  untangle(nodes, layers);
  align(nodes, layers);
  return placed(boxes, edges, index, nodes, layers, chains, links);
}

/** The length of the longest way to each node. An edge that would close a circle is left out. */
function ranked(count: number, links: readonly (readonly [number, number])[]): number[] {
  const ranks = Array.from<number>({ length: count }).fill(0);
  const waits = Array.from<number>({ length: count }).fill(0);
  const next: number[][] = Array.from({ length: count }, () => []);
  for (const [from, to] of links) {
    next[from]?.push(to);
    waits[to] = (waits[to] ?? 0) + 1;
  }
  const ready = waits.flatMap((wait, at) => (wait ? [] : [at]));
  for (let head = 0; head < ready.length; head += 1) {
    const at = ready[head] ?? 0;
    for (const to of next[at] ?? []) {
      ranks[to] = Math.max(ranks[to] ?? 0, (ranks[at] ?? 0) + 1);
      waits[to] = (waits[to] ?? 0) - 1;
      if (waits[to] === 0) ready.push(to);
    }
  }
  return ranks;
}

/** Connect two nodes by one place in each rank between them. */
function chained(nodes: Node[], from: number, to: number): number[] {
  const [first, last] = [nodes[from], nodes[to]];
  if (!first || !last || last.rank <= first.rank) return [];
  const chain = [from];
  for (let rank = first.rank + 1; rank < last.rank; rank += 1) {
    chain.push(nodes.length);
    nodes.push({ width: LINE, height: 0, rank, up: [], down: [], x: 0 });
  }
  chain.push(to);
  for (let at = 1; at < chain.length; at += 1) {
    const [above, below] = [chain[at - 1] ?? 0, chain[at] ?? 0];
    nodes[above]?.down.push(below);
    nodes[below]?.up.push(above);
  }
  return chain;
}

function layered(nodes: readonly Node[]): number[][] {
  const layers: number[][] = [];
  nodes.forEach((node, at) => {
    while (layers.length <= node.rank) layers.push([]);
    layers[node.rank]?.push(at);
  });
  return layers;
}

/** Order each layer by the middle of its neighbours, down and up again; the best order that was seen stays. */
function untangle(nodes: readonly Node[], layers: number[][]): void {
  const position = new Float64Array(nodes.length);
  const number = (layer: readonly number[]): void => layer.forEach((at, place) => (position[at] = place));
  layers.forEach(number);
  let best = layers.map((layer) => [...layer]);
  let fewest = crossings(nodes, layers, position);
  for (let sweep = 0; sweep < SWEEPS && fewest > 0; sweep += 1) {
    const down = sweep % 2 === 0;
    const order = down ? layers : [...layers].reverse();
    for (const layer of order.slice(1)) {
      const keys = new Map(layer.map((at) => [at, middle(nodes[at]?.[down ? "up" : "down"] ?? [], position, position[at] ?? 0)]));
      layer.sort((a, b) => (keys.get(a) ?? 0) - (keys.get(b) ?? 0) || (position[a] ?? 0) - (position[b] ?? 0));
      number(layer);
    }
    const count = crossings(nodes, layers, position);
    if (count < fewest) {
      fewest = count;
      best = layers.map((layer) => [...layer]);
    }
  }
  best.forEach((layer, at) => (layers[at] = layer));
}

function middle(neighbours: readonly number[], position: Float64Array, otherwise: number): number {
  if (!neighbours.length) return otherwise;
  let sum = 0;
  for (const at of neighbours) sum += position[at] ?? 0;
  return sum / neighbours.length;
}

/** Move each layer as near to its neighbours as order and gaps allow. */
function align(nodes: readonly Node[], layers: readonly (readonly number[])[]): void {
  for (const layer of layers) spread(nodes, layer, layer.map(() => 0));
  for (let pass = 0; pass < ALIGNMENTS; pass += 1) {
    const down = pass % 2 === 0;
    const order = down ? layers : [...layers].reverse();
    for (const layer of order) {
      spread(nodes, layer, layer.map((at) => {
        const node = nodes[at];
        const neighbours = (down ? node?.up : node?.down) ?? [];
        return neighbours.length ? neighbours.reduce((sum, each) => sum + (nodes[each]?.x ?? 0), 0) / neighbours.length : (node?.x ?? 0);
      }));
    }
  }
}

/** The places nearest to those that are wanted, in the sum of squares, that keep order and gaps: neighbours that would
 * overlap form a block, which stands where its members want to be on average. */
function spread(nodes: readonly Node[], layer: readonly number[], wanted: readonly number[]): void {
  const offsets: number[] = [];
  layer.forEach((at, place) => {
    const before = layer[place - 1];
    const gap = before === undefined ? 0 : ((nodes[before]?.width ?? 0) + (nodes[at]?.width ?? 0)) / 2 + GAP_X;
    offsets.push((offsets[place - 1] ?? 0) + gap);
  });
  const blocks: { sum: number; count: number }[] = [];
  layer.forEach((_, place) => {
    blocks.push({ sum: (wanted[place] ?? 0) - (offsets[place] ?? 0), count: 1 });
    for (let last = blocks.at(-1), before = blocks.at(-2); last && before && before.sum / before.count > last.sum / last.count; last = blocks.at(-1), before = blocks.at(-2)) {
      before.sum += last.sum;
      before.count += last.count;
      blocks.pop();
    }
  });
  let place = 0;
  for (const block of blocks) {
    for (let member = 0; member < block.count; member += 1, place += 1) {
      const node = nodes[layer[place] ?? -1];
      if (node) node.x = block.sum / block.count + (offsets[place] ?? 0);
    }
  }
}

function placed(
  boxes: readonly Box[], edges: readonly Edge[], index: ReadonlyMap<string, number>, nodes: readonly Node[], layers: readonly (readonly number[])[],
  chains: readonly (readonly number[])[], links: readonly (readonly [number, number])[],
): Layout {
  const tops: number[] = [];
  let bottom = 0;
  const tallest = layers.map((layer) => Math.max(0, ...layer.map((at) => nodes[at]?.height ?? 0)));
  tallest.forEach((height) => {
    tops.push(bottom);
    bottom += height + GAP_Y;
  });
  const left = Math.min(0, ...nodes.map((node) => node.x - node.width / 2));
  const right = Math.max(0, ...nodes.map((node) => node.x + node.width / 2));
  const topOf = (node: Node): number => tops[node.rank] ?? 0;
  const places = new Map(boxes.map((box, at) => [box.id, { x: (nodes[at]?.x ?? 0) - box.width / 2 - left, y: nodes[at] ? topOf(nodes[at]) : 0 }]));
  const chainOf = new Map(links.map(([from, to], at) => [`${from} ${to}`, chains[at] ?? []]));
  const ways = edges.map(([from, to]) => {
    const chain = chainOf.get(`${index.get(from)} ${index.get(to)}`) ?? [];
    return chain.flatMap((at, place): Point[] => {
      const node = nodes[at];
      if (!node) return [];
      const x = node.x - left;
      if (place === 0) return [{ x, y: topOf(node) + node.height }];
      if (place === chain.length - 1) return [{ x, y: topOf(node) }];
      const top = tops[node.rank] ?? 0;
      return [{ x, y: top }, { x, y: top + (tallest[node.rank] ?? 0) }];
    });
  });
  return { width: right - left, height: Math.max(0, bottom - GAP_Y), places, ways };
}
