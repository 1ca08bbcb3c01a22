/** The audit trail. */
import { OWN, get, query } from "./http";

export interface Audit {
  readonly number: number;
  /** Microseconds since the epoch. */
  readonly at: number;
  readonly principal: string;
  readonly action: string;
  /** `execution flytesnacks/development/a1b2`. */
  readonly target: string;
  readonly detail: string;
  readonly project: string;
  readonly domain: string;
}

export interface AuditsAsked {
  readonly project?: string | undefined;
  readonly domain?: string | undefined;
  readonly principal?: string | undefined;
  readonly action?: string | undefined;
  /** A part of the target. */
  readonly target?: string | undefined;
}

export const listAudits = (asked: AuditsAsked, cursor: string, signal?: AbortSignal): Promise<{ audits: readonly Audit[]; next: string }> =>
  get(`${OWN}/audit${query({ ...asked, limit: 100, cursor })}`, { signal });
