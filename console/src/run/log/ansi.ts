/** The colours of a terminal as parts of a line with theme-safe colours. All other control sequences are dropped. Pure. */

export type Hue = "red" | "green" | "yellow" | "blue" | "magenta" | "cyan" | "dim";

export interface Style {
  readonly hue: Hue | null;
  readonly bold: boolean;
}

export interface Part extends Style {
  readonly text: string;
}

const PLAIN: Style = { hue: null, bold: false };

// Sequences of a terminal: CSI, OSC with its end, and the short ones.
// oxlint-disable-next-line no-control-regex
export const SEQUENCE = /\u001b(?:\[([0-?]*)([ -/]*[@-~])|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[ -/]*[0-~])/g;
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;
const NAMED: readonly (Hue | null)[] = ["dim", "red", "green", "yellow", "blue", "magenta", "cyan", null];

export const isShown = (character: string): boolean => character.search(CONTROL) < 0;

export function plain(line: string): string {
  return line.replace(SEQUENCE, "").replace(CONTROL, "");
}

/** Whether `plain` leaves each line of a text as it is: seen at once of many lines. */
export const isPlain = (text: string): boolean => text.search(CONTROL) < 0;

const SEQUENCE_CHARS = 64;

/** The first `length` characters of a line, without a sequence that would be cut in two. */
export function beginOf(line: string, length: number): string {
  const at = line.lastIndexOf("\u001b", length - 1);
  if (at < 0 || at < length - SEQUENCE_CHARS) return line.slice(0, length);
  SEQUENCE.lastIndex = at;
  const found = SEQUENCE.exec(line);
  SEQUENCE.lastIndex = 0;
  return line.slice(0, found?.index === at && at + found[0].length > length ? at : length);
}

export function parts(line: string, before: Style = PLAIN): Part[] {
  if (!line.includes("\u001b")) return [{ text: line.replace(CONTROL, ""), hue: before.hue, bold: before.bold }];
  const found: Part[] = [];
  let style = before;
  let from = 0;
  const push = (text: string): void => {
    const shown = text.replace(CONTROL, "");
    if (shown) found.push({ text: shown, ...style });
  };
  for (const match of line.matchAll(SEQUENCE)) {
    push(line.slice(from, match.index));
    from = match.index + match[0].length;
    style = after(style, match);
  }
  push(line.slice(from));
  return found;
}

const LOOKED_AT = 200;
// oxlint-disable-next-line no-control-regex
const ANEW = /\u001b\[(?:[\d;:]*[;:])?0?m/;

/** The styles with which lines begin: a colour holds until another is set. So many lines before the first are looked at, or as many as one that ends all colours. */
export function stylesBefore(line: (index: number) => string, first: number, count: number): Style[] {
  let from = first;
  while (from > Math.max(0, first - LOOKED_AT) && !(from < first && ANEW.test(line(from)))) from -= 1;
  const found: Style[] = [];
  for (let style = PLAIN, at = from; at < first + count; at += 1) {
    if (at >= first) found.push(style);
    for (const match of line(at).matchAll(SEQUENCE)) style = after(style, match);
  }
  return found;
}

/** `match` is a sequence. */
function after(style: Style, match: RegExpMatchArray): Style {
  return match[2] === "m" ? styled(style, (match[1] ?? "").split(/[;:]/).map(Number)) : style;
}

function styled(now: Style, codes: number[]): Style {
  let { hue, bold } = now;
  for (let at = 0; at < codes.length; at += 1) {
    const code = codes[at] ?? 0;
    if (code === 0) [hue, bold] = [null, false];
    else if (code === 1) bold = true;
    else if (code === 2) hue = "dim";
    else if (code === 22) bold = false;
    else if (code === 39) hue = null;
    else if (code >= 30 && code <= 37) hue = NAMED[code - 30] ?? null;
    else if (code >= 90 && code <= 97) hue = NAMED[code - 90] ?? null;
    else if (code === 38 || code === 48) {
      const colour = codes[at + 1] === 5 ? ofTable(codes[at + 2] ?? 0) : ofRgb(codes[at + 2] ?? 0, codes[at + 3] ?? 0, codes[at + 4] ?? 0);
      if (code === 38) hue = colour;
      at += codes[at + 1] === 5 ? 2 : 4;
    }
  }
  return { hue, bold };
}

function ofTable(index: number): Hue | null {
  if (index < 16) return NAMED[index % 8] ?? null;
  if (index >= 232) return index < 244 ? "dim" : null;
  const level = (part: number): number => (part ? 55 + part * 40 : 0);
  const cube = index - 16;
  return ofRgb(level(Math.floor(cube / 36)), level(Math.floor(cube / 6) % 6), level(cube % 6));
}

/** The nearest colour that is readable on both themes. */
function ofRgb(red: number, green: number, blue: number): Hue | null {
  const most = Math.max(red, green, blue);
  const spread = most - Math.min(red, green, blue);
  if (spread < 40) return most < 140 ? "dim" : null;
  const sector = most === red ? ((green - blue) / spread + 6) % 6 : most === green ? (blue - red) / spread + 2 : (red - green) / spread + 4;
  return (["red", "yellow", "green", "cyan", "blue", "magenta"] as const)[Math.round(sector) % 6] ?? null;
}
