/** Two runs beside each other, as the platform tells it. */
import { OWN, get, path, query } from "./http";
import type { Place, Run } from "./runs";

/** A value of both runs as text; null where a run has none. */
export interface Pair {
  readonly name: string;
  readonly a: string | null;
  readonly b: string | null;
  /** True if both are equal as a whole, also where their texts are cut. */
  readonly same: boolean;
}

/** Columns of one length, by id. A phase of 0 says that this run has no such node, a time of -1 that it is not known. */
export interface NodePairs {
  readonly id: readonly string[];
  readonly spec: readonly string[];
  readonly parent: readonly string[];
  readonly a_phase: readonly number[];
  readonly b_phase: readonly number[];
  readonly a_ms: readonly number[];
  readonly b_ms: readonly number[];
  readonly a_cache: readonly number[];
  readonly b_cache: readonly number[];
}

export interface Comparison {
  readonly a: Run;
  readonly b: Run;
  readonly inputs: readonly Pair[];
  readonly outputs: readonly Pair[];
  readonly settings: readonly Pair[];
  readonly nodes: NodePairs;
  readonly partial: boolean;
}

export const compareRuns = (place: Place, a: string, b: string, signal?: AbortSignal): Promise<Comparison> =>
  get(`${OWN}/compare/${path(place.project, place.domain)}${query({ a, b })}`, { signal });
