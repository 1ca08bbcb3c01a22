/** Drafts to literals, or what is wrong with them, each problem at its place. Pure. */
import type { Json, JsonSchema, Literal, LiteralType } from "../api/idl";
import { toBase64 } from "../values/base64";
import { Float, type Packable, pack } from "../values/msgpack";
import { isNone } from "../values/types";
import { type Draft, resolve } from "./drafts";
import { durationOf, instantOf } from "./times";

export interface Problem {
  /** Where in the value: names and numbers, the outermost first. */
  readonly path: readonly string[];
  readonly message: string;
}

export interface Made {
  readonly literal?: Literal;
  readonly problems: readonly Problem[];
}

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

export function literalOf(type: LiteralType, draft: Draft): Made {
  if (draft.kind === "literal") return made(draft.literal);
  if (type.union_type) return ofUnion(type, draft);
  if (isNone(type)) return made({ scalar: { none_type: {} } });
  if (draft.kind === "unset") return wrong("is required");
  if (type.collection_type) return ofList(type.collection_type, draft);
  if (type.map_value_type) return ofMap(type.map_value_type, draft);
  if (type.simple === "BOOLEAN") return draft.kind === "bool" ? made({ scalar: { primitive: { boolean: draft.value } } }) : wrong("choose yes or no");
  if (type.simple === "STRUCT") return ofStruct(type, draft);
  if (draft.kind === "text") return ofText(type, draft.text);
  return ofJson(draft);
}

function made(literal: Literal): Made {
  return { literal, problems: [] };
}

function wrong(message: string): Made {
  return { problems: [{ path: [], message }] };
}

function ofText(type: LiteralType, text: string): Made {
  const word = text.trim();
  if (type.enum_type) return type.enum_type.values.includes(text) ? primitive({ string_value: text }) : wrong(word ? `is none of ${type.enum_type.values.join(", ")}` : "choose one");
  if (type.blob) return word ? made({ scalar: { blob: { metadata: { type: { format: type.blob.format ?? "", dimensionality: type.blob.dimensionality ?? "SINGLE" } }, uri: word } } }) : wrong("wants an address");
  if (type.structured_dataset_type) return word ? made({ scalar: { structured_dataset: { uri: word, metadata: { structured_dataset_type: { ...type.structured_dataset_type } } } } }) : wrong("wants an address");
  if (type.schema) return word ? made({ scalar: { schema: { uri: word } } }) : wrong("wants an address");
  switch (type.simple) {
    case "STRING": return primitive({ string_value: text });
    case "INTEGER": return ofInteger(word);
    case "FLOAT": return ofFloat(word);
    case "DATETIME": {
      const at = instantOf(word);
      return at ? primitive({ datetime: at }) : wrong("is no time; write 2026-11-29T17:00:00Z");
    }
    case "DURATION": {
      const long = durationOf(word);
      return long ? primitive({ duration: long }) : wrong("is no duration; write 1h30m, 90 s or PT1H30M");
    }
    default: return wrong("can't be written as text");
  }
}

function primitive(value: NonNullable<NonNullable<Literal["scalar"]>["primitive"]>): Made {
  return made({ scalar: { primitive: value } });
}

function ofInteger(text: string): Made {
  if (!/^[+-]?\d+(_\d+)*$/.test(text)) return wrong(text ? "is no whole number" : "is required");
  const value = BigInt(text.replace(/[_+]/g, ""));
  return value < INT64_MIN || value > INT64_MAX ? wrong("does not fit into 64 bits") : primitive({ integer: String(value) });
}

function ofFloat(text: string): Made {
  const special = { inf: "Infinity", "+inf": "Infinity", "-inf": "-Infinity", nan: "NaN", infinity: "Infinity", "-infinity": "-Infinity" }[text.toLowerCase()];
  if (special) return primitive({ float_value: special });
  if (!/^[+-]?(\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(e[+-]?\d+)?$/i.test(text)) return wrong(text ? "is no number" : "is required");
  const value = Number(text.replace(/_/g, ""));
  return Number.isFinite(value) ? primitive({ float_value: value }) : wrong("is too large");
}

function ofUnion(type: LiteralType, draft: Draft): Made {
  const variants = type.union_type?.variants ?? [];
  if (draft.kind !== "union") return wrong("is required");
  const variant = variants[draft.chosen];
  const inner = draft.drafts[draft.chosen];
  if (!variant || !inner) return wrong("choose a type");
  const found = literalOf(variant, inner);
  return found.literal ? made({ scalar: { union: { value: found.literal, type: variant } } }) : found;
}

function ofList(type: LiteralType, draft: Draft): Made {
  if (draft.kind === "json") return listed(draft, type);
  if (draft.kind !== "list") return wrong("is required");
  const parts = draft.parts.map((part, at) => within(String(at), literalOf(type, part)));
  const problems = parts.flatMap((part) => part.problems);
  return problems.length ? { problems } : made({ collection: { literals: parts.flatMap((part) => (part.literal ? [part.literal] : [])) } });
}

function listed(draft: Draft & { kind: "json" }, type: LiteralType): Made {
  const read = json(draft.text);
  if ("problem" in read) return wrong(read.problem);
  if (!Array.isArray(read.value)) return wrong("is no list");
  return ofList(type, { kind: "list", parts: read.value.map((value) => draftOfJson(type, value as Json)) });
}

function ofMap(type: LiteralType, draft: Draft): Made {
  if (draft.kind !== "map") return wrong("is required");
  const problems: Problem[] = [];
  const literals: Record<string, Literal> = {};
  const seen = new Set<string>();
  for (const [key, part] of draft.parts) {
    if (seen.has(key)) problems.push({ path: [key], message: "stands there twice" });
    seen.add(key);
    const found = within(key, literalOf(type, part));
    problems.push(...found.problems);
    if (found.literal) literals[key] = found.literal;
  }
  return problems.length ? { problems } : made({ map: { literals } });
}

function within(name: string, inner: Made): Made {
  return inner.problems.length ? { problems: inner.problems.map((each) => ({ ...each, path: [name, ...each.path] })) } : inner;
}

/** A value of JSON, as a paste has it, as the draft of a type. */
export function draftOfJson(type: LiteralType, value: Json): Draft {
  if (type.union_type) {
    const { variants } = type.union_type;
    const chosen = variants.findIndex((variant) => isNone(variant) === (value === null));
    return { kind: "union", chosen: Math.max(0, chosen), drafts: variants.map((variant) => draftOfJson(variant, value)) };
  }
  if (value === null) return { kind: "none" };
  if (type.collection_type && Array.isArray(value)) {
    const inner = type.collection_type;
    return { kind: "list", parts: value.map((each) => draftOfJson(inner, each as Json)) };
  }
  if (type.map_value_type && typeof value === "object" && !Array.isArray(value)) {
    const inner = type.map_value_type;
    return { kind: "map", parts: Object.entries(value).map(([key, each]) => [key, draftOfJson(inner, each as Json)] as const) };
  }
  if (type.simple === "BOOLEAN" && typeof value === "boolean") return { kind: "bool", value };
  if (type.simple === "STRUCT" || typeof value === "object") return { kind: "json", text: JSON.stringify(value, null, 2) };
  return { kind: "text", text: String(value) };
}

type Read = { readonly value: unknown } | { readonly problem: string };

function json(text: string): Read {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    return { problem: `is no JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
}

/** A literal written as JSON, for types that have no field of their own. */
function ofJson(draft: Draft): Made {
  if (draft.kind !== "json" || !draft.text.trim()) return wrong("is required");
  const read = json(draft.text);
  return "problem" in read ? wrong(read.problem) : made(read.value as Literal);
}

function ofStruct(type: LiteralType, draft: Draft): Made {
  if (draft.kind !== "json") return wrong("is required");
  const read = json(draft.text);
  if ("problem" in read) return wrong(read.problem);
  if (typeof read.value !== "object" || read.value === null) return wrong("is neither an object nor a list");
  const schema = type.metadata && Object.keys(type.metadata).length ? type.metadata : undefined;
  const problems = schema ? misfits(schema, schema, read.value, []) : [];
  if (problems.length) return { problems };
  if (!isPacked(type)) return made({ scalar: { generic: read.value as { [name: string]: Json } } });
  return made({ scalar: { binary: { value: toBase64(pack(packable(read.value, schema, schema))), tag: "msgpack" } } });
}

function isPacked(type: LiteralType): boolean {
  const format = type.annotation?.annotations?.["cache-key-metadata"];
  return typeof format === "object" && format !== null && (format as Record<string, unknown>)["serialization-format"] === "msgpack";
}

/** What of a value does not fit a schema: types, required and unknown fields, choices. */
export function misfits(schema: JsonSchema, root: JsonSchema, value: unknown, path: readonly string[], depth = 0): Problem[] {
  if (depth > 40) return [];
  const reference = schema["$ref"];
  if (typeof reference === "string") {
    const found = resolve(reference, root);
    return found ? misfits(found, root, value, path, depth + 1) : [];
  }
  const options = (schema["anyOf"] ?? schema["oneOf"]) as JsonSchema[] | undefined;
  if (options) {
    const each = options.map((option) => misfits(option, root, value, path, depth + 1));
    return each.some((problems) => !problems.length) ? [] : (each.sort((a, b) => b.length - a.length).at(-1) ?? []);
  }
  const choices = schema["enum"] as unknown[] | undefined;
  if (choices && !choices.includes(value)) return [{ path, message: `is none of ${choices.join(", ")}` }];
  const wanted = schema["type"];
  if (typeof wanted === "string" && !isOf(wanted, value)) return [{ path, message: `must be ${WORDS[wanted] ?? wanted}` }];
  if (Array.isArray(value)) {
    const items = schema["items"] as JsonSchema | undefined;
    return items ? value.flatMap((part, at) => misfits(items, root, part, [...path, String(at)], depth + 1)) : [];
  }
  if (typeof value === "object" && value !== null) return misfitsOfObject(schema, root, value as Record<string, unknown>, path, depth);
  return [];
}

function misfitsOfObject(schema: JsonSchema, root: JsonSchema, value: Record<string, unknown>, path: readonly string[], depth: number): Problem[] {
  const properties = (schema["properties"] ?? {}) as Record<string, JsonSchema>;
  const required = (schema["required"] ?? []) as string[];
  const more = schema["additionalProperties"];
  return [
    ...required.filter((name) => !(name in value) && !("default" in (properties[name] ?? {}))).map((name) => ({ path: [...path, name], message: "is missing" })),
    ...Object.entries(value).flatMap(([name, part]) => {
      const found = properties[name] ?? (typeof more === "object" ? (more as JsonSchema) : undefined);
      if (found) return misfits(found, root, part, [...path, name], depth + 1);
      return more === false ? [{ path: [...path, name], message: "is no field of it" }] : [];
    }),
  ];
}

const WORDS: Record<string, string> = { object: "an object", array: "a list", string: "a text", integer: "a whole number", number: "a number", boolean: "true or false", null: "null" };

function isOf(type: string, value: unknown): boolean {
  switch (type) {
    case "object": return typeof value === "object" && value !== null && !Array.isArray(value);
    case "array": return Array.isArray(value);
    case "integer": return typeof value === "number" && Number.isInteger(value);
    case "number": return typeof value === "number";
    case "null": return value === null;
    default: return typeof value === type;
  }
}

/** A number of a field that is a float is written as one, also if it is whole. */
function packable(value: unknown, schema: JsonSchema | undefined, root: JsonSchema | undefined): Packable {
  const of = schema && root && typeof schema["$ref"] === "string" ? (resolve(schema["$ref"], root) ?? undefined) : schema;
  if (typeof value === "number") {
    const options = (of?.["anyOf"] ?? of?.["oneOf"]) as JsonSchema[] | undefined;
    const isFloat = of?.["type"] === "number" || (options?.some((each) => each["type"] === "number") && !options.some((each) => each["type"] === "integer"));
    return isFloat ? new Float(value) : value;
  }
  if (Array.isArray(value)) return value.map((part) => packable(part, of?.["items"] as JsonSchema | undefined, root));
  if (typeof value === "object" && value !== null) {
    const properties = (of?.["properties"] ?? {}) as Record<string, JsonSchema>;
    const more = typeof of?.["additionalProperties"] === "object" ? (of["additionalProperties"] as JsonSchema) : undefined;
    return new Map(Object.entries(value).map(([name, part]) => [name, packable(part, properties[name] ?? more, root)]));
  }
  return value as Packable;
}
