/** Texts that people type as literals of one scalar, or what is wrong with them. Pure. */
import type { Literal, LiteralType } from "../api/idl";
import { choicesOf } from "../values/types";
import type { Problem } from "./structs";
import { durationOf, instantOf } from "./times";

export interface Made {
  readonly literal?: Literal;
  readonly problems: readonly Problem[];
}

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

export function made(literal: Literal): Made {
  return { literal, problems: [] };
}

export function wrong(message: string): Made {
  return { problems: [{ path: [], message }] };
}

export function ofText(type: LiteralType, text: string): Made {
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

export function primitive(value: NonNullable<NonNullable<Literal["scalar"]>["primitive"]>): Made {
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
  // JSON has no minus zero.
  return Number.isFinite(value) ? primitive({ float_value: Object.is(value, -0) ? "-0" : value }) : wrong("is too large");
}
