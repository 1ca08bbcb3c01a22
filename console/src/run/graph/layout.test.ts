import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Box, type Edge, GAP_X, layout } from "./layout";

const graphs = fc.integer({ min: 2, max: 40 }).chain((count) =>
  fc.record({
    boxes: fc.array(fc.record({ width: fc.integer({ min: 20, max: 300 }), height: fc.integer({ min: 20, max: 200 }) }), { minLength: count, maxLength: count })
      .map((sizes): Box[] => sizes.map((size, at) => ({ id: `n${at}`, ...size }))),
    edges: fc.uniqueArray(fc.tuple(fc.nat(count - 1), fc.nat(count - 1)).filter(([a, b]) => a < b), { maxLength: 80, selector: ([a, b]) => `${a} ${b}` })
      .map((pairs): Edge[] => pairs.map(([a, b]) => [`n${a}`, `n${b}`] as const)),
  }),
);

describe("the layout", () => {
  it("lets no boxes touch", () => {
    fc.assert(
      fc.property(graphs, ({ boxes, edges }) => {
        const { places } = layout(boxes, edges);
        const placed = boxes.map((box) => ({ ...box, ...(places.get(box.id) ?? { x: Number.NaN, y: Number.NaN }) }));
        placed.forEach((a, at) => {
          for (const b of placed.slice(at + 1)) {
            const apart = a.x + a.width <= b.x - GAP_X + 0.01 || b.x + b.width <= a.x - GAP_X + 0.01 || a.y + a.height <= b.y || b.y + b.height <= a.y;
            expect(apart, `${a.id} and ${b.id}`).toBe(true);
          }
        });
      }),
      { numRuns: 100 },
    );
  });

  it("leads each edge downwards, from the foot of a box to the head of the next", () => {
    fc.assert(
      fc.property(graphs, ({ boxes, edges }) => {
        const { places, ways } = layout(boxes, edges);
        const sizes = new Map(boxes.map((box) => [box.id, box]));
        edges.forEach(([from, to], at) => {
          const way = ways[at] ?? [];
          expect(way.length).toBeGreaterThanOrEqual(2);
          expect(way[0]?.y).toBeCloseTo((places.get(from)?.y ?? 0) + (sizes.get(from)?.height ?? 0));
          expect(way.at(-1)?.y).toBeCloseTo(places.get(to)?.y ?? 0);
          way.slice(1).forEach((point, place) => expect(point.y).toBeGreaterThanOrEqual(way[place]?.y ?? 0));
        });
      }),
      { numRuns: 100 },
    );
  });

  it("stays inside its size, and is the same each time", () => {
    fc.assert(
      fc.property(graphs, ({ boxes, edges }) => {
        const found = layout(boxes, edges);
        for (const box of boxes) {
          const place = found.places.get(box.id) ?? { x: -1, y: -1 };
          expect(place.x).toBeGreaterThanOrEqual(-0.01);
          expect(place.x + box.width).toBeLessThanOrEqual(found.width + 0.01);
          expect(place.y + box.height).toBeLessThanOrEqual(found.height + 0.01);
        }
        expect(layout(boxes, edges)).toEqual(found);
      }),
      { numRuns: 40 },
    );
  });

  it("takes circles and edges to nowhere without a fault", () => {
    const boxes = ["a", "b"].map((id) => ({ id, width: 10, height: 10 }));
    expect(layout(boxes, [["a", "b"], ["b", "a"], ["a", "a"], ["a", "gone"]]).places.size).toBe(2);
    expect(layout([], []).width).toBe(0);
  });

  it("draws a chain as a straight line", () => {
    const boxes = ["a", "b", "c"].map((id) => ({ id, width: 100, height: 40 }));
    const { places } = layout(boxes, [["a", "b"], ["b", "c"]]);
    expect(new Set([...places.values()].map((place) => Math.round(place.x))).size).toBe(1);
  });

  it("finds a place for 10,000 steps", () => {
    const boxes = Array.from({ length: 10_000 }, (_, at) => ({ id: `n${at}`, width: 184, height: 44 }));
    const edges = boxes.slice(1).map((box, at): Edge => [`n${Math.floor(at / 3)}`, box.id]);
    expect(layout(boxes, edges).places.size).toBe(10_000);
  });
});
