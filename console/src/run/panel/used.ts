/** What an attempt has used, as lines of figures with a bar where there is something to compare with. */
import type { AttemptUse, Measured } from "../../api/runs";
import { bytes } from "../../text/bytes";
import { duration } from "../../text/time";

export interface Line {
  readonly name: string;
  readonly figure: string;
  /** How far the figure is to be trusted, and where it is from; empty where there is none. */
  readonly how: string;
  /** What was asked for and what was allowed. */
  readonly beside: string;
  readonly bar: Bar | null;
}

/** Parts of the bar's length, from 0 to 1. */
export interface Bar {
  readonly used: number;
  readonly requested: number | null;
  /** At 90% of the limit and more. */
  readonly isTight: boolean;
}

const TIGHT = 0.9;
const UNKNOWN = "not known";

export function linesOf(use: AttemptUse): Line[] {
  const { requests, limits } = use;
  const memory = line("memory", use.peak_memory_bytes, (value) => `${bytes(value)} at most`, bytes, requests.memory_bytes, limits.memory_bytes);
  const written = line("written", use.written_bytes, bytes, bytes, 0, 0);
  const rest = ([["GPU", "gpu", String], ["storage", "storage_bytes", bytes], ["ephemeral storage", "ephemeral_storage_bytes", bytes]] as const)
    .filter(([, field]) => requests[field] || limits[field])
    .map(([name, field, shown]): Line => ({ name, figure: "not measured", how: "", beside: besides(requests[field], limits[field], shown), bar: null }));
  return [memory, cpu(use), written, ...rest];
}

/** CPU is asked for by the second, so its time is compared as the mean over the time that the attempt took. */
function cpu(use: AttemptUse): Line {
  const { cpu_us: used, took_us: took } = use;
  const mean = used && took ? (used.value / took) * 1000 : null;
  const figure = !used ? UNKNOWN : `${duration(used.value / 1000)}${mean === null ? "" : `, ${cores(mean)} on average`}`;
  const { cpu_millicores: request } = use.requests;
  const { cpu_millicores: limit } = use.limits;
  return { name: "CPU", figure, how: howOf(used), beside: besides(request, limit, cores), bar: mean === null ? null : barOf(mean, request, limit, false) };
}

function line(name: string, used: Measured | null, shown: (value: number) => string, amount: (value: number) => string, request: number, limit: number): Line {
  return { name, figure: used ? shown(used.value) : UNKNOWN, how: howOf(used), beside: besides(request, limit, amount), bar: used ? barOf(used.value, request, limit, true) : null };
}

function barOf(used: number, request: number, limit: number, warns: boolean): Bar | null {
  if (!request && !limit) return null;
  const whole = Math.max(used, request, limit);
  return { used: used / whole, requested: request && request < whole ? request / whole : null, isTight: warns && limit > 0 && used >= limit * TIGHT };
}

function besides(request: number, limit: number, shown: (value: number) => string): string {
  return `${request ? `${shown(request)} asked for` : "none asked for"} · ${limit ? `limit ${shown(limit)}` : "no limit"}`;
}

const cores = (milli: number): string => `${(milli / 1000).toFixed(milli % 1000 ? 2 : 0)} CPU`;

const ACCURACY: Record<Measured["accuracy"], (figure: Measured) => string> = {
  exact: () => "",
  at_least: () => "at least, ",
  sampled: (figure) => `sampled every ${figure.every_ms} ms, `,
  estimated: () => "estimated, ",
};

function howOf(figure: Measured | null): string {
  return figure ? `${ACCURACY[figure.accuracy](figure)}by ${figure.source}` : "";
}
