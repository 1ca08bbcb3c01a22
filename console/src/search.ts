/** The state of each page as its address holds it, so that a link shows the same again. Unknown words are dropped. */
import type { SlotState } from "./api/backfills";

const SLOT_STATES: readonly SlotState[] = ["WAITING", "RUNNING", "SUCCEEDED", "FAILED", "THERE"];

type Search = Record<string, unknown>;

export type RunView = "timeline" | "graph" | "table";
export const RUN_VIEWS: readonly RunView[] = ["timeline", "graph", "table"];
export type RunTab = "why" | "log" | "data" | "deck" | "use" | "lineage" | "events" | "items";
const RUN_TABS: readonly RunTab[] = ["why", "log", "data", "deck", "use", "lineage", "events", "items"];

export interface RunSearch {
  view?: RunView | undefined;
  /** The selected node. */
  sel?: string | undefined;
  /** The selected item of it, if it is an array. */
  item?: number | undefined;
  att?: number | undefined;
  tab?: RunTab | undefined;
  q?: string | undefined;
  /** The tone of the states that are shown. */
  ph?: string | undefined;
  /** Nodes that are open, beside those that are open by themselves; with `!` in front, those that are closed. */
  open?: string | undefined;
  line?: number | undefined;
}

export function runSearch(search: Search): RunSearch {
  return without({
    view: oneOf(search["view"], RUN_VIEWS),
    sel: text(search["sel"]),
    item: whole(search["item"]),
    att: whole(search["att"]),
    tab: oneOf(search["tab"], RUN_TABS),
    q: text(search["q"]),
    ph: text(search["ph"]),
    open: text(search["open"]),
    line: whole(search["line"]),
  });
}

export interface RunsSearch {
  phase?: string | undefined;
  workflow?: string | undefined;
  since?: string | undefined;
  /** Times of RFC 3339 in UTC, from the first up to the second. */
  from?: string | undefined;
  to?: string | undefined;
  q?: string | undefined;
  archived?: boolean | undefined;
}

export function runsSearch(search: Search): RunsSearch {
  return without({
    phase: text(search["phase"]),
    workflow: text(search["workflow"]),
    since: text(search["since"]),
    from: time(search["from"]),
    to: time(search["to"]),
    q: text(search["q"]),
    archived: search["archived"] === true ? true : undefined,
  });
}

export interface ListSearch {
  q?: string | undefined;
}

export const listSearch = (search: Search): ListSearch => without({ q: text(search["q"]) });

export type EntityTab = "runs" | "grid" | "graph" | "versions" | "schedule" | "triggers";
export interface EntitySearch {
  tab?: EntityTab | undefined;
}

export const entitySearch = (search: Search): EntitySearch =>
  without({ tab: oneOf(search["tab"], ["runs", "grid", "graph", "versions", "schedule", "triggers"] as const) });

export interface LaunchSearch {
  kind?: "workflow" | "task" | "launch_plan" | undefined;
  name?: string | undefined;
  version?: string | undefined;
  /** The run whose inputs fill the form. */
  from?: string | undefined;
}

export const launchSearch = (search: Search): LaunchSearch =>
  without({
    kind: oneOf(search["kind"], ["workflow", "task", "launch_plan"] as const),
    name: text(search["name"]),
    version: text(search["version"]),
    from: text(search["from"]),
  });

export interface BackfillSearch {
  /** The state of the slots that are shown; without it, all. */
  state?: SlotState | undefined;
}

export const backfillSearch = (search: Search): BackfillSearch => without({ state: oneOf(search["state"], SLOT_STATES) });

export interface CompareSearch {
  /** The earlier run; without it, the last success of the same workflow. */
  a?: string | undefined;
  b?: string | undefined;
}

export const compareSearch = (search: Search): CompareSearch => without({ a: text(search["a"]), b: text(search["b"]) });

export interface AuditSearch {
  q?: string | undefined;
  by?: string | undefined;
  action?: string | undefined;
  /** Of all projects. */
  all?: boolean | undefined;
}

export const auditSearch = (search: Search): AuditSearch =>
  without({ q: text(search["q"]), by: text(search["by"]), action: text(search["action"]), all: search["all"] === true ? true : undefined });

function text(value: unknown): string | undefined {
  if (typeof value === "number") return String(value);
  return typeof value === "string" && value ? value : undefined;
}

function time(value: unknown): string | undefined {
  const found = text(value);
  return found === undefined || Number.isNaN(Date.parse(found)) ? undefined : new Date(found).toISOString();
}

function whole(value: unknown): number | undefined {
  const number = typeof value === "string" ? Number(value) : value;
  return typeof number === "number" && Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}

function oneOf<T extends string>(value: unknown, known: readonly T[]): T | undefined {
  return known.find((each) => each === value);
}

function without<T extends object>(values: T): T {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T;
}
