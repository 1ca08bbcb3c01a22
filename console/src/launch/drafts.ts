/** What somebody has typed into a form so far: it may be wrong or unfinished, and nothing of it is lost. Pure. */
import type { JsonSchema, Literal, LiteralType } from "../api/idl";
import { ofBase64 } from "../values/base64";
import { readJson, writeJson } from "../values/json";
import { Float, type Packable, type Packed, unpackExact } from "../values/msgpack";
import { isNone } from "../values/types";
import { type Schema, alternatives, resolved, schemaOf } from "./schemas";

export type Draft =
  | { readonly kind: "unset" }
  | { readonly kind: "none" }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "bool"; readonly value: boolean }
  | { readonly kind: "list"; readonly parts: readonly Draft[] }
  | { readonly kind: "map"; readonly parts: readonly (readonly [string, Draft])[] }
  | { readonly kind: "union"; readonly chosen: number; readonly drafts: readonly Draft[] }
  | { readonly kind: "json"; readonly text: string }
  | { readonly kind: "literal"; readonly literal: Literal };

export const UNSET: Draft = { kind: "unset" };
export const NONE: Draft = { kind: "none" };

/** A draft of nothing, in the form in which a value of this type is written. */
export function empty(type: LiteralType): Draft {
  if (type.union_type) {
    const { variants } = type.union_type;
    const none = variants.findIndex(isNone);
    return { kind: "union", chosen: Math.max(0, none), drafts: variants.map(empty) };
  }
  if (isNone(type)) return NONE;
  if (type.collection_type) return { kind: "list", parts: [] };
  if (type.map_value_type) return { kind: "map", parts: [] };
  if (type.simple === "BOOLEAN") return UNSET;
  if (type.simple === "STRUCT") return { kind: "json", text: example(type) };
  if (isText(type)) return { kind: "text", text: "" };
  return { kind: "json", text: "" };
}

/** Types whose values are written as one text. */
export function isText(type: LiteralType): boolean {
  return type.enum_type !== undefined || type.blob !== undefined || type.structured_dataset_type !== undefined || type.schema !== undefined
    || ["INTEGER", "FLOAT", "STRING", "DATETIME", "DURATION"].includes(type.simple ?? "");
}

/** The draft that gives this literal. A literal that no field can show is kept as it is. */
export function draftOf(type: LiteralType, literal: Literal): Draft {
  const scalar = literal.scalar;
  if (type.union_type) {
    const value = scalar?.union?.value ?? literal;
    const tag = scalar?.union?.type.structure?.tag;
    const { variants } = type.union_type;
    const chosen = variants.findIndex((variant) => (tag ? variant.structure?.tag === tag : fits(variant, value)));
    if (chosen < 0) return { kind: "literal", literal };
    return { kind: "union", chosen, drafts: variants.map((variant, at) => (at === chosen ? draftOf(variant, value) : empty(variant))) };
  }
  if (type.collection_type && literal.collection) {
    const inner = type.collection_type;
    return { kind: "list", parts: literal.collection.literals.map((each) => draftOf(inner, each)) };
  }
  if (type.map_value_type && literal.map) {
    const inner = type.map_value_type;
    return { kind: "map", parts: Object.entries(literal.map.literals).map(([key, each]) => [key, draftOf(inner, each)] as const) };
  }
  if (scalar?.none_type) return NONE;
  if (scalar?.primitive) {
    const { integer, float_value, string_value, boolean, datetime, duration } = scalar.primitive;
    if (boolean !== undefined) return { kind: "bool", value: boolean };
    const text = integer ?? string_value ?? datetime ?? duration ?? (float_value === undefined ? "" : String(float_value));
    return { kind: "text", text };
  }
  if (scalar?.generic) return { kind: "json", text: JSON.stringify(scalar.generic, null, 2) };
  if (scalar?.binary?.tag === "msgpack") {
    const value = unpacked(scalar.binary.value);
    return value === undefined ? { kind: "literal", literal } : { kind: "json", text: writeJson(value) };
  }
  const uri = scalar?.blob?.uri ?? scalar?.structured_dataset?.uri ?? scalar?.schema?.uri;
  return uri === undefined ? { kind: "literal", literal } : { kind: "text", text: uri };
}

/** The value of msgpack; undefined for one that JSON can't hold, such as bytes. */
function unpacked(text: string): Packable | undefined {
  try {
    const value = unpackExact(ofBase64(text));
    return isJson(value) ? (value as Packable) : undefined;
  } catch {
    return undefined;
  }
}

function isJson(value: Packed): boolean {
  if (value instanceof Uint8Array) return false;
  if (value instanceof Float) return Number.isFinite(value.value);
  if (Array.isArray(value)) return value.every(isJson);
  return value instanceof Map ? [...value].every(([key, each]) => typeof key === "string" && isJson(each)) : true;
}

function fits(type: LiteralType, literal: Literal): boolean {
  const scalar = literal.scalar;
  if (isNone(type)) return scalar?.none_type !== undefined;
  if (type.collection_type) return literal.collection !== undefined;
  if (type.map_value_type) return literal.map !== undefined;
  const names: Record<string, string> = { INTEGER: "integer", FLOAT: "float_value", STRING: "string_value", BOOLEAN: "boolean", DATETIME: "datetime", DURATION: "duration" };
  const name = names[type.simple ?? ""];
  return name ? scalar?.primitive !== undefined && name in scalar.primitive : scalar !== undefined;
}

/** A value in the shape of a schema, to be changed. References and choices are left to the author of the value. */
function example(type: LiteralType): string {
  const given = schemaOf(type);
  return given ? writeJson(sample(given, { left: EXAMPLE_MAX }, 0)) : "{}";
}

const EXAMPLE_MAX = 200;
const DEPTH_MAX = 6;

/** As many values as may be: a schema may contain itself, more than once. */
function sample(given: Schema, parts: { left: number }, depth: number): Packable {
  const { schema, root } = resolved(given);
  const own = given.schema["default"] ?? schema["default"];
  if (own !== undefined) return exact(own);
  parts.left -= 1;
  if (depth > DEPTH_MAX || parts.left < 0) return null;
  const choices = schema["enum"];
  if (Array.isArray(choices)) return exact(choices[0]);
  const options = alternatives(schema);
  if (options) return options.some((each) => each["type"] === "null") || !options[0] ? null : sample({ schema: options[0], root }, parts, depth + 1);
  switch (schema["type"]) {
    case "object": return new Map(Object.entries((schema["properties"] ?? {}) as Record<string, JsonSchema>).map(([name, each]) => [name, sample({ schema: each, root }, parts, depth + 1)]));
    case "array": return [];
    case "string": return "";
    case "integer":
    case "number": return 0;
    case "boolean": return false;
    default: return null;
  }
}

function exact(value: unknown): Packable {
  return readJson(JSON.stringify(value ?? null));
}
