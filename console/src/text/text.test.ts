import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { bytes } from "./bytes";
import { middle, shortName, shortVersion, visible } from "./names";
import { grouped } from "./numbers";
import { quoted } from "./shell";
import { absolute, ago, duration, instant, moment } from "./time";

describe("durations", () => {
  it.each([[0, "<1 ms"], [0.2, "<1 ms"], [264, "264 ms"], [1_549, "1.5 s"], [9_999, "9.9 s"], [12_000, "12 s"], [252_000, "4 m 12 s"], [3_600_000, "1 h"], [5_400_000, "1 h 30 m"], [180_000_000, "2 d 2 h"], [-1, ""], [Number.NaN, ""]])(
    "%d ms is %s",
    (ms, text) => expect(duration(ms)).toBe(text),
  );
});

describe("numbers", () => {
  it("have their thousands apart, as English has them", () => {
    fc.assert(fc.property(fc.oneof(fc.nat(), fc.maxSafeNat()), (count) => {
      expect(grouped(count)).toBe(count.toLocaleString("en"));
    }));
  });
});

describe("times", () => {
  it("keep microseconds", () => {
    expect(instant("2026-11-29T17:59:33.548538Z")).toBe(1_795_975_173_548_538);
    expect(instant("2026-11-29T17:59:33Z")).toBe(1_795_975_173_000_000);
    expect(instant("")).toBeNull();
    expect(instant("soon")).toBeNull();
  });

  it("are told in one zone, which is named", () => {
    expect(absolute(1_795_975_173_548_538, "utc")).toBe("2026-11-29 17:59:33 UTC");
    expect(absolute(1_795_975_173_548_538, "local")).toMatch(/UTC[+−]\d\d:\d\d$/);
  });

  it("are right on the days on which clocks are changed", () => {
    vi.stubEnv("TZ", "Europe/Berlin");
    const local = (...at: Parameters<typeof Date.UTC>): string => absolute(Date.UTC(...at) * 1_000, "local");
    expect([local(2026, 2, 29, 0, 59), local(2026, 2, 29, 1, 0)]).toEqual(["2026-03-29 01:59:00 UTC+01:00", "2026-03-29 03:00:00 UTC+02:00"]);
    expect([local(2026, 9, 25, 0, 30), local(2026, 9, 25, 1, 30)]).toEqual(["2026-10-25 02:30:00 UTC+02:00", "2026-10-25 02:30:00 UTC+01:00"]);
    vi.unstubAllEnvs();
  });

  it("are told by their distance", () => {
    expect(ago(0, 7_200_000_000)).toBe("2 h ago");
    expect(ago(1_000_000, 2_000_000)).toBe("now");
    expect(ago(7_200_000_000, 0)).toBe("in 2 h");
  });
});

describe("names", () => {
  it("of map tasks are those of their tasks", () => {
    expect(shortName("flows.map_half_1aab9ee29cf4b82bac934681dbcb3d0d-arraynode")).toBe("half[]");
    expect(shortName("pkg.flows.train")).toBe("train");
    expect(shortName("train")).toBe("train");
  });

  it("keep both ends when they are long", () => {
    expect(middle("abcdefghij", 5)).toBe("ab…ij");
    fc.assert(fc.property(fc.string(), fc.integer({ min: 3, max: 40 }), (text, length) => middle(text, length).length <= Math.max(length, 3)));
  });

  it("can't turn the page around", () => {
    expect(visible("a\u202egnp.exe")).toBe("a\\u202egnp.exe");
    expect(visible("a\u0000b\u001b[31m")).toBe("a\\u0000b\\u001b[31m");
    expect(visible("plain\ttext\n")).toBe("plain\ttext\n");
  });

  it("of versions are as short as git's", () => {
    expect(shortVersion("4569b99f67bf94ba74a8")).toBe("4569b99");
    expect(shortVersion("v1.2")).toBe("v1.2");
  });
});

it("sizes have a unit", () => {
  expect([0, 1_023, 1_536, 1 << 20, 64 << 20].map(bytes)).toEqual(["0 B", "1023 B", "1.5 KiB", "1.0 MiB", "64 MiB"]);
});

it("words for a shell are quoted where they must be", () => {
  expect(quoted("n0-0-n1")).toBe("n0-0-n1");
  expect(quoted("it's $HOME")).toBe(`'it'"'"'s $HOME'`);
});

describe("moments", () => {
  it.each([[17_900, 100, "17.9 s"], [17_900, 1_000, "17 s"], [4_620, 50, "4.62 s"], [4_621, 1, "4.621 s"], [264, 10, "264 ms"], [192_400, 100, "3 m 12.4 s"], [7_510_000, 10_000, "2 h 5 m 10 s"], [7_500_000, 60_000, "2 h 5 m"]])(
    "%d ms in steps of %d ms is %s",
    (ms, step, text) => expect(moment(ms, step)).toBe(text),
  );

  it("differ if they are a step apart", () => {
    fc.assert(fc.property(fc.constantFrom(1, 10, 100, 200, 1_000, 5_000, 60_000), fc.nat(1_000), (step, at) => {
      expect(moment((at + 1) * step, step)).not.toBe(moment(at * step, step));
    }));
  });
});
