/** Drafts to literals, or what is wrong with them, each problem at its place. Pure. */
import type { Literal, LiteralType } from "../api/idl";
import { readJson, writeJson } from "../values/json";
import { Float, type Packable } from "../values/msgpack";
import { choicesOf, isNone } from "../values/types";
import type { Draft } from "./drafts";
import { schemaOf } from "./schemas";
import { type Problem, inside, misfits, structLiteral } from "./structs";
import { durationOf, instantOf } from "./times";

export type { Problem } from "./structs";

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
  const choices = choicesOf(type);
  if (choices && !choices.includes(text)) return wrong(word ? `is none of ${choices.join(", ")}` : "choose one");
  if (type.enum_type) return primitive({ string_value: text });
  if (type.blob) return ofAddress(word, { blob: { metadata: { type: { format: type.blob.format ?? "", dimensionality: type.blob.dimensionality ?? "SINGLE" } }, uri: word } });
  if (type.structured_dataset_type) return ofAddress(word, { structured_dataset: { uri: word, metadata: { structured_dataset_type: { ...type.structured_dataset_type } } } });
  if (type.schema) return ofAddress(word, { schema: { uri: word, type: type.schema } });
  switch (type.simple) {
    case "STRING": return primitive({ string_value: text });
    case "INTEGER": return ofInteger(word);
    case "FLOAT": return ofFloat(word);
    case "DATETIME": {
      const at = instantOf(word);
      return at ? primitive({ datetime: at }) : wrong(word ? "is no time; write 2026-11-29T17:00:00Z" : "is required");
    }
    case "DURATION": {
      const long = durationOf(word);
      return long ? primitive({ duration: long }) : wrong(word ? "is no duration; write 1h30m, 90 s or PT1H30M" : "is required");
    }
    default: return wrong("can't be written as text");
  }
}

function ofAddress(word: string, scalar: NonNullable<Literal["scalar"]>): Made {
  if (!word) return wrong("wants an address");
  return /^([a-z][a-z0-9+.-]*:\/\/|\/)\S/i.test(word) ? made({ scalar }) : wrong("is no address; write one like s3://bucket/key, or the path of a file on the platform");
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
  if (!/^[+-]?(\d+(_\d+)*\.?(\d+(_\d+)*)?|\.\d+(_\d+)*)(e[+-]?\d+)?$/i.test(text)) return wrong(text ? "is no number" : "is required");
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
  if (draft.kind !== "list") return wrong("is no list");
  const parts = draft.parts.map((part, at) => within(String(at), literalOf(type, part)));
  const problems = parts.flatMap((part) => part.problems);
  return problems.length ? { problems } : made({ collection: { literals: parts.flatMap((part) => (part.literal ? [part.literal] : [])) } });
}

function ofMap(type: LiteralType, draft: Draft): Made {
  if (draft.kind !== "map") return wrong("is no map");
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

function within(name: string, made: Made): Made {
  return made.problems.length ? { problems: inside(name, made.problems) } : made;
}

/** A value of JSON, as a paste has it, as the draft of a type. */
export function draftOfJson(type: LiteralType, value: Packable): Draft {
  if (type.union_type) {
    const { variants } = type.union_type;
    const chosen = variants.findIndex((variant) => isNone(variant) === (value === null));
    return { kind: "union", chosen: Math.max(0, chosen), drafts: variants.map((variant) => draftOfJson(variant, value)) };
  }
  if (value === null) return { kind: "none" };
  if (type.collection_type && Array.isArray(value)) {
    const inner = type.collection_type;
    return { kind: "list", parts: value.map((each: Packable) => draftOfJson(inner, each)) };
  }
  if (type.map_value_type && value instanceof Map) {
    const inner = type.map_value_type;
    return { kind: "map", parts: [...value].map(([key, each]) => [String(key), draftOfJson(inner, each)] as const) };
  }
  if (type.simple === "BOOLEAN" && typeof value === "boolean") return { kind: "bool", value };
  if (type.simple === "STRUCT" || value instanceof Map || Array.isArray(value)) return { kind: "json", text: writeJson(value) };
  return { kind: "text", text: value instanceof Float ? String(value.value) : String(value) };
}

type Read = { readonly value: Packable } | { readonly problem: string };

export function read(text: string): Read {
  try {
    return { value: readJson(text) };
  } catch (error) {
    return { problem: `is no JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
}

/** A literal written as JSON, for types that have no field of their own. */
function ofJson(draft: Draft): Made {
  if (draft.kind !== "json" || !draft.text.trim()) return wrong("is required");
  const found = read(draft.text);
  if ("problem" in found) return wrong(found.problem);
  return found.value instanceof Map ? made(JSON.parse(draft.text) as Literal) : wrong("is no literal: an object with scalar, collection or map");
}

function ofStruct(type: LiteralType, draft: Draft): Made {
  if (draft.kind !== "json") return wrong("is required");
  const found = read(draft.text);
  if ("problem" in found) return wrong(found.problem);
  if (!(found.value instanceof Map || Array.isArray(found.value))) return wrong("is neither an object nor a list");
  const schema = schemaOf(type);
  const problems = schema ? misfits(schema, found.value) : [];
  return problems.length ? { problems } : made(structLiteral(type, found.value, schema));
}
