/** The form of an entity: its inputs in the order in which one fills them, and what becomes of them. Pure. */
import type { Identifier, Literal, LiteralType, Parameter, Variable } from "../api/idl";
import { type Draft, empty } from "./drafts";
import { draftOf } from "./given";
import { literalOf } from "./literals";
import type { Made } from "./scalars";
import type { Problem } from "./structs";

export interface Input {
  readonly name: string;
  readonly type: LiteralType;
  readonly description: string;
  readonly required: boolean;
  readonly initial: Draft;
  /** The literal that the initial draft is of: it is sent as it is while nobody has changed it. */
  readonly given?: Literal;
  /** Where the initial value comes from. */
  readonly note: string;
  readonly hasDefault: boolean;
}

export interface Fixed {
  readonly name: string;
  readonly literal: Literal;
}

export interface Form {
  readonly entity: Identifier;
  readonly inputs: readonly Input[];
  readonly fixed: readonly Fixed[];
}

export function formOfPlan(entity: Identifier, parameters: Record<string, Parameter>, fixed: Record<string, Literal>, before: Record<string, Literal>, from: string): Form {
  const inputs = Object.entries(parameters).filter(([name]) => !(name in fixed)).map(([name, parameter]) => input(name, parameter.var, parameter.default, before[name], from, parameter.required ?? false));
  return { entity, inputs: inOrder(inputs), fixed: Object.entries(fixed).map(([name, literal]) => ({ name, literal })) };
}

export function formOfTask(entity: Identifier, variables: Record<string, Variable>, before: Record<string, Literal>, from: string): Form {
  return { entity, inputs: inOrder(Object.entries(variables).map(([name, variable]) => input(name, variable, undefined, before[name], from, true))), fixed: [] };
}

function input(name: string, variable: Variable, given: Literal | undefined, before: Literal | undefined, from: string, required: boolean): Input {
  const value = before ?? given;
  return {
    name,
    type: variable.type,
    description: variable.description ?? "",
    required,
    initial: value ? draftOf(variable.type, value) : empty(variable.type),
    ...(value ? { given: value } : {}),
    note: before ? `same as ${from}` : given ? "default" : "",
    hasDefault: given !== undefined && before === undefined,
  };
}

/** Those that have to be filled first. */
function inOrder(inputs: readonly Input[]): Input[] {
  return [...inputs].sort((a, b) => Number(a.hasDefault) - Number(b.hasDefault) || a.name.localeCompare(b.name));
}

export type Drafts = Readonly<Record<string, Draft>>;

export interface Filled {
  readonly literals: Record<string, Literal>;
  readonly problems: Record<string, readonly Problem[]>;
}

export function filled(form: Form, drafts: Drafts): Filled {
  const literals: Record<string, Literal> = {};
  const problems: Record<string, readonly Problem[]> = {};
  for (const each of form.inputs) {
    const draft = drafts[each.name];
    const made: Made = !draft && each.given ? { literal: each.given, problems: [] } : literalOf(each.type, draft ?? each.initial);
    if (made.literal) literals[each.name] = made.literal;
    else problems[each.name] = made.problems;
  }
  return { literals, problems };
}

/** The request that launches it. */
export function request(form: Form, filled: Filled, place: { project: string; domain: string }, options: Options): object {
  return {
    project: place.project,
    domain: place.domain,
    name: options.name,
    spec: {
      launch_plan: form.entity,
      metadata: { mode: "MANUAL" },
      ...(options.maxParallelism ? { max_parallelism: Number(options.maxParallelism) } : {}),
      ...(options.overwriteCache ? { overwrite_cache: true } : {}),
    },
    inputs: { literals: filled.literals },
  };
}

export interface Options {
  readonly name: string;
  readonly maxParallelism: string;
  readonly overwriteCache: boolean;
}
