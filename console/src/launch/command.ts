/** The same launch for other clients, to be copied. Pure. */
import { type Call, command, program } from "../api/calls";
import { FLYTE } from "../api/http";
import type { Literal } from "../api/idl";
import type { Place } from "../api/runs";
import { pythonText } from "../text/python";
import { ofBase64 } from "../values/base64";
import { readJson, writeJson } from "../values/json";
import { Float, type Packable, unpackExact } from "../values/msgpack";
import { importsOf, inPython } from "../values/python";
import { shown } from "../values/shown";
import type { Filled, Form, Options } from "./form";

/** `body` is the request that the page itself makes. */
export function callOf(form: Form, done: Filled, place: Place, options: Options, body: object): Call {
  return {
    command: command(place, "launch", ...chosen(options), ...told(done), `${form.entity.name}@${form.entity.version}`),
    request: { verb: "POST", path: `${FLYTE}/executions`, body },
    python: inProgram(form, done, place, options),
  };
}

function told({ literals }: Filled): string[] {
  const inputs = new Map(Object.entries(literals).map(([name, literal]) => [name, plain(literal)]));
  return inputs.size ? ["--inputs", writeJson(inputs, null)] : [];
}

function chosen({ name, maxParallelism, overwriteCache }: Options): string[] {
  return [...(name ? ["--name", name] : []), ...(maxParallelism ? ["--max-parallelism", maxParallelism] : []), ...(overwriteCache ? ["--overwrite-cache"] : [])];
}

/** Empty where an input has no form in Python. */
function inProgram(form: Form, done: Filled, place: Place, { name, maxParallelism, overwriteCache }: Options): string {
  const { entity } = form;
  const fetch = entity.resource_type === "TASK" ? "fetch_task" : "fetch_launch_plan";
  const inputs = inPython({ map: { literals: done.literals } });
  if (inputs === null) return "";
  const given = [
    "entity",
    ...(inputs === "{}" ? [] : [`inputs=${inputs}`]),
    ...(name ? [`execution_name=${pythonText(name)}`] : []),
    ...(maxParallelism ? [`options=Options(max_parallelism=${Number(maxParallelism)})`] : []),
    ...(overwriteCache ? ["overwrite_cache=True"] : []),
  ];
  const lines = [`entity = remote.${fetch}(name=${pythonText(entity.name)}, version=${pythonText(entity.version)})`, `print(remote.execute(${given.join(", ")}).id)`];
  return program(place, lines, [...importsOf(inputs), ...(maxParallelism ? ["from alula import Options"] : [])]);
}

/** A literal as JSON that the command line reads. */
export function plain(literal: Literal): Packable {
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
