/** The results that the cache holds. */
import { OWN, get, path, query, send } from "./http";
import type { Place, RunId } from "./runs";

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

export interface Taker extends RunId {
  readonly node_id: string;
  readonly at: number;
}

/** Who has taken the outputs of a node from the cache, the newest first. */
export interface Takers {
  readonly takers: readonly Taker[];
  readonly next: string;
}

export const listTakers = (id: RunId, node: string, cursor: string, signal?: AbortSignal): Promise<Takers> =>
  get(`${OWN}/takers/${path(id.project, id.domain, id.name, node)}${query({ limit: 50, cursor })}`, { signal });

export const evict = (place: Place, what: { task: string }): Promise<{ evicted: number }> =>
  send("DELETE", `${OWN}/cache/${path(place.project, place.domain)}${query(what)}`, {});
