/**
 * JSON with nothing lost: numbers as they are written, keys in their order. Pure.
 *
 * `JSON.parse` makes another number of a whole one above 2^53, and `1` of `1.0`.
 */
import { toBase64 } from "./base64";
import { Float, type Packable } from "./msgpack";

/** Raises `SyntaxError`. */
export function readJson(text: string): Packable {
  JSON.parse(text); // says best what is wrong
  return new Reader(text).value();
}

const BLANK = /[\s,:]*/y;
const TOKEN = /"(?:[^"\\]|\\.)*"|[^\s,:[\]{}]+/y;

/** A reader of text that is known to be JSON. */
class Reader {
  private at = 0;
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  value(): Packable {
    this.skip();
    if (this.text[this.at] === "[") return this.list();
    if (this.text[this.at] === "{") return this.object();
    const token = this.token();
    if (token === "null") return null;
    if (token.startsWith('"') || token === "true" || token === "false") return JSON.parse(token) as string | boolean;
    return numberOf(token);
  }

  private list(): Packable[] {
    const found: Packable[] = [];
    this.at += 1;
    while (!this.ends("]")) found.push(this.value());
    return found;
  }

  private object(): Map<string, Packable> {
    const found = new Map<string, Packable>();
    this.at += 1;
    while (!this.ends("}")) found.set(JSON.parse(this.token()) as string, this.value());
    return found;
  }

  private ends(bracket: string): boolean {
    this.skip();
    if (this.text[this.at] !== bracket) return false;
    this.at += 1;
    return true;
  }

  private skip(): void {
    BLANK.lastIndex = this.at;
    BLANK.test(this.text);
    this.at = BLANK.lastIndex;
  }

  private token(): string {
    TOKEN.lastIndex = this.at;
    const found = TOKEN.exec(this.text)?.[0] ?? "";
    this.at += found.length;
    return found;
  }
}

function numberOf(token: string): number | bigint | Float {
  if (/[.eE]/.test(token)) return new Float(Number(token));
  const value = Number(token);
  return Number.isSafeInteger(value) ? value : BigInt(token);
}

/** The text of a value, as it would be read again: over several lines, or without an indent in one. */
export function writeJson(value: Packable, indent: string | null = ""): string {
  const inner = indent === null ? null : `${indent}  `;
  if (value instanceof Float) return floatText(value.value);
  if (typeof value === "bigint") return String(value);
  if (value instanceof Uint8Array) return JSON.stringify(toBase64(value));
  if (value instanceof Map) return within("{", "}", [...value].map(([key, each]) => `${JSON.stringify(String(key))}: ${writeJson(each, inner)}`), indent);
  if (Array.isArray(value)) return within("[", "]", value.map((each: Packable) => writeJson(each, inner)), indent);
  return JSON.stringify(value);
}

function within(open: string, close: string, parts: readonly string[], indent: string | null): string {
  if (indent === null || !parts.length) return `${open}${parts.join(", ")}${close}`;
  return `${open}\n${parts.map((each) => `${indent}  ${each}`).join(",\n")}\n${indent}${close}`;
}

function floatText(value: number): string {
  if (!Number.isFinite(value)) return JSON.stringify(String(value));
  return Number.isInteger(value) && Math.abs(value) < 1e21 ? value.toFixed(1) : String(value);
}
