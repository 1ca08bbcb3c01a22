/** The same launch as a command, to be copied. Pure. */
import type { Literal } from "../api/idl";
import type { Place } from "../api/runs";
import { shown } from "../values/shown";
import { quoted } from "../text/shell";
import type { Filled, Form } from "./form";

export function command(form: Form, done: Filled, place: Place): string {
  const where = place.project === "flytesnacks" && place.domain === "development" ? [] : ["-p", place.project, "-d", place.domain];
  const inputs = Object.fromEntries(Object.entries(done.literals).map(([name, literal]) => [name, plain(literal)]));
  const told = Object.keys(inputs).length ? ["--inputs", JSON.stringify(inputs)] : [];
  return ["alula", "launch", `${form.entity.name}@${form.entity.version}`, ...where, ...told].map(quoted).join(" ");
}

function plain(literal: Literal): unknown {
  const value = shown(literal);
  switch (value.kind) {
    case "none": return null;
    case "json": return value.value;
    case "list": return value.parts.map(plain);
    case "map": return Object.fromEntries(value.parts.map(([key, part]) => [key, plain(part)]));
    case "object": return value.uri;
    case "text": return value.type === "bool" ? value.text === "true" : value.type === "int" && Number.isSafeInteger(Number(value.text)) ? Number(value.text) : value.text;
  }
}
