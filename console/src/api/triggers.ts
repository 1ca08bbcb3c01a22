/** Launch plans that start by what happens: what they wait for, and what became of each cause. */
import { OWN, get, path, query } from "./http";
import type { EntityId, Place, RunId } from "./runs";

export interface Trigger extends EntityId {
  readonly kind: "run" | "webhook" | "object";
  /** `workflow flytesnacks/development/load`, `webhook git`. */
  readonly waits_for: string;
  /** The phases in which the runs have to end; none for what is no run. */
  readonly phases: readonly string[];
  readonly principal: string;
  readonly since: string;
  readonly last_at: string | null;
  readonly started: number;
  readonly refused: number;
  /** Why objects can't be looked at now; empty if nothing is wrong. */
  readonly trouble: string;
}

export interface Firing extends EntityId {
  readonly cause: string;
  /** The run whose end is the cause. */
  readonly ended: RunId | null;
  readonly at: string;
  readonly state: "STARTED" | "REFUSED";
  readonly run: string;
  readonly detail: string;
}

export const TRIGGERS_MAX = 1_000;
export const FIRINGS_PAGE = 100;

const at = (place: Place, name: string): string => `${OWN}/triggers/${path(place.project, place.domain, name)}`;

export const listTriggers = (place: Place, signal?: AbortSignal): Promise<readonly Trigger[]> =>
  get(`${OWN}/triggers/${path(place.project, place.domain)}${query({ limit: TRIGGERS_MAX })}`, { signal });

/** Of all places that one may view. */
export const listWaiting = (waitsFor: string, signal?: AbortSignal): Promise<readonly Trigger[]> =>
  get(`${OWN}/triggers${query({ waits_for: waitsFor, limit: TRIGGERS_MAX })}`, { signal });

export const readTrigger = (place: Place, name: string, signal?: AbortSignal): Promise<Trigger> => get(at(place, name), { signal });

export const listFirings = (place: Place, name: string, offset: number, signal?: AbortSignal): Promise<readonly Firing[]> =>
  get(`${at(place, name)}/firings${query({ limit: FIRINGS_PAGE, offset })}`, { signal });

/** What the end of a run has started, and what it could not start. */
export const listStarted = (id: RunId, signal?: AbortSignal): Promise<readonly Firing[]> =>
  get(`${OWN}/runs/${path(id.project, id.domain, id.name)}/firings${query({ limit: FIRINGS_PAGE })}`, { signal });
