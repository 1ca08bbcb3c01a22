import { describe, expect, it } from "vitest";
import type { Amounts, AttemptUse, Measured } from "../../api/runs";
import { linesOf } from "./used";

const NONE: Amounts = { cpu_millicores: 0, memory_bytes: 0, gpu: 0, storage_bytes: 0, ephemeral_storage_bytes: 0 };
const MIB = 1 << 20;

const figure = (value: number, more: Partial<Measured> = {}): Measured => ({ value, source: "rusage", accuracy: "exact", every_ms: 0, ...more });
const use = (more: Partial<AttemptUse> = {}): AttemptUse => ({
  attempt: 0, phase: 3, took_us: 2_000_000, cpu_us: null, peak_memory_bytes: null, written_bytes: null, requests: NONE, limits: NONE, ...more,
});

describe("what an attempt has used", () => {
  it("is never shown as nothing where nobody knows it", () => {
    const lines = linesOf(use({ requests: { ...NONE, memory_bytes: MIB, cpu_millicores: 500 } }));
    expect(lines.map(({ name, figure: shown, how, bar }) => [name, shown, how, bar])).toEqual([
      ["memory", "not known", "", null],
      ["CPU", "not known", "", null],
      ["written", "not known", "", null],
    ]);
  });

  it("is nothing where that was measured", () => {
    const written = linesOf(use({ written_bytes: figure(0) }))[2];
    expect(written?.figure).toBe("0 B");
  });

  it("is beside what was asked for and the limit, as parts of the largest of them", () => {
    const asked = { requests: { ...NONE, memory_bytes: 100 * MIB }, limits: { ...NONE, memory_bytes: 200 * MIB } };
    const [memory] = linesOf(use({ ...asked, peak_memory_bytes: figure(50 * MIB, { source: "smaps", accuracy: "sampled", every_ms: 100 }) }));
    expect(memory).toEqual({
      name: "memory", figure: "50 MiB at most", how: "sampled every 100 ms, by smaps", beside: "100 MiB asked for · limit 200 MiB",
      bar: { used: 0.25, requested: 0.5, isTight: false },
    });
    const over = linesOf(use({ ...asked, peak_memory_bytes: figure(250 * MIB) }))[0];
    expect(over?.bar).toEqual({ used: 1, requested: 0.4, isTight: true });
  });

  it("has no bar where nothing was asked for", () => {
    const [memory, cpu] = linesOf(use({ peak_memory_bytes: figure(MIB), cpu_us: figure(1_000) }));
    expect([memory?.bar, memory?.beside, cpu?.bar]).toEqual([null, "none asked for · no limit", null]);
  });

  it("says time on a CPU as the mean over its time", () => {
    const asked = use({ cpu_us: figure(3_000_000, { accuracy: "at_least" }), requests: { ...NONE, cpu_millicores: 2_000 } });
    expect(linesOf(asked)[1]).toMatchObject({
      figure: "3.0 s, 1.50 CPU on average", how: "at least, by rusage", beside: "2 CPU asked for · no limit", bar: { used: 0.75, requested: null },
    });
    expect(linesOf({ ...asked, took_us: null })[1]).toMatchObject({ figure: "3.0 s", bar: null });
  });

  it("names what is asked for and not measured", () => {
    expect(linesOf(use({ requests: { ...NONE, gpu: 1 }, limits: { ...NONE, gpu: 1 } }))[3]).toMatchObject({
      name: "GPU", figure: "not measured", beside: "1 asked for · limit 1",
    });
  });
});
