import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Changes, NodeColumns, Run, Skeleton } from "../../api/runs";
import { laidOver, stateOf } from "./state";

const RUN = { project: "p", domain: "d", name: "r", phase: 2, seq: 0 } as unknown as Run;

interface Row {
  readonly id: string;
  readonly phase: number;
}

function columns(rows: readonly Row[]): NodeColumns {
  const same = <T>(value: T): T[] => rows.map(() => value);
  return { id: rows.map((row) => row.id), spec: same(""), parent: same(""), phase: rows.map((row) => row.phase), created: same(0), started: same(1), ended: same(-1), tries: same(1), cache: same(0), flags: same(0) };
}

const NONE = { node: [], attempt: [], phase: [], created: [], started: [], ended: [] };

function skeleton(seq: number, rows: readonly Row[]): Skeleton {
  return { seq, t0: 0, now: 0, run: RUN, nodes: columns(rows), children: {}, errors: {}, attempts: NONE, arrays: {}, signals: [] };
}

function changes(since: number, seq: number, rows: readonly Row[], more: Partial<Changes> = {}): Changes {
  return { ...skeleton(seq, rows), since, reset: false, items: {}, ...more };
}

describe("changes", () => {
  it("laid over what was known give what a new reading gives", () => {
    const step = fc.tuple(fc.nat(9), fc.nat(10)).map(([node, phase]) => ({ id: `n${node}`, phase }));
    fc.assert(
      fc.property(fc.array(fc.array(step, { maxLength: 5 }), { maxLength: 12 }), (commits) => {
        const rows = new Map<string, Row>();
        let state = stateOf(skeleton(0, []));
        commits.forEach((commit, at) => {
          for (const row of commit) rows.set(row.id, row);
          state = laidOver(state, changes(at, at + 1, [...new Map(commit.map((row) => [row.id, row])).values()]));
        });
        const fresh = stateOf(skeleton(commits.length, [...rows.values()]));
        expect(new Map([...state.nodes].sort())).toEqual(new Map([...fresh.nodes].sort()));
        expect(state.seq).toBe(fresh.seq);
      }),
    );
  });

  it("of nothing leave the state as it is, so that nothing is drawn again", () => {
    const state = stateOf(skeleton(5, [{ id: "n0", phase: 2 }]));
    expect(laidOver(state, changes(5, 5, []))).toBe(state);
  });

  it("keep each attempt once, in order", () => {
    const told = (attempt: number, phase: number) => ({ node: ["n0"], attempt: [attempt], phase: [phase], created: [0], started: [1], ended: [2] });
    let state = stateOf(skeleton(0, []));
    state = laidOver(state, changes(0, 1, [], { attempts: told(1, 2) }));
    state = laidOver(state, changes(1, 2, [], { attempts: told(0, 8) }));
    state = laidOver(state, changes(2, 3, [], { attempts: told(1, 3) }));
    expect(state.attempts.get("n0")?.map(({ attempt, phase }) => [attempt, phase])).toEqual([[0, 8], [1, 3]]);
  });

  it("take answers to questions", () => {
    const asked = { id: "ok", node: "n0", created_at: 0, principal: null, answered: false };
    const state = laidOver(stateOf({ ...skeleton(0, []), signals: [asked] }), changes(0, 1, [], { signals: [{ ...asked, principal: "ada", answered: true }] }));
    expect(state.signals).toEqual([{ ...asked, principal: "ada", answered: true }]);
  });
});
