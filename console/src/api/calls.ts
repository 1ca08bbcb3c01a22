/** What the console does, as others do it: on the command line, by a request, in Python. None holds a credential. Pure. */
import { pythonText } from "../text/python";
import { quoted } from "../text/shell";
import type { Forked } from "./causes";
import { FLYTE, OWN, path, query } from "./http";
import type { Literal } from "./idl";
import type { EntityId, Place, RunId } from "./runs";

export interface Call {
  readonly command: string;
  readonly request: Request;
  /** Empty where Python has no such call. */
  readonly python: string;
}

interface Request {
  readonly verb: "GET" | "POST" | "PUT" | "DELETE";
  readonly path: string;
  readonly body?: object;
}

/** A request as curl makes it. */
export function curl({ verb, path: to, body }: Request, base: string): string {
  const url = quoted(base + to);
  return verb === "GET" ? `curl ${url}` : `curl -X ${verb} -H 'Content-Type: application/json' -d ${quoted(JSON.stringify(body ?? {}))} ${url}`;
}

/** Options stand before the arguments: after the name of what is launched they are its inputs. */
export function command(place: Place, of: string, ...words: readonly string[]): string {
  const isUsual = place.project === "flytesnacks" && place.domain === "development";
  return `alula ${of} ${[...(isUsual ? [] : ["-p", place.project, "-d", place.domain]), ...words].map(quoted).join(" ")}`;
}

/** A program of these lines, which know `remote`; `imports` are other names of `alula` that they need. */
export function program(place: Place, lines: readonly string[], imports: readonly string[] = []): string {
  return [
    ...imports,
    "from alula.remote import FlyteRemote",
    "",
    `remote = FlyteRemote(default_project=${pythonText(place.project)}, default_domain=${pythonText(place.domain)})`,
    ...lines,
  ].join("\n");
}

const at = (id: RunId): string => path(id.project, id.domain, id.name);
const only = ({ project, domain, name }: RunId): RunId => ({ project, domain, name });
const fetched = (id: RunId): string => `run = remote.fetch_execution(name=${pythonText(id.name)})`;
const again = (id: RunId, how: string, imports: readonly string[] = []): string => program(id, [fetched(id), `print(run.${how}.id)`], imports);

export const lookingAt = (id: RunId): Call => ({
  command: command(id, "describe execution", id.name),
  request: { verb: "GET", path: `${FLYTE}/executions/${at(id)}` },
  python: program(id, [fetched(id), "print(run.phase, run.error)"]),
});

export const explaining = (id: RunId): Call => ({
  command: command(id, "explain", id.name),
  request: { verb: "GET", path: `${OWN}/explain/${at(id)}` },
  python: "",
});

export const aborting = (id: RunId, cause: string): Call => ({
  command: command(id, "abort", id.name, ...(cause ? ["--cause", cause] : [])),
  request: { verb: "DELETE", path: `${FLYTE}/executions/${at(id)}`, body: { id: only(id), cause } },
  python: program(id, [fetched(id), `run.abort(${cause ? pythonText(cause) : ""})`]),
});

export const relaunching = (id: RunId): Call => ({
  command: command(id, "relaunch", id.name),
  request: { verb: "POST", path: `${FLYTE}/executions/relaunch`, body: { id: only(id) } },
  python: again(id, "relaunch()"),
});

export const recovering = (id: RunId): Call => ({
  command: command(id, "recover", id.name),
  request: { verb: "POST", path: `${FLYTE}/executions/recover`, body: { id: only(id) } },
  python: again(id, "recover()"),
});

/** `memory` is for the tasks of these nodes. */
export function forking(id: RunId, nodes: readonly string[], memory = ""): Call & { readonly request: { readonly body: Forked } } {
  const amounts = [{ name: "MEMORY", value: memory }];
  const given = [...nodes.map(pythonText), ...(memory ? [`resources=Resources(mem=${pythonText(memory)})`] : [])];
  return {
    command: command(id, "fork", id.name, ...nodes.flatMap((node) => ["--from", node]), ...(memory ? ["--mem", memory] : [])),
    request: { verb: "POST", path: `${OWN}/fork/${at(id)}`, body: { nodes, ...(memory ? { overrides: { resources: { requests: amounts, limits: amounts } } } : {}) } },
    python: again(id, `fork(${given.join(", ")})`, memory ? ["from alula import Resources"] : []),
  };
}

/** The verdict on an approval. */
export const deciding = (id: RunId, signal: string, approved: boolean): Call => ({
  command: command(id, approved ? "approve" : "reject", id.name, signal),
  request: answer(id, signal, { scalar: { primitive: { boolean: approved } } }),
  python: program(id, [`remote.${approved ? "approve" : "reject"}(${pythonText(signal)}, ${pythonText(id.name)})`]),
});

/** A value for a question, as JSON for the command line and as Python. */
export const giving = (id: RunId, signal: string, value: Literal, text: string, python: string | null, imports: readonly string[]): Call => ({
  command: command(id, "signal set", id.name, signal, text),
  request: answer(id, signal, value),
  python: python === null ? "" : program(id, [`remote.set_input(${pythonText(signal)}, ${pythonText(id.name)}, ${python})`], imports),
});

function answer(id: RunId, signal: string, value: Literal): Request {
  return { verb: "POST", path: `${FLYTE}/signals`, body: { id: { signal_id: signal, execution_id: only(id) }, value } };
}

export const evicting = (place: Place, task: string): Call => ({
  command: command(place, "cache evict", task),
  request: { verb: "DELETE", path: `${OWN}/cache/${path(place.project, place.domain)}${query({ task })}` },
  python: "",
});

export const changingBackfill = (place: Place, name: string, change: string): Call => ({
  command: command(place, `backfill ${change}`, name),
  request: { verb: "POST", path: `${OWN}/backfills/${path(place.project, place.domain, name, change)}` },
  python: "",
});

/** Make a version of a launch plan the active one, or none. */
export const activating = (plan: EntityId, active: boolean): Call => ({
  command: command(plan, active ? "schedule activate" : "schedule deactivate", active ? `${plan.name}@${plan.version}` : plan.name),
  request: {
    verb: "PUT",
    path: `${FLYTE}/launch_plans/${path(plan.project, plan.domain, plan.name, plan.version)}`,
    body: { id: { resource_type: "LAUNCH_PLAN", ...plan }, state: active ? "ACTIVE" : "INACTIVE" },
  },
  python: "",
});
