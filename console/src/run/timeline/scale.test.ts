import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { busy, isMostlyIdle, scaleOf, ticks } from "./scale";

const spans = fc.array(fc.tuple(fc.nat(1_000_000), fc.nat(100_000)).map(([from, long]) => ({ from, to: from + long })), { maxLength: 30 });

describe("the scale", () => {
  it("keeps the order of times, and fills the width", () => {
    fc.assert(
      fc.property(spans, fc.integer({ min: 200, max: 3_000 }), fc.boolean(), (found, width, fold) => {
        const scale = scaleOf({ from: 0, to: 1_100_000 }, width, busy(found), fold);
        const last = scale.pieces.at(-1);
        expect((last?.left ?? 0) + (last?.width ?? 0)).toBeLessThanOrEqual(Math.max(width, scale.pieces.length * 20) + 1);
        let before = -1;
        for (let ms = 0; ms <= 1_100_000; ms += 50_000) {
          const x = scale.at(ms);
          expect(x).toBeGreaterThanOrEqual(before - 1e-6);
          before = x;
        }
      }),
    );
  });

  it("goes there and back", () => {
    const scale = scaleOf({ from: 0, to: 10_000 }, 500, [{ from: 0, to: 100 }, { from: 9_000, to: 9_500 }], true);
    for (const ms of [0, 50, 9_100, 9_400]) expect(scale.time(scale.at(ms))).toBeCloseTo(ms, 3);
  });

  it("folds a long time without work, and nothing else", () => {
    const work = busy([{ from: 0, to: 5_000 }, { from: 3_600_000, to: 3_605_000 }]);
    expect(isMostlyIdle(work, { from: 0, to: 3_605_000 })).toBe(true);
    expect(scaleOf({ from: 0, to: 3_605_000 }, 800, work, true).pieces.map((piece) => piece.isFold)).toEqual([false, true, false]);
    expect(scaleOf({ from: 0, to: 3_605_000 }, 800, work, false).pieces).toHaveLength(1);
  });

  it("joins work that overlaps", () => {
    expect(busy([{ from: 5, to: 9 }, { from: 0, to: 6 }, { from: 20, to: 21 }])).toEqual([{ from: 0, to: 9 }, { from: 20, to: 21 }]);
  });

  it("marks round times, far enough apart", () => {
    const found = ticks(scaleOf({ from: 0, to: 60_000 }, 600, [], false), 80);
    expect(found.map(({ ms }) => ms)).toEqual([0, 10_000, 20_000, 30_000, 40_000, 50_000, 60_000]);
    expect(ticks(scaleOf({ from: 0, to: 0 }, 600, [], false), 80)).toEqual([]);
  });
});
