/** The fields of a struct, as types that have a control: what of its JSON schema can be one. Pure. */
import type { JsonSchema, LiteralType } from "../api/idl";
import { readJson } from "../values/json";
import type { Packable } from "../values/msgpack";
import { type Schema, alternatives, resolved, schemaOf } from "./schemas";

/** The type of a part of a struct. One that says nothing else than its schema is written as JSON. */
export interface PartType extends LiteralType {
  readonly of: Schema;
}

export interface StructField {
  readonly name: string;
  readonly type: PartType;
  /** True if a value must have it. */
  readonly required: boolean;
  readonly initial?: Packable;
  readonly description: string;
}

/** So many parts of types are looked into at once: a schema may contain itself. */
const PARTS_MAX = 500;
const known = new WeakMap<JsonSchema, readonly StructField[] | null>();

/** The schema of a part, or of a whole struct; null for other types. */
export function schemaOfPart(type: LiteralType): Schema | null {
  return "of" in type ? (type as PartType).of : schemaOf(type);
}

/** Null if its schema names none: then it is written as JSON. */
export function fieldsOf(type: LiteralType): readonly StructField[] | null {
  const given = type.simple === "STRUCT" ? schemaOfPart(type) : null;
  if (!given) return null;
  const { schema, root } = resolved(given);
  const before = known.get(schema);
  if (before !== undefined) return before;
  const found = read({ schema, root }, type);
  known.set(schema, found);
  return found;
}

function read({ schema, root }: Schema, type: LiteralType): readonly StructField[] | null {
  const properties = schema["properties"];
  if (!isSchema(properties) || !Object.keys(properties).length || alternatives(schema)) return null;
  const required = new Set(Array.isArray(schema["required"]) ? (schema["required"] as string[]) : []);
  return inOrder(Object.keys(properties), required).map((name) => {
    const part = isSchema(properties[name]) ? properties[name] : {};
    const hasDefault = "default" in part;
    return {
      name,
      type: partType({ schema: part, root }, type.structure?.dataclass_type?.[name], { left: PARTS_MAX }, []),
      required: required.has(name),
      ...(hasDefault ? { initial: readJson(JSON.stringify(part["default"] ?? null)) } : {}),
      description: typeof part["description"] === "string" ? part["description"] : "",
    };
  });
}

/** FlyteIDL's maps have no order: what is required is told in that of its declaration, the rest stands by name. */
function inOrder(names: readonly string[], required: ReadonlySet<string>): readonly string[] {
  const first = [...required].filter((name) => names.includes(name));
  return [...first, ...names.filter((name) => !required.has(name)).sort()];
}

function partType(given: Schema, like: LiteralType | undefined, room: { left: number }, path: readonly JsonSchema[]): PartType {
  const { schema, root } = resolved(given);
  const of = { schema, root };
  room.left -= 1;
  if (room.left < 0 || path.includes(schema)) return { of };
  const inner = (part: unknown, likePart?: LiteralType): PartType => (isSchema(part) ? partType({ schema: part, root }, likePart, room, [...path, schema]) : { of: { schema: {}, root } });
  if (like?.blob) return { of, blob: like.blob };
  const choices = "const" in schema ? [schema["const"]] : schema["enum"];
  if (Array.isArray(choices) && choices.every((each) => typeof each === "string" || typeof each === "number")) return { of, enum_type: { values: choices.map(String) } };
  const options = alternatives(schema);
  if (options) return { of, union_type: { variants: options.map((option, at) => inner(option, like?.union_type?.variants.length === options.length ? like.union_type.variants[at] : undefined)) } };
  const more = schema["additionalProperties"];
  switch (schema["type"]) {
    case "object":
      if (isSchema(schema["properties"])) return { of, simple: "STRUCT", metadata: schema, ...(like?.annotation ? { annotation: like.annotation } : {}), ...(like?.structure ? { structure: like.structure } : {}) };
      return isSchema(more) && Object.keys(more).length ? { of, map_value_type: inner(more, like?.map_value_type) } : { of };
    case "array": return isSchema(schema["items"]) && !("prefixItems" in schema) ? { of, collection_type: inner(schema["items"], like?.collection_type) } : { of };
    case "string": return { of, simple: schema["format"] === "date-time" ? "DATETIME" : "STRING" };
    case "integer": return { of, simple: "INTEGER" };
    case "number": return { of, simple: schema["format"] === "time-delta" ? "DURATION" : "FLOAT" };
    case "boolean": return { of, simple: "BOOLEAN" };
    case "null": return { of, simple: "NONE" };
    default: return { of };
  }
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
