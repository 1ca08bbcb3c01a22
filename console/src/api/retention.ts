/** Which runs stay and which go, what else goes by its age, and what the data folder takes. */
import { OWN, get, path, send } from "./http";
import type { RunId } from "./runs";

export interface RetentionRule {
  readonly name: string;
  /** `runs`, or what goes by its age. */
  readonly of: string;
  readonly projects: readonly string[];
  readonly domains: readonly string[];
  readonly workflows: readonly string[];
  readonly phases: readonly string[];
  readonly keep_days: number | null;
  readonly keep_last: number;
}

export interface RetentionPreview {
  readonly goes: readonly { readonly rule: string; readonly runs: number; readonly objects: number; readonly bytes: number }[];
  /** The number of runs whose objects were counted. */
  readonly measured: number;
  readonly stays: readonly { readonly reason: string; readonly runs: number }[];
  readonly unfinished: number;
  readonly by_age: readonly { readonly of: string; readonly rule: string; readonly count: number; readonly bytes: number }[];
}

export interface DiskUse {
  readonly database: number;
  readonly objects: number;
  readonly other: number;
  /** The part of the others that are Python environments which were made for tasks. */
  readonly environments: number;
  readonly free: number;
  /** Empty if there is room enough. */
  readonly trouble: string;
}

const at = (id: RunId): string => path(id.project, id.domain, id.name);

export const listRules = (signal?: AbortSignal): Promise<readonly RetentionRule[]> => get(`${OWN}/retention/rules`, { signal });
export const previewRetention = (signal?: AbortSignal): Promise<RetentionPreview> => get(`${OWN}/retention`, { signal });
export const readDisk = (signal?: AbortSignal): Promise<DiskUse> => get(`${OWN}/disk`, { signal });
export const readKept = (id: RunId, signal?: AbortSignal): Promise<{ readonly kept: boolean }> => get(`${OWN}/keep/${at(id)}`, { signal });
export const setKept = (id: RunId, kept: boolean): Promise<unknown> => send("POST", `${OWN}/${kept ? "keep" : "unkeep"}/${at(id)}`, {});
