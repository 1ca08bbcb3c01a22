/** Names as people read them, and any text made harmless. */
import { grouped } from "./numbers";

const MAPPED = /^(?:.*\.)?map_(.+)_[0-9a-f]{32}-arraynode$/;
// Control characters, and those that turn the direction of text: a name must not rearrange the page around it.
// oxlint-disable-next-line no-control-regex
const HARMFUL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** The last part of an entity's name; `half[]` for the task of a map. */
export function shortName(name: string): string {
  const mapped = MAPPED.exec(name)?.[1];
  if (mapped) return `${mapped}[]`;
  return name.slice(name.lastIndexOf(".") + 1) || name;
}

/** Text with what can't be seen shown as its code. */
export function visible(text: string): string {
  return text.replace(HARMFUL, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Both ends of a long name: they tell names apart, the middle seldom does. */
export function middle(text: string, length: number): string {
  if (text.length <= length) return text;
  const head = Math.ceil((length - 1) / 2);
  return `${text.slice(0, head)}…${text.slice(text.length - (length - 1 - head))}`;
}

/** A version's first digits, as git shows them. */
export function shortVersion(version: string): string {
  return /^[0-9a-f]{12,}$/.test(version) ? version.slice(0, 7) : version;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${grouped(count)} ${count === 1 ? one : many}`;
}

/** The code of an error, without the word that its retries are spent. */
export function ownCode(code: string): string {
  return code.replace(/^RetriesExhausted\|/, "");
}

export function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}
