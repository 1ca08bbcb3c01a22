/** The name of a type, as an author would write it. */
import type { LiteralType } from "../api/idl";

const SIMPLE: Record<string, string> = {
  NONE: "None", INTEGER: "int", FLOAT: "float", STRING: "str", BOOLEAN: "bool", DATETIME: "datetime", DURATION: "timedelta",
  BINARY: "bytes", ERROR: "error", STRUCT: "struct",
};

export function typeName(type: LiteralType): string {
  if (type.union_type) {
    const names = type.union_type.variants.map(typeName);
    return names.join(" | ");
  }
  if (type.collection_type) return `list[${typeName(type.collection_type)}]`;
  if (type.map_value_type) return `dict[str, ${typeName(type.map_value_type)}]`;
  if (choicesOf(type)) return "enum";
  if (type.blob) return type.blob.dimensionality === "MULTIPART" ? "directory" : `file${type.blob.format ? ` (${type.blob.format})` : ""}`;
  if (type.structured_dataset_type) return "dataset";
  if (type.schema) return "schema";
  const title = type.metadata?.["title"];
  if (type.simple === "STRUCT" && typeof title === "string") return title;
  return SIMPLE[type.simple ?? "NONE"] ?? type.simple ?? "value";
}

/** The texts of the values that a type has, if it has no others: of an enum, or of `Literal`. */
export function choicesOf(type: LiteralType): readonly string[] | null {
  if (type.enum_type) return type.enum_type.values;
  const values = type.annotation?.annotations?.["literal_values"];
  return Array.isArray(values) ? values.map(String) : null;
}

export const isNone = (type: LiteralType): boolean => type.simple === "NONE" || Object.keys(type).length === 0;
