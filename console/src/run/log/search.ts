/** Matches in the lines of a log. Pure. */
import type { LogBuffer } from "./buffer";
import { isPlain, plain } from "./ansi";

export interface Found {
  readonly lines: readonly number[];
  readonly pattern: RegExp | null;
  readonly problem: string;
}

const NONE: Found = { lines: [], pattern: null, problem: "" };
const MOST = 100_000;

export function find(buffer: LogBuffer, text: string, isRegex: boolean, minds: boolean): Found {
  if (!text) return NONE;
  let pattern: RegExp;
  try {
    pattern = isRegex ? new RegExp(text, minds ? "g" : "gi") : patternOf(text, minds);
  } catch (error) {
    return { ...NONE, problem: error instanceof Error ? error.message : String(error) };
  }
  const lines: number[] = [];
  let at = 0;
  for (const piece of buffer.pieces()) {
    const cleaned = isPlain(piece) ? (line: string) => line : plain;
    for (const line of piece.split("\n")) {
      pattern.lastIndex = 0;
      if (pattern.test(cleaned(line)) && lines.push(at) === MOST) return { lines, pattern, problem: "" };
      at += 1;
    }
  }
  return { lines, pattern, problem: "" };
}

/** A text as a pattern in which no character is special. */
export function patternOf(text: string, minds: boolean): RegExp {
  return new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), minds ? "g" : "gi");
}

/** The parts of a text, those that match marked. */
export function marked(text: string, pattern: RegExp | null): { text: string; isMatch: boolean }[] {
  if (!pattern) return [{ text, isMatch: false }];
  const found: { text: string; isMatch: boolean }[] = [];
  let from = 0;
  for (const match of text.matchAll(pattern)) {
    if (!match[0]) continue;
    if (match.index > from) found.push({ text: text.slice(from, match.index), isMatch: false });
    found.push({ text: match[0], isMatch: true });
    from = match.index + match[0].length;
  }
  if (from < text.length) found.push({ text: text.slice(from), isMatch: false });
  return found;
}

const ERROR = /^\s*(?:[\w.]*(?:Error|Exception|Traceback)\b|(?:ERROR|FATAL|CRITICAL)\b)/;

export const isError = (line: string): boolean => ERROR.test(line);
