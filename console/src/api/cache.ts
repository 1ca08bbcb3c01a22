/** The results that the cache holds. */
import { OWN, get, path, query, send } from "./http";
import type { Place } from "./runs";

export interface CacheEntry {
  readonly task: string;
  readonly cache_version: string;
  readonly inputs: Record<string, string>;
  readonly digest: string;
  /** `project/domain/run/node/…`. */
  readonly source: string;
  readonly created_at: string;
}

export const listCache = (place: Place, limit: number, signal?: AbortSignal): Promise<CacheEntry[]> =>
  get(`${OWN}/cache/${path(place.project, place.domain)}${query({ limit })}`, { signal });

export const evict = (place: Place, what: { task: string }): Promise<{ evicted: number }> =>
  send("DELETE", `${OWN}/cache/${path(place.project, place.domain)}${query(what)}`, {});
