/** What somebody has typed into a form so far: it may be wrong or unfinished, and nothing of it is lost. Pure. */
import type { JsonSchema, Literal, LiteralType } from "../api/idl";
import { asJson } from "../values/shown";
import { ofBase64 } from "../values/base64";
import { unpack } from "../values/msgpack";
import { isNone } from "../values/types";

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
  if (type.simple === "STRUCT") return { kind: "json", text: example(type.metadata) };
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
    try {
      return { kind: "json", text: JSON.stringify(asJson(unpack(ofBase64(scalar.binary.value))), null, 2) };
    } catch {
      return { kind: "literal", literal };
    }
  }
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

/** A value in the shape of a schema, to be changed. References and choices are left to the author of the value. */
export function example(schema: JsonSchema | undefined): string {
  if (!schema) return "{}";
  return JSON.stringify(sample(schema, schema, 0), null, 2);
}

function sample(schema: JsonSchema, root: JsonSchema, depth: number): unknown {
  if (depth > 6) return null;
  if ("default" in schema) return schema["default"];
  const reference = schema["$ref"];
  if (typeof reference === "string") {
    const found = resolve(reference, root);
    return found ? sample(found, root, depth + 1) : null;
  }
  const choices = schema["enum"];
  if (Array.isArray(choices)) return choices[0] ?? null;
  const options = (schema["anyOf"] ?? schema["oneOf"]) as JsonSchema[] | undefined;
  if (options) return options.some((each) => each["type"] === "null") ? null : options[0] ? sample(options[0], root, depth + 1) : null;
  switch (schema["type"]) {
    case "object": return Object.fromEntries(Object.entries((schema["properties"] ?? {}) as Record<string, JsonSchema>).map(([name, each]) => [name, sample(each, root, depth + 1)]));
    case "array": return [];
    case "string": return "";
    case "integer":
    case "number": return 0;
    case "boolean": return false;
    default: return null;
  }
}

export function resolve(reference: string, root: JsonSchema): JsonSchema | null {
  let found: unknown = root;
  for (const part of reference.replace(/^#\/?/, "").split("/").filter(Boolean)) {
    found = (found as Record<string, unknown> | undefined)?.[part.replace(/~1/g, "/").replace(/~0/g, "~")];
  }
  return typeof found === "object" && found !== null ? (found as JsonSchema) : null;
}
