import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { beginOf, parts, plain, stylesBefore } from "./ansi";
import { LogBuffer, settled } from "./buffer";
import { lastLines } from "./last";
import { find, isError, marked } from "./search";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const lines = (buffer: LogBuffer): string[] => Array.from({ length: buffer.lineCount }, (_, at) => buffer.line(at));

describe("the buffer of a log", () => {
  it("has the lines of the whole text, in whatever pieces it came", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: fc.constantFrom("a", "b", "\n", "é") })), (pieces) => {
        const buffer = new LogBuffer();
        for (const piece of pieces) buffer.append(encode(piece));
        const all = pieces.join("");
        const wanted = all.split("\n");
        if (wanted.at(-1) === "") wanted.pop();
        expect(lines(buffer)).toEqual(wanted);
        expect(buffer.text()).toBe(all);
        expect([...buffer.pieces()].flatMap((piece) => piece.split("\n"))).toEqual(wanted);
      }),
    );
  });

  it("has all lines in its pieces, also where they are many", () => {
    const buffer = new LogBuffer();
    const wanted = Array.from({ length: 10_000 }, (_, at) => `é${at}`);
    buffer.append(encode(wanted.join("\n")));
    expect([...buffer.pieces()].flatMap((piece) => piece.split("\n"))).toEqual(wanted);
  });

  it("takes what stands before", () => {
    const buffer = new LogBuffer(6);
    buffer.append(encode("cd\nef"));
    buffer.prepend(encode("x\ny\nab"));
    expect([buffer.offset, buffer.end]).toEqual([0, 11]);
    expect(lines(buffer)).toEqual(["x", "y", "abcd", "ef"]);
  });

  it("shows the last state of a progress bar", () => {
    expect(settled("10%\r50%\r100%")).toBe("100%");
    expect(settled("done\r")).toBe("done");
  });
});

describe("colours", () => {
  it("become parts, and nothing else of a terminal is left", () => {
    expect(parts("\u001b[32mgreen\u001b[0m and \u001b[1;31mred")).toEqual([
      { text: "green", hue: "green", bold: false }, { text: " and ", hue: null, bold: false }, { text: "red", hue: "red", bold: true },
    ]);
    expect(plain("\u001b]8;;http://evil\u0007link\u001b]8;;\u0007\u001b[2J\u001b[1;1Hx\u0007")).toBe("linkx");
    expect(parts("\u001b[38;5;196mx")[0]?.hue).toBe("red");
    expect(parts("\u001b[38;2;20;200;30mx")[0]?.hue).toBe("green");
  });

  it("are not cut in two where a long line is", () => {
    const line = "ab\u001b[31mcd\u001b[0m";
    const begins = Array.from({ length: line.length + 1 }, (_, length) => plain(beginOf(line, length)));
    expect(begins).toEqual(["", "a", "ab", "ab", "ab", "ab", "ab", "ab", "abc", "abcd", "abcd", "abcd", "abcd", "abcd"]);
  });

  it("hold over lines until they are set anew", () => {
    const lines = ["\u001b[31mred", "red", "\u001b[1mboth", "\u001b[0mplain", "plain"];
    const all = stylesBefore((at) => lines[at] ?? "", 0, lines.length).map(({ hue, bold }) => `${hue} ${bold}`);
    expect(all).toEqual(["null false", "red false", "red false", "red true", "null false"]);
    for (let first = 0; first < lines.length; first += 1) {
      expect(stylesBefore((at) => lines[at] ?? "", first, 1).map(({ hue, bold }) => `${hue} ${bold}`)).toEqual([all[first]]);
    }
    expect(parts("goes on", { hue: "red", bold: true })).toEqual([{ text: "goes on", hue: "red", bold: true }]);
  });

  it("never show an escape, whatever the line holds", () => {
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom("\u001b", "[", "3", "1", "m", ";", "]", "a", "\u0007", "\u009b", "\u202e") }), (line) => {
      // oxlint-disable-next-line no-control-regex
      for (const part of parts(line)) expect(part.text).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/);
    }));
  });
});

describe("search", () => {
  it("finds lines, minds case if asked, and says what is no pattern", () => {
    const buffer = new LogBuffer();
    buffer.append(encode("One\ntwo\n\u001b[31mone more\n"));
    expect(find(buffer, "one", false, false).lines).toEqual([0, 2]);
    expect(find(buffer, "one", false, true).lines).toEqual([2]);
    expect(find(buffer, "^t.o$", true, false).lines).toEqual([1]);
    expect(find(buffer, "(", true, false).problem).not.toBe("");
    expect(find(buffer, "(", false, false).problem).toBe("");
  });

  it("marks what matches and loses nothing", () => {
    fc.assert(fc.property(fc.string(), fc.string({ minLength: 1, maxLength: 2 }), (line, word) => {
      const pattern = new RegExp(word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), "g");
      expect(marked(line, pattern).map((part) => part.text).join("")).toBe(line);
    }));
  });

  it("knows the lines of errors", () => {
    expect(["Traceback (most recent call last):", "KeyError: 'x'", "ERROR something", "a.b.MyError: x"].every(isError)).toBe(true);
    expect(["no error here", "errors: 0"].some(isError)).toBe(false);
  });
});

describe("the end of a log", () => {
  const end = (text: string, isCut = false, told = ""): string[] => lastLines(encode(text), isCut, told);

  it("is its last lines as they are seen", () => {
    expect(end(Array.from({ length: 30 }, (_, at) => `\u001b[32m${at}\u001b[0m`).join("\n"))).toEqual(Array.from({ length: 20 }, (_, at) => `${at + 10}`));
    expect(end("10%\r100%\n\n")).toEqual(["100%"]);
    expect(end("half of a line\nwhole", true)).toEqual(["whole"]);
    expect(end("")).toEqual([]);
  });

  it("leaves out the error that is told already", () => {
    expect(end("before\nBoom: no\n\nTraceback\n", false, "Boom: no\n\nTraceback")).toEqual(["before"]);
    expect(end("before\n", false, "another")).toEqual(["before"]);
  });
});
