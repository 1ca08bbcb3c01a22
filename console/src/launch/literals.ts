/** Drafts to literals, or what is wrong with them, each problem at its place. Pure. */
import type { Literal, LiteralType } from "../api/idl";
import { isNone } from "../values/types";
import type { Draft } from "./drafts";
import { plainOf, read } from "./plain";
import { type Made, made, ofText, wrong } from "./scalars";
import { schemaOf } from "./schemas";
import { type Problem, inside, misfits, structLiteral } from "./structs";

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

/** A literal written as JSON, for types that have no field of their own. */
function ofJson(draft: Draft): Made {
  if (draft.kind !== "json" || !draft.text.trim()) return wrong("is required");
  const found = read(draft.text);
  if ("problem" in found) return wrong(found.problem);
  return found.value instanceof Map ? made(JSON.parse(draft.text) as Literal) : wrong("is no literal: an object with scalar, collection or map");
}

function ofStruct(type: LiteralType, draft: Draft): Made {
  const { value, problems } = plainOf(type, draft);
  if (value === undefined) return { problems };
  if (!(value instanceof Map || Array.isArray(value))) return wrong("is neither an object nor a list");
  const schema = schemaOf(type);
  const unfit = schema ? misfits(schema, value) : [];
  return unfit.length ? { problems: unfit } : made(structLiteral(type, value, schema));
}
