/** The same launch as a command, to be copied. Pure. */
import type { Literal } from "../api/idl";
import type { Place } from "../api/runs";
import { ofBase64 } from "../values/base64";
import { readJson, writeJson } from "../values/json";
import { Float, type Packable, unpackExact } from "../values/msgpack";
import { shown } from "../values/shown";
import { quoted } from "../text/shell";
import type { Filled, Form } from "./form";

export function command(form: Form, done: Filled, place: Place): string {
  const where = place.project === "flytesnacks" && place.domain === "development" ? [] : ["-p", place.project, "-d", place.domain];
  const inputs = new Map(Object.entries(done.literals).map(([name, literal]) => [name, plain(literal)]));
  const told = inputs.size ? ["--inputs", writeJson(inputs, null)] : [];
  return ["alula", "launch", `${form.entity.name}@${form.entity.version}`, ...where, ...told].map(quoted).join(" ");
}

function plain(literal: Literal): Packable {
  const value = shown(literal);
  const { scalar } = literal;
  if (value.kind === "json" && scalar?.binary) return unpackExact(ofBase64(scalar.binary.value)) as Packable;
  if (scalar?.primitive?.float_value !== undefined) return typeof scalar.primitive.float_value === "number" ? new Float(scalar.primitive.float_value) : scalar.primitive.float_value;
  switch (value.kind) {
    case "none": return null;
    case "json": return readJson(JSON.stringify(value.value));
    case "list": return value.parts.map(plain);
    case "map": return new Map(value.parts.map(([key, part]) => [key, plain(part)]));
    case "object": return value.uri;
    case "text": return value.type === "bool" ? value.text === "true" : value.type === "int" ? BigInt(value.text) : value.text;
  }
}
