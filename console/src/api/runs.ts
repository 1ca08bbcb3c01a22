/** Runs as the platform tells them to the console: rows of lists, and the columns of one run. */
import type { WorkflowClosure } from "./idl";
import { type Asked, OWN, ask, get, path, query } from "./http";

export interface Place {
  readonly project: string;
  readonly domain: string;
}

export interface RunId extends Place {
  readonly name: string;
}

export interface EntityId extends Place {
  readonly name: string;
  readonly version: string;
}

export interface Reason {
  readonly code: string;
  readonly message: string;
}

export interface Run extends RunId {
  readonly seq: number;
  readonly phase: number;
  readonly workflow: EntityId;
  readonly launch_plan: EntityId;
  readonly launch_entity: "launch_plan" | "task";
  readonly principal: string;
  readonly mode: number;
  readonly created_at: number;
  readonly started_at: number | null;
  readonly ended_at: number | null;
  readonly updated_at: number;
  readonly archived: boolean;
  readonly labels: Record<string, string>;
  readonly parent: (RunId & { readonly node_id: string }) | null;
  /** Why a trigger has started it; null if none has. */
  readonly cause: { readonly text: string; readonly run: RunId | null } | null;
  /** Where it took place, if it came here as a file; null if it took place here. */
  readonly imported: { readonly run: string; readonly platform: string; readonly at: number | null } | null;
  readonly reason: Reason | null;
  /** How many nodes are in each phase; those that have not begun are not counted. */
  readonly nodes: readonly number[];
}

export interface RunPage {
  readonly runs: readonly Run[];
  /** How many questions wait for an answer, by the name of the run; of those that have some. */
  readonly questions: Readonly<Record<string, number>>;
  readonly next: string;
  readonly now: number;
}

export interface NodeColumns {
  readonly id: string[];
  readonly spec: string[];
  readonly parent: string[];
  readonly phase: number[];
  readonly created: number[];
  readonly started: number[];
  readonly ended: number[];
  readonly tries: number[];
  readonly cache: number[];
  readonly flags: number[];
}

export interface AttemptColumns {
  readonly node: string[];
  readonly attempt: number[];
  readonly phase: number[];
  readonly created: number[];
  readonly started: number[];
  readonly ended: number[];
}

export interface SignalRow {
  readonly id: string;
  readonly node: string;
  readonly created_at: number;
  readonly principal: string | null;
  readonly answered: boolean;
}

export interface ArrayCounts {
  readonly size: number;
  readonly phases: readonly number[];
}

export interface Skeleton {
  readonly seq: number;
  /** Microseconds; all times of the columns are milliseconds after it. */
  readonly t0: number;
  readonly now: number;
  readonly run: Run;
  readonly nodes: NodeColumns;
  readonly children: Record<string, string>;
  readonly errors: Record<string, Reason>;
  readonly attempts: AttemptColumns;
  readonly arrays: Record<string, ArrayCounts>;
  readonly signals: readonly SignalRow[];
  readonly partial?: boolean;
  readonly next?: string;
}

export interface Changes extends Skeleton {
  readonly since: number;
  readonly reset: boolean;
  readonly items: Record<string, { readonly index: number[]; readonly phase: number[] } | null>;
}

export const PARENT = 1;
export const DYNAMIC = 2;
export const ARRAY = 4;
export const HAS_DECK = 8;

export interface ListAsked {
  readonly filters?: string;
  readonly limit?: number;
  readonly cursor?: string;
  readonly sort?: string;
}

export function listRuns(place: Place, asked: ListAsked, signal?: AbortSignal): Promise<RunPage> {
  return get(`${OWN}/runs/${path(place.project, place.domain)}${query({ ...asked })}`, { signal });
}

function ofRun(id: RunId): string {
  return `${OWN}/runs/${path(id.project, id.domain, id.name)}`;
}

export function readSkeleton(id: RunId, asked: { parent?: string; cursor?: string } = {}, how: Asked = {}): Promise<Skeleton> {
  return get(`${ofRun(id)}/skeleton${query(asked)}`, how);
}

export function readChanges(id: RunId, since: number, signal?: AbortSignal): Promise<Changes> {
  return get(`${ofRun(id)}/changes${query({ since })}`, { signal });
}

/** The graph of a run as far as it is drawn, or with `node` the one that this dynamic step has made. */
export function readGraph(id: RunId, node = "", signal?: AbortSignal): Promise<WorkflowClosure> {
  return get(`${ofRun(id)}/graph${query({ node_id: node })}`, { signal });
}

export interface Item {
  readonly index: number;
  readonly phase: number;
  readonly attempt: number;
  readonly started: number;
  readonly ended: number;
  readonly cache: number;
  readonly error: Reason | null;
}

export interface ItemPage {
  readonly seq: number;
  readonly size: number;
  readonly t0: number;
  readonly items: readonly Item[];
  readonly next: string;
}

export interface ItemsAsked {
  readonly from?: number;
  readonly limit?: number;
  readonly phase?: string;
  readonly q?: string;
  readonly sort?: string;
  readonly cursor?: string;
}

export function listItems(id: RunId, node: string, asked: ItemsAsked, signal?: AbortSignal): Promise<ItemPage> {
  return get(`${ofRun(id)}/items/${path(node)}${query({ ...asked })}`, { signal });
}

export interface ItemSummary {
  readonly size: number;
  readonly phases: readonly number[];
  readonly durations_ms: Record<"p50" | "p90" | "p95" | "p99" | "max", number> | null;
  readonly slowest: readonly { readonly index: number; readonly ms: number }[];
  readonly errors: readonly { readonly code: string; readonly message: string; readonly count: number; readonly indexes: number[] }[];
}

export function readItemSummary(id: RunId, node: string, signal?: AbortSignal): Promise<ItemSummary> {
  return get(`${ofRun(id)}/items/${path(node)}/summary${query({ bins: 60 })}`, { signal });
}

export async function readItemPhases(id: RunId, node: string, signal?: AbortSignal): Promise<Uint8Array> {
  const response = await ask(`${ofRun(id)}/items/${path(node)}/phases`, signal ? { signal } : {});
  return new Uint8Array(await response.arrayBuffer());
}

/** A figure of a machine, with its counter and how far it is to be trusted. */
export interface Measured {
  readonly value: number;
  readonly source: string;
  readonly accuracy: "exact" | "at_least" | "sampled" | "estimated";
  readonly every_ms: number;
}

/** 0 for none. */
export interface Amounts {
  readonly cpu_millicores: number;
  readonly memory_bytes: number;
  readonly gpu: number;
  readonly storage_bytes: number;
  readonly ephemeral_storage_bytes: number;
}

/** A figure that is not known is null; zero has been measured. */
export interface AttemptUse {
  readonly attempt: number;
  readonly phase: number;
  readonly took_us: number | null;
  readonly cpu_us: Measured | null;
  readonly peak_memory_bytes: Measured | null;
  readonly written_bytes: Measured | null;
  readonly requests: Amounts;
  readonly limits: Amounts;
}

/** What the tries of a step have used, or the newest of one item. */
export function readUse(id: RunId, node: string, index = -1, signal?: AbortSignal): Promise<{ readonly attempts: readonly AttemptUse[] }> {
  return get(`${ofRun(id)}/use/${path(node)}${query({ index: index < 0 ? undefined : index })}`, { signal });
}

export interface About {
  readonly version: string;
  readonly features: readonly string[];
  readonly domains: readonly string[];
  readonly principal: string;
  readonly now: number;
}

export const readAbout = (signal?: AbortSignal): Promise<About> => get(`${OWN}/about`, { signal });
