/** A literal as something to show: what it is, and its parts. Pure. */
import type { Json, Literal, Primitive } from "../api/idl";
import { ofBase64 } from "./base64";
import { Float, type Packed, unpack } from "./msgpack";

export type Shown =
  | { readonly kind: "text"; readonly type: string; readonly text: string; readonly note?: string }
  | { readonly kind: "list"; readonly parts: readonly Literal[] }
  | { readonly kind: "map"; readonly parts: readonly (readonly [string, Literal])[] }
  | { readonly kind: "json"; readonly value: Json }
  | { readonly kind: "object"; readonly what: string; readonly uri: string; readonly note: string }
  | { readonly kind: "none" };

export function shown(literal: Literal): Shown {
  if (literal.collection) return { kind: "list", parts: literal.collection.literals };
  if (literal.map) return { kind: "map", parts: Object.entries(literal.map.literals) };
  if (literal.offloaded_metadata) return { kind: "object", what: "large value", uri: literal.offloaded_metadata.uri, note: literal.offloaded_metadata.size_bytes ?? "" };
  const scalar = literal.scalar;
  if (!scalar) return { kind: "none" };
  if (scalar.union) return shown(scalar.union.value);
  if (scalar.primitive) return ofPrimitive(scalar.primitive);
  if (scalar.generic) return { kind: "json", value: scalar.generic };
  if (scalar.binary) return ofBinary(scalar.binary.value, scalar.binary.tag);
  if (scalar.blob) return { kind: "object", what: scalar.blob.metadata?.type?.dimensionality === "MULTIPART" ? "directory" : "file", uri: scalar.blob.uri, note: scalar.blob.metadata?.type?.format ?? "" };
  if (scalar.structured_dataset) return { kind: "object", what: "dataset", uri: scalar.structured_dataset.uri, note: scalar.structured_dataset.metadata?.structured_dataset_type?.format ?? "" };
  if (scalar.schema) return { kind: "object", what: "schema", uri: scalar.schema.uri, note: "" };
  if (scalar.error) return { kind: "text", type: "error", text: scalar.error.message };
  return { kind: "none" };
}

function ofPrimitive(value: Primitive): Shown {
  if (value.integer !== undefined) return { kind: "text", type: "int", text: value.integer };
  if (value.float_value !== undefined) return { kind: "text", type: "float", text: String(value.float_value) };
  if (value.string_value !== undefined) return { kind: "text", type: "str", text: value.string_value };
  if (value.boolean !== undefined) return { kind: "text", type: "bool", text: String(value.boolean) };
  if (value.datetime !== undefined) return { kind: "text", type: "datetime", text: value.datetime };
  if (value.duration !== undefined) return { kind: "text", type: "timedelta", text: value.duration };
  return { kind: "none" };
}

function ofBinary(text: string, tag: string): Shown {
  const bytes = ofBase64(text);
  if (tag !== "msgpack") return { kind: "text", type: "bytes", text: `${bytes.length} bytes`, note: tag };
  try {
    return { kind: "json", value: asJson(unpack(bytes)) };
  } catch {
    return { kind: "text", type: "bytes", text: `${bytes.length} bytes that can't be read`, note: tag };
  }
}

export function asJson(value: Packed): Json {
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, each]) => [String(key), asJson(each)]));
  if (Array.isArray(value)) return value.map(asJson);
  if (value instanceof Uint8Array) return `<${value.length} bytes>`;
  if (value instanceof Float) return value.value;
  return typeof value === "bigint" ? String(value) : value;
}
