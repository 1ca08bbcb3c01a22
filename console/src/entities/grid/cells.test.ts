import { describe, expect, it } from "vitest";
import type { Grid } from "../../api/grid";
import type { Run } from "../../api/runs";
import { cellsOf, changesOf, rowSaid, said } from "./cells";

const run = (name: string, version: string): Run => ({ name, workflow: { version } }) as Run;
const NEW: Grid = { runs: [run("r4", "2"), run("r3", "2")], nodes: ["a", "b"], phase: [[3, 5], [3, 0]], ms: [[10, 20], [11, -1]], next: "x" };
const OLD: Grid = { runs: [run("r2", "1")], nodes: ["c", "a"], phase: [[3, 3]], ms: [[1, 12]], next: "" };

describe("a grid", () => {
  const cells = cellsOf([NEW, OLD]);

  it("has the oldest run first, over all pages", () => {
    expect(cells.runs.map((each) => each.name)).toEqual(["r2", "r3", "r4"]);
    expect(cells.rows.map((row) => [row.id, row.cells.map((cell) => cell?.ms ?? null)])).toEqual([
      ["a", [12, 11, 10]], ["b", [null, null, 20]], ["c", [1, null, null]],
    ]);
  });

  it("marks the runs of another version than that before", () => {
    expect(changesOf(cells.runs)).toEqual([false, true, false]);
  });

  it("says its rows and cells in words", () => {
    expect(cells.rows.map(rowSaid)).toEqual(["3 succeeded", "1 failed", "1 succeeded"]);
    expect(said(cells.runs[2], cells.rows[1]?.cells[2])).toBe("r4: failed after 20 ms");
    expect(said(cells.runs[0], cells.rows[1]?.cells[0])).toBe("r2: did not begin");
  });
});
