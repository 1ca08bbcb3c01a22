/** The newest version of each name in a list. */
import type { Kind } from "./flyte";
import { OWN, get, path, query } from "./http";
import type { Place } from "./runs";

export interface Newest {
  readonly name: string;
  readonly version: string;
  /** Microseconds since the epoch. */
  readonly created_at: number;
}

/** Of the names from the first to the last, both included. */
export const listNewest = (place: Place, kind: Kind, first: string, last: string, signal?: AbortSignal): Promise<{ readonly versions: readonly Newest[] }> =>
  get(`${OWN}/newest/${path(place.project, place.domain)}${query({ kind, first, last })}`, { signal });
