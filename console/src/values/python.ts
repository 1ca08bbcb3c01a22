/** A literal as a value of Python, for a program to be copied. Pure. */
import type { Json, Literal, Primitive } from "../api/idl";
import { pythonText } from "../text/python";
import { ofBase64 } from "./base64";
import { Float, type Packed, unpackExact } from "./msgpack";

/** The imports that such values need. */
export function importsOf(values: string): string[] {
  return [
    ...(/\b(datetime\.fromisoformat|timedelta)\(/.test(values) ? ["from datetime import datetime, timedelta"] : []),
    ...(values.includes("StructuredDataset(") ? ["from alula import StructuredDataset"] : []),
  ];
}

/** Null for a value that has no form in Python: bytes of another client, a large value that is kept elsewhere. */
export function inPython(literal: Literal): string | null {
  try {
    return written(literal);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function written(literal: Literal): string {
  const { scalar } = literal;
  if (literal.collection) return list(literal.collection.literals.map(written));
  if (literal.map) return dict(Object.entries(literal.map.literals).map(([key, value]) => [pythonText(key), written(value)]));
  if (scalar?.union) return written(scalar.union.value);
  if (scalar?.primitive) return ofPrimitive(scalar.primitive);
  if (scalar?.generic) return ofJson(scalar.generic);
  if (scalar?.binary?.tag === "msgpack") return ofPacked(unpackExact(ofBase64(scalar.binary.value)));
  if (scalar?.blob) return pythonText(scalar.blob.uri);
  if (scalar?.none_type) return "None";
  const table = scalar?.structured_dataset ?? scalar?.schema;
  if (!table) throw new RangeError("it has no form in Python");
  const format = scalar?.structured_dataset?.metadata?.structured_dataset_type?.format;
  return `StructuredDataset(uri=${pythonText(table.uri)}${format ? `, file_format=${pythonText(format)}` : ""})`;
}

function ofPrimitive(value: Primitive): string {
  if (value.integer !== undefined) return value.integer;
  if (value.float_value !== undefined) return float(Number(value.float_value));
  if (value.boolean !== undefined) return value.boolean ? "True" : "False";
  if (value.datetime !== undefined) return `datetime.fromisoformat(${pythonText(value.datetime)})`;
  if (value.duration !== undefined) return `timedelta(seconds=${value.duration.replace(/s$/, "")})`;
  return pythonText(value.string_value ?? "");
}

function float(value: number): string {
  if (!Number.isFinite(value)) return `float("${Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf"}")`;
  return Number.isInteger(value) && Math.abs(value) < 1e21 ? `${value}.0` : String(value);
}

function ofJson(value: Json): string {
  if (Array.isArray(value)) return list(value.map(ofJson));
  if (typeof value === "object" && value !== null) return dict(Object.entries(value).map(([key, each]) => [pythonText(key), ofJson(each)]));
  return ofPacked(value as string | number | boolean | null);
}

function ofPacked(value: Packed): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "string") return pythonText(value);
  if (typeof value === "number") return Number.isInteger(value) ? String(value) : float(value);
  if (typeof value === "bigint") return String(value);
  if (value instanceof Float) return float(value.value);
  if (value instanceof Uint8Array) return `bytes.fromhex("${[...value].map((byte) => byte.toString(16).padStart(2, "0")).join("")}")`;
  if (value instanceof Map) return dict([...value].map(([key, each]) => [ofPacked(key), ofPacked(each)]));
  return list(value.map(ofPacked));
}

const list = (parts: readonly string[]): string => `[${parts.join(", ")}]`;
const dict = (parts: readonly (readonly [string, string])[]): string => `{${parts.map(([key, value]) => `${key}: ${value}`).join(", ")}}`;
