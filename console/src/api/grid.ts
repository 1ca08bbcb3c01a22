/** The last runs of a workflow against its nodes, as the platform tells it. */
import { OWN, get, path, query } from "./http";
import type { Place, Run } from "./runs";

export interface Grid {
  /** The newest first. */
  readonly runs: readonly Run[];
  readonly nodes: readonly string[];
  /** By run, then by node; 0 for a node that the run has not. */
  readonly phase: readonly (readonly number[])[];
  /** By run, then by node; -1 if not known. */
  readonly ms: readonly (readonly number[])[];
  readonly next: string;
}

export const readGrid = (place: Place, workflow: string, runs: number, cursor: string, signal?: AbortSignal): Promise<Grid> =>
  get(`${OWN}/grid/${path(place.project, place.domain, workflow)}${query({ runs, cursor })}`, { signal });
