/** Drafts of the parts of a struct to values as msgpack and JSON hold them, or what is wrong with them. Pure. */
import type { LiteralType } from "../api/idl";
import { ofBase64 } from "../values/base64";
import { readJson } from "../values/json";
import { Float, type Packable } from "../values/msgpack";
import { isNone } from "../values/types";
import type { Draft } from "./drafts";
import { type PartType, fieldsOf, schemaOfPart } from "./fields";
import { ofText } from "./scalars";
import { type Problem, inside, keyOf } from "./structs";
import { isoOf, secondsOf } from "./times";

export interface Plain {
  readonly value?: Packable;
  readonly problems: readonly Problem[];
}

export type Read = { readonly value: Packable } | { readonly problem: string };

export function read(text: string): Read {
  try {
    return { value: readJson(text) };
  } catch (error) {
    return { problem: `is no JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
}

export function plainOf(type: LiteralType, draft: Draft): Plain {
  if (draft.kind === "json") {
    const found = read(draft.text);
    return "problem" in found ? wrong(found.problem) : { value: found.value, problems: [] };
  }
  if (type.union_type) {
    const variant = draft.kind === "union" ? type.union_type.variants[draft.chosen] : undefined;
    const inner = draft.kind === "union" ? draft.drafts[draft.chosen] : undefined;
    return variant && inner ? plainOf(variant, inner) : wrong("is required");
  }
  if (isNone(type)) return { value: null, problems: [] };
  switch (draft.kind) {
    case "unset": return wrong("is required");
    case "none": return { value: null, problems: [] };
    case "bool": return { value: draft.value, problems: [] };
    case "text": return ofTyped(type, draft.text);
    case "list": return all(draft.parts.map((part, at) => [String(at), plainOf(type.collection_type ?? {}, part)] as const), (parts) => parts.map(([, value]) => value));
    case "map": return ofMap(type, draft.parts);
    case "fields": return ofFields(type, draft.parts);
    default: return wrong("is required");
  }
}

function wrong(message: string): Plain {
  return { problems: [{ path: [], message }] };
}

function all(parts: readonly (readonly [string, Plain])[], make: (found: readonly (readonly [string, Packable])[]) => Packable): Plain {
  const problems = parts.flatMap(([name, part]) => inside(name, part.problems));
  return problems.length ? { problems } : { value: make(parts.flatMap(([name, part]) => (part.value === undefined ? [] : [[name, part.value] as const]))), problems };
}

function ofFields(type: LiteralType, parts: readonly (readonly [string, Draft])[]): Plain {
  const fields = new Map((fieldsOf(type) ?? []).map((field) => [field.name, field]));
  const given = parts.filter(([name, part]) => part.kind !== "unset" || fields.get(name)?.required);
  return all(given.map(([name, part]) => [name, plainOf(fields.get(name)?.type ?? {}, part)] as const), (found) => new Map(found));
}

function ofMap(type: LiteralType, parts: readonly (readonly [string, Draft])[]): Plain {
  const schema = schemaOfPart(type)?.schema ?? {};
  const numbered = (schema["propertyNames"] as { type?: unknown } | undefined)?.type === "integer";
  const keys = parts.map(([key]) => key);
  const unfit = keys.flatMap((key, at) => {
    if (keys.indexOf(key) < at) return [{ path: [key], message: "stands there twice" }];
    return numbered && typeof keyOf(schema, key) !== "number" ? [{ path: [key], message: "is no whole number, as keys are here" }] : [];
  });
  if (unfit.length) return { problems: unfit };
  return all(parts.map(([name, part]) => [name, plainOf(type.map_value_type ?? {}, part)] as const), (found) => new Map(found.map(([name, value]) => [keyOf(schema, name), value] as const)));
}

function ofTyped(type: LiteralType, text: string): Plain {
  const { literal, problems } = ofText(type, text);
  if (problems.length) return { problems };
  const scalar = literal?.scalar;
  const schema = (type as Partial<PartType>).of?.schema ?? {};
  if (type.enum_type) {
    const choices = "const" in schema ? [schema["const"]] : ((schema["enum"] ?? []) as unknown[]);
    return { value: choices.find((each) => String(each) === text) as string | number, problems };
  }
  if (scalar?.blob) return { value: new Map([["path", scalar.blob.uri]]), problems };
  if (type.simple === "DATETIME") return { value: isoOf(text.trim()) ?? "", problems };
  if (type.simple === "DURATION") return { value: new Float(secondsOf(text.trim()) ?? 0), problems };
  const { integer, float_value, string_value = "" } = scalar?.primitive ?? {};
  if (integer !== undefined) return { value: Number.isSafeInteger(Number(integer)) ? Number(integer) : BigInt(integer), problems };
  if (float_value !== undefined) return { value: new Float(Number(float_value)), problems };
  return schema["format"] === "base64" ? ofBytes(string_value) : { value: string_value, problems };
}

function ofBytes(text: string): Plain {
  try {
    return { value: ofBase64(text), problems: [] };
  } catch {
    return wrong("is no base64, as bytes are written");
  }
}

/** The value of a draft as far as it is one: what is wrong stays as it is typed, what is missing is left out. */
export function loosely(type: LiteralType, draft: Draft): Packable | undefined {
  const { value } = plainOf(type, draft);
  if (value !== undefined) return value;
  const named = (parts: readonly (readonly [string, Draft])[], of: (name: string) => LiteralType): Packable =>
    new Map(parts.flatMap(([name, part]) => { const found = loosely(of(name), part); return found === undefined ? [] : [[name, found] as const]; }));
  switch (draft.kind) {
    case "json":
    case "text": return draft.text;
    case "list": return draft.parts.map((part) => loosely(type.collection_type ?? {}, part) ?? null);
    case "map": return named(draft.parts, () => type.map_value_type ?? {});
    case "fields": return named(draft.parts, (name) => fieldsOf(type)?.find((field) => field.name === name)?.type ?? {});
    case "union": return loosely(type.union_type?.variants[draft.chosen] ?? {}, draft.drafts[draft.chosen] ?? { kind: "unset" });
    default: return undefined;
  }
}
