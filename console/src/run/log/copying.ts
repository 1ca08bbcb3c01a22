/** What is copied of a log: the text as it was written, with its colours, of what is marked on the page. Pure. */
import { SEQUENCE, isShown } from "./ansi";
import { settled } from "./buffer";

/** A place in a log as it is shown: a line, and how many characters of it stand before. */
export interface Place {
  readonly line: number;
  readonly at: number;
}

/** The text between two places, in whatever order they are given. */
export function written(line: (index: number) => string, one: Place, other: Place): string {
  const [from, to] = one.line < other.line || (one.line === other.line && one.at <= other.at) ? [one, other] : [other, one];
  const lines = Array.from({ length: to.line - from.line + 1 }, (_, at) => line(from.line + at));
  const last = lines.length - 1;
  lines[last] = (lines[last] ?? "").slice(0, placeIn(lines[last] ?? "", to.at));
  lines[0] = (lines[0] ?? "").slice(placeIn(line(from.line), from.at));
  return lines.join("\n");
}

/** Where in a line as it was written the character stands that is shown at a place. */
function placeIn(raw: string, at: number): number {
  if (at === 0) return 0;
  const trimmed = raw.endsWith("\r") ? raw.slice(0, -1) : raw;
  const hidden = trimmed.length - settled(raw).length;
  let left = at;
  let place = hidden;
  const pass = (to: number): boolean => {
    for (; place < to; place += 1) {
      if (!isShown(raw.charAt(place))) continue;
      if (left === 0) return true;
      left -= 1;
    }
    return false;
  };
  for (const match of raw.slice(hidden).matchAll(SEQUENCE)) {
    if (pass(hidden + match.index)) return place;
    // What a place is followed by belongs to what comes after it, unless nothing is shown any more.
    if (left === 0 && hasMore(raw.slice(hidden + match.index))) return place;
    place = hidden + match.index + match[0].length;
  }
  return pass(raw.length) ? place : raw.length;
}

function hasMore(rest: string): boolean {
  return [...rest.replace(SEQUENCE, "")].some(isShown);
}
