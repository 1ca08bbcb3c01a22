// @vitest-environment jsdom
import { afterEach, describe, expect, it, vi } from "vitest";
import { DYNAMIC, PARENT } from "../api/runs";
import { readAhead } from "./ahead";

const NONE = { node: [], attempt: [], phase: [], created: [], started: [], ended: [] };

afterEach(() => vi.unstubAllGlobals());

describe("a run that is asked for ahead", () => {
  it("is asked for with its graph and those that its steps have made, each once", async () => {
    const asked: string[] = [];
    const flags = [0, DYNAMIC | PARENT, 0, ...Array.from({ length: 40 }, () => DYNAMIC)];
    const nodes = { id: flags.map((_, at) => `n${at}`), flags };
    vi.stubGlobal("fetch", async (path: string) => {
      asked.push(path);
      return Response.json(path.endsWith("/skeleton") ? { nodes, attempts: NONE } : { primary: {} });
    });
    const id = { project: "p", domain: "d", name: "r" };
    await Promise.all([readAhead(id), readAhead(id)]);
    const run = "/api/v1/alula/runs/p/d/r";
    expect(asked.slice(0, 3)).toEqual([`${run}/graph`, `${run}/skeleton`, `${run}/graph?node_id=n1`]);
    expect(asked.length).toBe(2 + 24);
    expect(new Set(asked).size).toBe(asked.length);
  });
});
