/** The calls of Flyte's own API that the console makes. */
import { FLYTE, get, path, query, send } from "./http";
import type { ExecutionId, Identifier, Interface, Literal, Parameter, TaskTemplate, WorkflowClosure } from "./idl";
import type { EntityId, Place, RunId } from "./runs";

export interface LiteralMap {
  readonly literals?: Record<string, Literal>;
}

export interface Data {
  readonly full_inputs?: LiteralMap;
  readonly full_outputs?: LiteralMap;
  readonly inputs?: { readonly url: string; readonly bytes?: string };
  readonly outputs?: { readonly url: string; readonly bytes?: string };
  readonly flyte_urls?: { readonly inputs?: string; readonly outputs?: string; readonly deck?: string };
}

export interface ExecutionError {
  readonly code: string;
  readonly message: string;
  readonly kind: string;
}

export interface Execution {
  readonly id: ExecutionId;
  readonly spec: {
    readonly launch_plan: Identifier;
    readonly metadata?: { readonly mode?: string; readonly principal?: string; readonly reference_execution?: ExecutionId };
    readonly max_parallelism?: number;
  };
  readonly closure: {
    readonly error?: ExecutionError;
    readonly abort_metadata?: { readonly cause: string; readonly principal: string };
    readonly workflow_id: Identifier;
  };
}

export interface TaskExecution {
  readonly id: { readonly retry_attempt?: number; readonly task_id: Identifier };
  readonly closure: {
    readonly phase: string;
    readonly created_at?: string;
    readonly started_at?: string;
    readonly duration?: string;
    readonly error?: ExecutionError;
    readonly logs?: readonly { readonly name: string; readonly uri: string }[];
    readonly custom_info?: Record<string, unknown>;
    readonly reason?: string;
  };
}

const at = (id: RunId): string => path(id.project, id.domain, id.name);

export const readExecution = (id: RunId, signal?: AbortSignal): Promise<Execution> =>
  get(`${FLYTE}/executions/${at(id)}`, { signal });

export const readRunData = (id: RunId, signal?: AbortSignal): Promise<Data> =>
  get(`${FLYTE}/data/executions/${at(id)}`, { signal });

export const readNodeData = (id: RunId, node: string, signal?: AbortSignal): Promise<Data> =>
  get(`${FLYTE}/data/node_executions/${at(id)}/${path(node)}`, { signal });

export function readTaskData(id: RunId, node: string, task: Identifier, attempt: number, signal?: AbortSignal): Promise<Data> {
  const of = path(task.project, task.domain, task.name, task.version, attempt);
  return get(`${FLYTE}/data/task_executions/${at(id)}/${path(node)}/${of}`, { signal });
}

export const listAttempts = (id: RunId, node: string, signal?: AbortSignal): Promise<{ task_executions?: TaskExecution[] }> =>
  get(`${FLYTE}/task_executions/${at(id)}/${path(node)}${query({ limit: 100 })}`, { signal });

export interface Workflow {
  readonly id: Identifier;
  readonly closure: { readonly compiled_workflow: WorkflowClosure; readonly created_at?: string };
  readonly short_description?: string;
}

export interface Task {
  readonly id: Identifier;
  readonly closure: { readonly compiled_task: { readonly template: TaskTemplate }; readonly created_at?: string };
  readonly short_description?: string;
}

export interface LaunchPlan {
  readonly id: Identifier;
  readonly spec: {
    readonly workflow_id: Identifier;
    readonly default_inputs?: { readonly parameters?: Record<string, Parameter> };
    readonly fixed_inputs?: LiteralMap;
    readonly entity_metadata?: {
      readonly schedule?: Schedule;
      /** What starts it beside a schedule: any message. */
      readonly launch_conditions?: unknown;
    };
  };
  readonly closure: {
    readonly state: string;
    readonly expected_inputs?: { readonly parameters?: Record<string, Parameter> };
    readonly expected_outputs?: Interface["outputs"];
    readonly created_at?: string;
  };
}

export interface Schedule {
  readonly cron_schedule?: { readonly schedule: string };
  readonly cron_expression?: string;
  readonly rate?: { readonly value: number; readonly unit: string };
}

export type Kind = "workflow" | "task" | "launch_plan";

const PLURAL = { workflow: "workflows", task: "tasks", launch_plan: "launch_plans" } as const;

export function readEntity<T>(kind: Kind, id: EntityId, signal?: AbortSignal): Promise<T> {
  return get(`${FLYTE}/${PLURAL[kind]}/${path(id.project, id.domain, id.name, id.version)}`, { signal });
}

export interface EntityPage {
  readonly workflows?: Workflow[];
  readonly tasks?: Task[];
  readonly launch_plans?: LaunchPlan[];
  readonly token?: string;
}

export function listVersions(kind: Kind, place: Place, name: string, limit: number, token = "", signal?: AbortSignal): Promise<EntityPage> {
  const sorted = { limit, token, "sort_by.key": "created_at", "sort_by.direction": "DESCENDING" };
  return get(`${FLYTE}/${PLURAL[kind]}/${path(place.project, place.domain, name)}${query(sorted)}`, { signal });
}

export interface NamedEntity {
  readonly id: { readonly name: string };
  readonly metadata?: { readonly description?: string; readonly state?: string };
}

export function listNames(kind: Kind, place: Place, token = "", signal?: AbortSignal): Promise<{ entities?: NamedEntity[]; token?: string }> {
  const sorted = { limit: 200, token, "sort_by.key": "name", "sort_by.direction": "ASCENDING" };
  return get(`${FLYTE}/named_entities/${kind.toUpperCase()}/${path(place.project, place.domain)}${query(sorted)}`, { signal });
}

export interface Project {
  readonly id: string;
  readonly name: string;
  readonly description?: string;
  readonly labels?: object;
  readonly state?: string;
  readonly domains: readonly { readonly id: string; readonly name: string }[];
}

export const listProjects = (signal?: AbortSignal): Promise<{ projects?: Project[] }> =>
  get(`${FLYTE}/projects${query({ limit: 200 })}`, { signal });

/** The name of a new run. */
interface Started {
  readonly id: ExecutionId;
}

export const createRun = (body: object): Promise<Started> => send("POST", `${FLYTE}/executions`, body);
export const relaunch = (id: RunId, overwriteCache: boolean): Promise<Started> =>
  send("POST", `${FLYTE}/executions/relaunch`, { id: only(id), overwrite_cache: overwriteCache });
export const recover = (id: RunId): Promise<Started> => send("POST", `${FLYTE}/executions/recover`, { id: only(id) });
export const abort = (id: RunId, cause: string): Promise<unknown> =>
  send("DELETE", `${FLYTE}/executions/${at(id)}`, { id: only(id), cause });

export const setSignal = (id: RunId, signal: string, value: Literal): Promise<unknown> =>
  send("POST", `${FLYTE}/signals`, { id: { signal_id: signal, execution_id: only(id) }, value });

export const linkToDeck = (id: RunId, node: string): Promise<{ signed_url?: readonly string[]; pre_signed_urls?: { readonly signed_url: readonly string[] } }> =>
  send("POST", `${FLYTE}/dataproxy/artifact_link`, { artifact_type: "ARTIFACT_TYPE_DECK", node_execution_id: { node_id: node, execution_id: only(id) } });

function only(id: RunId): ExecutionId {
  return { project: id.project, domain: id.domain, name: id.name };
}
