import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parts } from "./ansi";
import { settled } from "./buffer";
import { written } from "./copying";

const shown = (raw: string): string => parts(settled(raw)).map((part) => part.text).join("");
const raw = fc.array(fc.constantFrom("a", "b", "é", "\u001b[31m", "\u001b[0m", "\u001b]8;;x\u0007", "\u0007", "50%\r"), { maxLength: 12 }).map((all) => all.join(""));

describe("what is copied of a log", () => {
  it("is all that was written, if all that is shown is marked", () => {
    fc.assert(fc.property(fc.array(raw, { minLength: 1, maxLength: 5 }), (lines) => {
      const last = lines.length - 1;
      const end = { line: last, at: shown(lines[last] ?? "").length };
      expect(written((at) => lines[at] ?? "", { line: 0, at: 0 }, end)).toBe(end.at === 0 ? lines.slice(0, -1).concat("").join("\n") : lines.join("\n"));
    }));
  });

  it("shows what was marked", () => {
    fc.assert(fc.property(raw.filter((line) => !line.includes("\r")), fc.nat(12), fc.nat(12), (line, one, other) => {
      const text = shown(line);
      const [from, to] = [Math.min(one, other, text.length), Math.min(Math.max(one, other), text.length)];
      expect(shown(written(() => line, { line: 0, at: from }, { line: 0, at: to }))).toBe(text.slice(from, to));
      expect(written(() => line, { line: 0, at: to }, { line: 0, at: from })).toBe(written(() => line, { line: 0, at: from }, { line: 0, at: to }));
    }));
  });

  it("has the colours of what is marked", () => {
    const line = "\u001b[31mred\u001b[0m and plain";
    expect(written(() => line, { line: 0, at: 0 }, { line: 0, at: 3 })).toBe("\u001b[31mred");
    expect(written(() => line, { line: 0, at: 0 }, { line: 0, at: 13 })).toBe(line);
  });
});
