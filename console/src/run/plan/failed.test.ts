import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { itemStatus } from "../../status/status";
import { countFailed, nextFailed } from "./failed";

const FAILED = 5;
const phases = fc.array(fc.integer({ min: 0, max: 8 }), { maxLength: 60 }).map((all) => Uint8Array.from(all));

describe("failed items", () => {
  it("are each passed once, in order, and back the same way", () => {
    fc.assert(
      fc.property(phases, (all) => {
        const expected = [...all.keys()].filter((at) => itemStatus(all[at] ?? 0).tone === "broken");
        const there: number[] = [];
        for (let at = nextFailed(all, -1, 1); at >= 0; at = nextFailed(all, at, 1)) there.push(at);
        const back: number[] = [];
        for (let at = nextFailed(all, all.length, -1); at >= 0; at = nextFailed(all, at, -1)) back.push(at);
        expect(there).toEqual(expected);
        expect(back).toEqual(expected.toReversed());
        expect(countFailed(all)).toBe(expected.length);
      }),
    );
  });

  it("are found among 100,000 at once", () => {
    const all = new Uint8Array(100_000).fill(3);
    all[99_999] = FAILED;
    const began = performance.now();
    expect(nextFailed(all, -1, 1)).toBe(99_999);
    expect(performance.now() - began).toBeLessThan(50);
  });
});
