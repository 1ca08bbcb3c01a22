/** JSON schemas of structs, as Flyte's clients write them: from dataclasses, of old and new libraries, and models. Pure. */
import type { JsonSchema, LiteralType } from "../api/idl";

/** A schema, and the one that its references are about. */
export interface Schema {
  readonly schema: JsonSchema;
  readonly root: JsonSchema;
}

const REFERENCES_MAX = 32;

/** The schema of a struct; null if it has none. */
export function schemaOf(type: LiteralType): Schema | null {
  const schema = type.simple === "STRUCT" ? type.metadata : undefined;
  return schema && Object.keys(schema).length ? { schema, root: schema } : null;
}

/** The schema that references lead to; one that says nothing where they lead nowhere, or round. */
export function resolved({ schema, root }: Schema): Schema {
  let found = schema;
  for (let times = 0; times < REFERENCES_MAX; times += 1) {
    const reference = referenceOf(found);
    if (reference === null) return { schema: found, root };
    const next = at(reference, root);
    if (!next) break;
    found = next;
  }
  return { schema: NOTHING, root };
}

/** One object, so that a schema that is looked at once is known again. */
const NOTHING: JsonSchema = {};

/** A reference of its own, or the only part of an `allOf`, as some libraries write one with a default beside it. */
function referenceOf(schema: JsonSchema): string | null {
  const own = schema["$ref"];
  if (typeof own === "string") return own;
  const all = schema["allOf"];
  const only = Array.isArray(all) && all.length === 1 ? ((all[0] as JsonSchema | null)?.["$ref"] ?? null) : null;
  return typeof only === "string" ? only : null;
}

function at(reference: string, root: JsonSchema): JsonSchema | null {
  let found: unknown = root;
  for (const part of reference.replace(/^#\/?/, "").split("/").filter(Boolean)) {
    found = (found as Record<string, unknown> | undefined)?.[part.replace(/~1/g, "/").replace(/~0/g, "~")];
  }
  // The root of older clients is a reference itself.
  return typeof found === "object" && found !== null ? (found as JsonSchema) : null;
}

const ofTypes = new WeakMap<JsonSchema, readonly JsonSchema[]>();

/** The schemas of which a value has to fit one, if there is a choice. */
export function alternatives(schema: JsonSchema): readonly JsonSchema[] | null {
  const options = schema["anyOf"] ?? schema["oneOf"];
  if (Array.isArray(options)) return options as JsonSchema[];
  const types = schema["type"];
  if (!Array.isArray(types)) return null;
  const known = ofTypes.get(schema) ?? types.map((type) => ({ ...schema, type: type as unknown }));
  ofTypes.set(schema, known);
  return known;
}
