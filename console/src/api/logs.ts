/** The log of an attempt, by bytes. */
import { OWN, ask, path, query } from "./http";
import type { RunId } from "./runs";

export interface LogOf {
  readonly run: RunId;
  readonly node: string;
  readonly attempt: number;
  readonly index: number;
}

export interface Piece {
  readonly bytes: Uint8Array;
  readonly offset: number;
  readonly size: number;
  readonly ended: boolean;
}

export async function readLog(of: LogOf, asked: { offset?: number; limit?: number; tail?: number }, signal?: AbortSignal): Promise<Piece> {
  const response = await ask(logUrl(of, asked), signal ? { signal } : {});
  const bytes = new Uint8Array(await response.arrayBuffer());
  const number = (name: string, otherwise: number): number => Number(response.headers.get(name) ?? otherwise);
  const offset = number("Alula-Log-Offset", asked.offset ?? 0);
  return { bytes, offset, size: number("Alula-Log-Size", offset + bytes.length), ended: response.headers.get("Alula-Log-Ended") === "1" };
}

export function logUrl(of: LogOf, asked: { offset?: number; limit?: number; tail?: number } = {}): string {
  const { run, node, attempt, index } = of;
  const where = path(run.project, run.domain, run.name, node, attempt);
  return `${OWN}/logs/${where}${query({ ...asked, index: index < 0 ? undefined : index })}`;
}

/** A line that has a text, in the log of an attempt. */
export interface LogHit {
  readonly offset: number;
  /** Its number, from 1 on. */
  readonly line: number;
  /** A part of it, with the text in it. */
  readonly text: string;
  readonly node_id: string;
  readonly attempt: number;
  /** The item of an array; left out for a step that is none. */
  readonly index?: number;
}

export interface LogHits {
  readonly hits: readonly LogHit[];
  /** True if there are more than were asked for. */
  readonly more: boolean;
}

/** Lines with a text in all logs of a run. */
export async function searchLogs(run: RunId, text: string, minds: boolean, limit: number, signal?: AbortSignal): Promise<LogHits> {
  const where = path(run.project, run.domain, run.name);
  const response = await ask(`${OWN}/log-search/${where}${query({ q: text, case: minds ? 1 : 0, limit })}`, signal ? { signal } : {});
  const lines = (await response.text()).split("\n").filter(Boolean).map((line) => JSON.parse(line) as LogHit | { readonly done: true; readonly more: boolean });
  const end = lines.find((line) => "done" in line);
  return { hits: lines.filter((line): line is LogHit => !("done" in line)), more: end !== undefined && "more" in end && end.more };
}
