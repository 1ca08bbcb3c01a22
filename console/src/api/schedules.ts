/** Launch plans that start by the clock: how their schedules are, and what can be done with them. */
import { FLYTE, OWN, get, path, query, send } from "./http";
import type { EntityId, Place } from "./runs";

export interface ScheduleState {
  readonly name: string;
  readonly version: string;
  readonly state: "ACTIVE" | "WAITING" | "PAUSED" | "ENDED";
  readonly principal: string;
  /** Empty for UTC. */
  readonly zone: string;
  readonly since: string;
  readonly next_at: string | null;
  readonly last_at: string | null;
  readonly last_run: string;
  readonly waiting: readonly string[];
  readonly missed: number;
  readonly skipped: string;
}

const at = (place: Place, name: string): string => `${OWN}/schedules/${path(place.project, place.domain, name)}`;

export const readSchedule = (place: Place, name: string, signal?: AbortSignal): Promise<ScheduleState> => get(at(place, name), { signal });
export const changeSchedule = (place: Place, name: string, how: "pause" | "resume"): Promise<ScheduleState> => send("POST", `${at(place, name)}/${how}`, {});
export const listSchedules = (place: Place, limit: number, signal?: AbortSignal): Promise<ScheduleState[]> =>
  get(`${OWN}/schedules/${path(place.project, place.domain)}${query({ limit })}`, { signal });
/** A run at once, with the inputs of the schedule. */
export const triggerSchedule = (place: Place, name: string): Promise<{ readonly name: string }> => send("POST", `${at(place, name)}/trigger`, {});

export const setActive = (id: EntityId, active: boolean): Promise<unknown> => {
  const state = active ? "ACTIVE" : "INACTIVE";
  const { project, domain, name, version } = id;
  return send("PUT", `${FLYTE}/launch_plans/${path(project, domain, name, version)}`, { id: { resource_type: "LAUNCH_PLAN", project, domain, name, version }, state });
};
