/** What somebody has typed into a form so far: it may be wrong or unfinished, and nothing of it is lost. Pure. */
import type { JsonSchema, Literal, LiteralType } from "../api/idl";
import { toBase64 } from "../values/base64";
import { writeJson } from "../values/json";
import { Float, type Packable } from "../values/msgpack";
import { isNone } from "../values/types";
import { type PartType, fieldsOf, schemaOfPart } from "./fields";
import { resolved } from "./schemas";
import { misfits } from "./structs";

export type Draft =
  | { readonly kind: "unset" }
  | { readonly kind: "none" }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "bool"; readonly value: boolean }
  | { readonly kind: "list"; readonly parts: readonly Draft[] }
  | { readonly kind: "map"; readonly parts: readonly (readonly [string, Draft])[] }
  | { readonly kind: "fields"; readonly parts: readonly (readonly [string, Draft])[] }
  /** Of what is not chosen there may be no more than that it is unset. */
  | { readonly kind: "union"; readonly chosen: number; readonly drafts: readonly Draft[] }
  | { readonly kind: "json"; readonly text: string }
  | { readonly kind: "literal"; readonly literal: Literal };

export const UNSET: Draft = { kind: "unset" };
export const NONE: Draft = { kind: "none" };

/** So many fields are there to be filled; a struct further in is opened by who wants to, and may contain itself. */
export interface Room {
  left: number;
  readonly inside: readonly JsonSchema[];
}

const FIELDS_MAX = 100;
const DEPTH_MAX = 4;

export const newRoom = (): Room => ({ left: FIELDS_MAX, inside: [] });

/** A draft of nothing, in the form in which a value of this type is written. */
export function empty(type: LiteralType, room: Room = newRoom()): Draft {
  if (type.union_type) {
    const { variants } = type.union_type;
    const chosen = Math.max(0, variants.findIndex(isNone));
    return { kind: "union", chosen, drafts: variants.map((variant, at) => (at === chosen ? empty(variant, room) : UNSET)) };
  }
  if (isNone(type)) return NONE;
  if (type.collection_type) return { kind: "list", parts: [] };
  if (type.map_value_type) return { kind: "map", parts: [] };
  if (type.simple === "BOOLEAN") return UNSET;
  if (type.simple === "STRUCT") return ofStruct(type, room);
  if (isText(type)) return { kind: "text", text: "" };
  return { kind: "json", text: "" };
}

function ofStruct(type: LiteralType, room: Room): Draft {
  const fields = fieldsOf(type);
  const given = schemaOfPart(type);
  if (!fields || !given) return { kind: "json", text: given && resolved(given).schema["type"] === "array" ? "[]" : "{}" };
  const { schema } = resolved(given);
  // What was asked for is opened, however large it is.
  if (room.inside.length && (room.left < fields.length || room.inside.length >= DEPTH_MAX || room.inside.includes(schema))) return UNSET;
  room.left -= fields.length;
  return {
    kind: "fields",
    parts: fields.map(({ name, type: of, required, initial }) => {
      const further = { ...room, inside: [...room.inside, schema] };
      const part = initial !== undefined ? draftOfJson(of, initial, further) : required ? empty(of, further) : UNSET;
      room.left = further.left;
      return [name, part] as const;
    }),
  };
}

/** Types whose values are written as one text. */
export function isText(type: LiteralType): boolean {
  return type.enum_type !== undefined || type.blob !== undefined || type.structured_dataset_type !== undefined || type.schema !== undefined
    || ["INTEGER", "FLOAT", "STRING", "DATETIME", "DURATION"].includes(type.simple ?? "");
}

/** A value of JSON as the draft of a type: of a paste, a default, a struct that is there. */
export function draftOfJson(type: LiteralType, value: Packable, room: Room = newRoom()): Draft {
  if (type.union_type) return ofUnion(type.union_type.variants, value, room);
  if (value === null) return isNone(type) ? { kind: "none" } : { kind: "json", text: "null" };
  if (type.collection_type && Array.isArray(value)) {
    const inner = type.collection_type;
    return { kind: "list", parts: value.map((each: Packable) => draftOfJson(inner, each, room)) };
  }
  if (type.map_value_type && value instanceof Map) {
    const inner = type.map_value_type;
    return { kind: "map", parts: [...value].map(([key, each]) => [String(key), draftOfJson(inner, each, room)] as const) };
  }
  if (type.simple === "STRUCT" && value instanceof Map && fieldsOf(type)) return ofFields(type, value as ReadonlyMap<string, Packable>, room);
  if (type.blob && value instanceof Map && value.size === 1 && typeof value.get("path") === "string") return { kind: "text", text: value.get("path") as string };
  if (type.simple === "BOOLEAN" && typeof value === "boolean") return { kind: "bool", value };
  if (type.simple === "STRUCT" || value instanceof Map || Array.isArray(value)) return { kind: "json", text: writeJson(value) };
  if ("of" in type && Object.keys(type).length === 1) return { kind: "json", text: writeJson(value) };
  if (value instanceof Uint8Array) return { kind: "text", text: toBase64(value) };
  return { kind: "text", text: value instanceof Float ? String(value.value) : String(value) };
}

function ofUnion(variants: readonly LiteralType[], value: Packable, room: Room): Draft {
  const fitting = variants.findIndex((variant) => fits(variant, value));
  const chosen = Math.max(0, fitting >= 0 ? fitting : variants.findIndex((variant) => isNone(variant) === (value === null)));
  return { kind: "union", chosen, drafts: variants.map((variant, at) => (at === chosen ? draftOfJson(variant, value, room) : UNSET)) };
}

function fits(type: LiteralType, value: Packable): boolean {
  if ("of" in type) return !misfits((type as PartType).of, value).length;
  if (isNone(type)) return value === null;
  if (type.collection_type) return Array.isArray(value);
  if (type.map_value_type || type.simple === "STRUCT") return value instanceof Map;
  switch (type.simple) {
    case "BOOLEAN": return typeof value === "boolean";
    case "INTEGER": return typeof value === "number" || typeof value === "bigint";
    case "FLOAT": return value instanceof Float || typeof value === "number";
    default: return typeof value === "string";
  }
}

/** In the order of the value; what it leaves out is left out, and what is no field of it stays to be seen. */
function ofFields(type: LiteralType, value: ReadonlyMap<string, Packable>, room: Room): Draft {
  const fields = new Map((fieldsOf(type) ?? []).map((field) => [field.name, field]));
  const given = [...value].map(([name, each]): readonly [string, Draft] => {
    const field = fields.get(name);
    return [name, field ? draftOfJson(field.type, each, room) : { kind: "json", text: writeJson(each) }];
  });
  const left = [...fields.values()].filter(({ name }) => !value.has(name)).map(({ name, type: of, required }) => [name, required ? empty(of, room) : UNSET] as const);
  return { kind: "fields", parts: [...given, ...left] };
}
