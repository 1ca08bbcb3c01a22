import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Changes, NodeColumns, Run, Skeleton } from "../../api/runs";
import { type RunState, isGap, itemsOver, laidOver, stateOf } from "./state";

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

  it("give what a fresh load gives, whatever is late, twice, lost or cut off", () => {
    const commit = fc.record({ kind: fc.constant("commit" as const), node: fc.nat(5), phase: fc.integer({ min: 1, max: 9 }), item: fc.nat(7) });
    const step = fc.oneof(
      { weight: 3, arbitrary: commit },
      { weight: 2, arbitrary: fc.constant({ kind: "ask" as const }) },
      { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom("arrive" as const, "twice" as const, "lose" as const), which: fc.nat(9) }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const platform = new Platform();
        let [state, items] = [stateOf(platform.skeleton()), platform.items()];
        const take = (told: Changes): void => {
          expect(isGap(state, told)).toBe(false);
          const next = laidOver(state, told);
          if (next !== state) [state, items] = [next, itemsOver(items, told)];
        };
        const onTheWay: Changes[] = [];
        for (const each of steps) {
          if (each.kind === "commit") platform.commit(each.node, each.phase, each.item);
          else if (each.kind === "ask") onTheWay.push(platform.changes(state.seq));
          else {
            const [told] = onTheWay.splice(each.which % Math.max(1, onTheWay.length), 1);
            if (told && each.kind !== "lose") take(told);
            if (told && each.kind === "twice") onTheWay.push(told);
          }
        }
        take(platform.changes(state.seq));
        for (const told of onTheWay) take(told);
        expect(inOrder(state)).toEqual(inOrder(stateOf(platform.skeleton())));
        expect(items).toEqual(platform.items());
      }),
      { numRuns: 300 },
    );
  });

  it("that are about more than is known are none to be laid over it", () => {
    const state = stateOf(skeleton(3, []));
    expect([3, 4].map((since) => isGap(state, changes(since, 9, [])))).toEqual([false, true]);
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

/** A run with an array and a question, as the platform tells of it. */
class Platform {
  private seq = 1;
  private readonly rows = new Map<string, { row: Row; seq: number }>();
  private readonly phases = new Uint8Array(8);
  private readonly changed: number[] = Array.from({ length: 8 }, () => 0);
  private answered = 0;

  commit(node: number, phase: number, item: number): void {
    this.seq += 1;
    this.rows.set(`n${node}`, { row: { id: `n${node}`, phase }, seq: this.seq });
    this.phases[item] = phase;
    this.changed[item] = this.seq;
    if (phase === 9) this.answered = this.seq;
  }

  items(): ReadonlyMap<string, Uint8Array> {
    return new Map([["n0", this.phases.slice()]]);
  }

  skeleton(): Skeleton {
    return { ...skeleton(this.seq, this.since(0)), ...this.about(0) };
  }

  changes(since: number): Changes {
    const index = [...this.changed.keys()].filter((at) => (this.changed[at] ?? 0) > since);
    return { ...changes(since, this.seq, this.since(since)), ...this.about(since), items: { n0: { index, phase: index.map((at) => this.phases[at] ?? 0) } } };
  }

  private since(seq: number): Row[] {
    return [...this.rows.values()].filter((each) => each.seq > seq).map(({ row }) => row);
  }

  private about(since: number): Pick<Skeleton, "attempts" | "children" | "errors" | "arrays" | "signals"> {
    const rows = this.since(since);
    return {
      attempts: { node: rows.map(({ id }) => id), attempt: rows.map(() => 0), phase: rows.map(({ phase }) => phase), created: rows.map(() => 0), started: rows.map(() => 1), ended: rows.map(() => -1) },
      children: Object.fromEntries(rows.map(({ id }) => [id, `child-of-${id}`])),
      errors: Object.fromEntries(rows.map(({ id, phase }) => [id, { code: String(phase), message: "", kind: "" }])) as unknown as Skeleton["errors"],
      arrays: { n0: { size: 8, phases: [...this.phases] } },
      signals: this.answered > since ? [{ id: "ok", node: "n1", created_at: 0, principal: null, answered: true }] : [],
    };
  }
}

function inOrder(state: RunState): object {
  return { ...state, nodes: new Map([...state.nodes].sort()), attempts: new Map([...state.attempts].sort()) };
}
