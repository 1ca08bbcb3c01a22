/** Values of structs: what of one does not fit its schema, and how it travels. Pure. */
import type { Json, JsonSchema, Literal, LiteralType } from "../api/idl";
import { ofBase64, toBase64 } from "../values/base64";
import { Float, type Packable, pack } from "../values/msgpack";
import { type Schema, alternatives, resolved } from "./schemas";

export interface Problem {
  /** Where in the value: names and numbers, the outermost first. */
  readonly path: readonly string[];
  readonly message: string;
}

/** The literal of a value, as the clients of this type write it: msgpack, or the JSON of older ones. */
export function structLiteral(type: LiteralType, value: Packable, schema: Schema | null): Literal {
  if (!isPacked(type)) return { scalar: { generic: plain(value) as { [name: string]: Json } } };
  return { scalar: { binary: { value: toBase64(pack(schema ? packable(value, schema) : value)), tag: "msgpack" } } };
}

function isPacked(type: LiteralType): boolean {
  const format = type.annotation?.annotations?.["cache-key-metadata"];
  return typeof format === "object" && format !== null && (format as Record<string, unknown>)["serialization-format"] === "msgpack";
}

/** A value in JSON's own types, whose numbers are all alike. */
function plain(value: Packable): Json {
  if (value instanceof Float) return value.value;
  if (value instanceof Uint8Array) return toBase64(value);
  if (typeof value === "bigint") return Number(value);
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, each]) => [String(key), plain(each)]));
  return Array.isArray(value) ? value.map(plain) : (value as Json);
}

/** What of a value does not fit a schema: types, required and unknown fields, choices, limits. */
export function misfits(schema: Schema, value: Packable): readonly Problem[] {
  return new Check().of(schema, value);
}

/** Each pair of a schema and a value is looked at once, so that a schema that contains itself comes to an end. */
class Check {
  private readonly found = new Map<JsonSchema, Map<Packable, readonly Problem[]>>();

  of(given: Schema, value: Packable): readonly Problem[] {
    const { schema, root } = resolved(given);
    const known = this.found.get(schema) ?? new Map<Packable, readonly Problem[]>();
    this.found.set(schema, known);
    const before = known.get(value);
    if (before) return before;
    known.set(value, []);
    const problems = this.at({ schema, root }, value);
    known.set(value, problems);
    return problems;
  }

  private at({ schema, root }: Schema, value: Packable): readonly Problem[] {
    const options = alternatives(schema);
    if (options) {
      const each = options.map((option) => this.of({ schema: option, root }, value));
      return each.some((problems) => !problems.length) ? [] : nearest(each);
    }
    const choices = schema["enum"] as unknown[] | undefined;
    if (choices && !choices.includes(plain(value))) return [{ path: [], message: `is none of ${choices.join(", ")}` }];
    const wanted = schema["type"];
    if (typeof wanted === "string" && !isOf(wanted, value)) return [{ path: [], message: `must be ${WORDS[wanted] ?? wanted}` }];
    const limit = beyond(schema, value);
    if (limit) return [{ path: [], message: limit }];
    if (Array.isArray(value)) {
      const items = schema["items"] as JsonSchema | undefined;
      return items ? value.flatMap((part: Packable, index) => inside(String(index), this.of({ schema: items, root }, part))) : [];
    }
    return value instanceof Map ? this.ofObject({ schema, root }, value as ReadonlyMap<string, Packable>) : [];
  }

  private ofObject({ schema, root }: Schema, value: ReadonlyMap<string, Packable>): readonly Problem[] {
    const properties = (schema["properties"] ?? {}) as Record<string, JsonSchema>;
    const required = (schema["required"] ?? []) as string[];
    const more = schema["additionalProperties"];
    return [
      ...required.filter((name) => !value.has(name) && !("default" in (properties[name] ?? {}))).map((name) => ({ path: [name], message: "is missing" })),
      ...[...value].flatMap(([name, part]) => {
        const found = properties[name] ?? (typeof more === "object" ? (more as JsonSchema) : undefined);
        if (found) return inside(name, this.of({ schema: found, root }, part));
        return more === false ? [{ path: [name], message: "is no field of it" }] : [];
      }),
    ];
  }
}

/** What is wrong with the alternative that was most likely meant: one that the value is of as a whole. */
function nearest(each: readonly (readonly Problem[])[]): readonly Problem[] {
  const isOfIt = (problems: readonly Problem[]): number => Number(problems.every(({ path }) => path.length));
  return [...each].sort((a, b) => isOfIt(b) - isOfIt(a) || a.length - b.length)[0] ?? [];
}

export function inside(name: string, problems: readonly Problem[]): readonly Problem[] {
  return problems.map((each) => ({ ...each, path: [name, ...each.path] }));
}

const WORDS: Record<string, string> = { object: "an object", array: "a list", string: "a text", integer: "a whole number", number: "a number", boolean: "true or false", null: "null" };

function isOf(type: string, value: Packable): boolean {
  switch (type) {
    case "object": return value instanceof Map;
    case "array": return Array.isArray(value);
    case "integer": return typeof value === "number" || typeof value === "bigint";
    case "number": return typeof value === "number" || typeof value === "bigint" || value instanceof Float;
    case "null": return value === null;
    // Bytes have no form of their own in JSON.
    case "string": return typeof value === "string" || value instanceof Uint8Array;
    default: return typeof value === type;
  }
}

/** The limit of a schema that a value does not keep; empty if it keeps all. */
function beyond(schema: JsonSchema, value: Packable): string {
  const limit = (name: string): number | undefined => (typeof schema[name] === "number" ? (schema[name] as number) : undefined);
  const size = Array.isArray(value) ? value.length : value instanceof Map ? value.size : undefined;
  if (typeof value === "number" || typeof value === "bigint" || value instanceof Float) {
    const number = value instanceof Float ? value.value : value;
    const [least, most, above, below] = [limit("minimum"), limit("maximum"), limit("exclusiveMinimum"), limit("exclusiveMaximum")];
    if (least !== undefined && number < least) return `must be ${least} or more`;
    if (most !== undefined && number > most) return `must be ${most} or less`;
    if (above !== undefined && number <= above) return `must be more than ${above}`;
    if (below !== undefined && number >= below) return `must be less than ${below}`;
  } else if (typeof value === "string") {
    const [least, most] = [limit("minLength"), limit("maxLength")];
    if (least !== undefined && value.length < least) return `must have ${least} or more characters`;
    if (most !== undefined && value.length > most) return `must have ${most} or less characters`;
    if (!matches(schema["pattern"], value)) return `must look like ${String(schema["pattern"])}`;
  } else if (size !== undefined) {
    const [least, most] = [limit("minItems") ?? limit("minProperties"), limit("maxItems") ?? limit("maxProperties")];
    if (least !== undefined && size < least) return `must have ${least} or more values`;
    if (most !== undefined && size > most) return `must have ${most} or less values`;
  }
  return "";
}

/** True also for a pattern that is none here, or that may take for ever: what reads the value says no then. */
function matches(pattern: unknown, text: string): boolean {
  if (typeof pattern !== "string" || /\)[*+{?]|\\\d/.test(pattern) || text.length > 1_000) return true;
  try {
    return new RegExp(pattern, "u").test(text);
  } catch {
    return true;
  }
}

/** A number of a field that is a float is written as one, also if it is whole; bytes, which JSON has not, as bytes. */
function packable(value: Packable, given: Schema): Packable {
  const { schema, root } = resolved(given);
  if (typeof value === "number") {
    const options = alternatives(schema);
    const isFloat = schema["type"] === "number" || (options?.some((each) => each["type"] === "number") && !options.some((each) => each["type"] === "integer"));
    return isFloat ? new Float(value) : value;
  }
  const chosen = alternatives(schema)?.find((option) => !misfits({ schema: option, root }, value).length);
  if (chosen) return packable(value, { schema: chosen, root });
  if (typeof value === "string") return schema["format"] === "base64" ? bytesOf(value) : value;
  const part = (found: JsonSchema | undefined, each: Packable): Packable => (found ? packable(each, { schema: found, root }) : each);
  if (Array.isArray(value)) return value.map((each: Packable) => part(schema["items"] as JsonSchema | undefined, each));
  if (value instanceof Map) {
    const properties = (schema["properties"] ?? {}) as Record<string, JsonSchema>;
    const more = typeof schema["additionalProperties"] === "object" ? (schema["additionalProperties"] as JsonSchema) : undefined;
    return new Map([...(value as ReadonlyMap<string, Packable>)].map(([name, each]) => [keyOf(schema, name), part(properties[name] ?? more, each)]));
  }
  return value;
}

/** A key as the schema of keys wants it: those of JSON are texts. */
export function keyOf(schema: JsonSchema, name: string): string | number {
  const wanted = (schema["propertyNames"] as { type?: unknown } | undefined)?.type;
  return wanted === "integer" && /^-?\d+$/.test(name) && Number.isSafeInteger(Number(name)) ? Number(name) : name;
}

function bytesOf(text: string): Packable {
  try {
    return ofBase64(text);
  } catch {
    return text;
  }
}
