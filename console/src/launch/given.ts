/** Literals that are there, of an earlier run or a default, as drafts. Pure. */
import type { Literal, LiteralType } from "../api/idl";
import { ofBase64 } from "../values/base64";
import { readJson, writeJson } from "../values/json";
import { Float, type Packable, unpackExact } from "../values/msgpack";
import { isNone } from "../values/types";
import { type Draft, NONE, UNSET, draftOfJson } from "./drafts";
import { fieldsOf } from "./fields";
import { plainOf, read } from "./plain";

/** The draft that gives this literal. A literal that no field can show is kept as it is. */
export function draftOf(type: LiteralType, literal: Literal): Draft {
  const scalar = literal.scalar;
  if (type.union_type) {
    const value = scalar?.union?.value ?? literal;
    const tag = scalar?.union?.type.structure?.tag;
    const { variants } = type.union_type;
    const chosen = variants.findIndex((variant) => (tag ? variant.structure?.tag === tag : fits(variant, value)));
    if (chosen < 0) return { kind: "literal", literal };
    return { kind: "union", chosen, drafts: variants.map((variant, at) => (at === chosen ? draftOf(variant, value) : UNSET)) };
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
  const value = documentOf(literal);
  if (value !== undefined) return ofDocument(type, value) ?? { kind: "literal", literal };
  const uri = scalar?.blob?.uri ?? scalar?.structured_dataset?.uri ?? scalar?.schema?.uri;
  return uri === undefined ? { kind: "literal", literal } : { kind: "text", text: uri };
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

/** The value of a struct; undefined for what is none, or can't be read. */
function documentOf({ scalar }: Literal): Packable | undefined {
  if (scalar?.generic) return readJson(JSON.stringify(scalar.generic));
  if (scalar?.binary?.tag !== "msgpack") return undefined;
  try {
    return unpackExact(ofBase64(scalar.binary.value)) as Packable;
  } catch {
    return undefined;
  }
}

/** As fields, or as JSON; null where either would make something else of it, as JSON does of bytes. */
function ofDocument(type: LiteralType, value: Packable): Draft | null {
  const drafts: readonly Draft[] = [...(fieldsOf(type) ? [draftOfJson(type, value)] : []), { kind: "json", text: writeJson(value) }];
  return drafts.find((draft) => {
    const again = draft.kind === "json" ? read(draft.text) : plainOf(type, draft);
    return "value" in again && again.value !== undefined && isSame(again.value, value);
  }) ?? null;
}

/** Numbers apart: a whole one may stand where a float is meant. */
function isSame(one: Packable, other: Packable): boolean {
  if (Array.isArray(one)) return Array.isArray(other) && one.length === other.length && one.every((each: Packable, at) => isSame(each, other[at] as Packable));
  if (one instanceof Map) return other instanceof Map && one.size === other.size && [...one].every(([key, each]) => other.has(key) && isSame(each, other.get(key) as Packable));
  if (one instanceof Uint8Array) return other instanceof Uint8Array && String(one) === String(other);
  return number(one) === number(other);
}

function number(value: Packable): unknown {
  return value instanceof Float ? value.value : value;
}
