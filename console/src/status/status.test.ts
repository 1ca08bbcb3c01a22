import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { buckets } from "./buckets";
import { counted, countsOfItems, joined, sentence } from "./counts";
import { CACHED, attemptStatus, itemStatus, listedStatus, nodeStatus, runStatus } from "./status";

describe("states", () => {
  it("have a word for each phase that the platform knows", () => {
    for (let phase = 1; phase <= 9; phase += 1) expect(runStatus(phase).word).not.toBe("not begun");
    for (let phase = 1; phase <= 10; phase += 1) expect(nodeStatus(phase).word).not.toBe("not begun");
    for (let phase = 1; phase <= 8; phase += 1) expect(attemptStatus(phase).word).not.toBe("not begun");
  });

  it("do not end the page for a phase of a later platform", () => {
    expect(runStatus(99).word).toBe("not begun");
  });

  it("tell that people are asked, of a run that goes on alone", () => {
    const questions = { a: 1 };
    expect([2, 4].map((phase) => listedStatus({ name: "a", phase }, questions).word)).toEqual(["asks for an answer", "succeeded"]);
    expect(listedStatus({ name: "b", phase: 2 }, questions).word).toBe("running");
  });

  it("tell what came from the cache", () => {
    expect(nodeStatus(3, 2)).toBe(CACHED);
    expect(itemStatus(0x83)).toBe(CACHED);
    expect(itemStatus(0x03).word).toBe("succeeded");
  });
});

describe("counts", () => {
  it("name the worst first and what has not begun last", () => {
    expect(sentence(counted([nodeStatus(3), nodeStatus(0), nodeStatus(5), nodeStatus(3)]))).toBe("1 failed · 2 succeeded · 1 not begun");
    expect(sentence([])).toBe("no parts yet");
  });

  it("of an array know those that have no row", () => {
    expect(sentence(countsOfItems(10, [0, 0, 1, 3]))).toBe("1 running · 3 succeeded · 6 not begun");
  });

  it("join by word", () => {
    expect(sentence(joined(countsOfItems(2, [0, 0, 0, 2]), counted([nodeStatus(3)])))).toBe("3 succeeded");
  });
});

describe("buckets", () => {
  it("show one failure among very many", () => {
    const weights = new Uint8Array(100_000);
    weights[77_123] = 10;
    expect([...buckets(weights, 300)]).toContain(77_123);
  });

  it("stand in order, one for each place, and each holds the worst of its part", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.integer({ min: 1, max: 50 }), (weights, places) => {
        const found = buckets(weights, places);
        expect(found.length).toBe(Math.min(places, weights.length));
        expect([...found]).toEqual([...found].sort((a, b) => a - b));
        const worst = Math.max(0, ...weights);
        expect(Math.max(0, ...[...found].map((at) => weights[at] ?? 0))).toBe(worst);
      }),
    );
  });
});
