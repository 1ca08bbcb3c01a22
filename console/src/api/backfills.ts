/** Launch plans that are run for times in the past. */
import { OWN, get, path, query, send } from "./http";
import type { Place, RunId } from "./runs";

export type BackfillState = "RUNNING" | "PAUSED" | "CANCELLING" | "SUCCEEDED" | "FAILED" | "CANCELLED";
export type SlotState = "WAITING" | "RUNNING" | "SUCCEEDED" | "FAILED" | "THERE";

export interface Backfill extends RunId {
  readonly plan: string;
  readonly version: string;
  readonly state: BackfillState;
  readonly principal: string;
  readonly first: string;
  readonly until: string;
  /** Empty for the schedule of the plan. */
  readonly cron: string;
  readonly kickoff: string;
  readonly order: "oldest" | "newest";
  readonly at_once: number;
  readonly reprocess: "none" | "failed" | "all";
  readonly on_failure: "stop" | "continue";
  readonly slots: Readonly<Record<Lowercase<SlotState>, number>>;
  readonly created_at: string;
  readonly ended_at: string | null;
}

export interface Slot {
  readonly at: string;
  readonly planned_for: string;
  readonly state: SlotState;
  /** Also the name of a run that has not been started. */
  readonly run: string;
  readonly detail: string;
}

export type Change = "pause" | "resume" | "cancel";

export const BACKFILLS_PAGE = 100;
export const SLOTS_PAGE = 200;

const at = (place: Place, ...name: readonly string[]): string => `${OWN}/backfills/${path(place.project, place.domain, ...name)}`;

/** The newest first; with a plan, those of it alone. */
export const listBackfills = (place: Place, plan: string, offset: number, signal?: AbortSignal): Promise<readonly Backfill[]> =>
  get(`${at(place)}${query({ plan, limit: BACKFILLS_PAGE, offset })}`, { signal });
export const readBackfill = (place: Place, name: string, signal?: AbortSignal): Promise<Backfill> => get(at(place, name), { signal });
export const listSlots = (place: Place, name: string, state: SlotState | undefined, offset: number, signal?: AbortSignal): Promise<readonly Slot[]> =>
  get(`${at(place, name)}/slots${query({ state, limit: SLOTS_PAGE, offset })}`, { signal });
export const changeBackfill = (place: Place, name: string, change: Change): Promise<Backfill> => send("POST", at(place, name, change), {});
