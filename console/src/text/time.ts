/** Times and durations as people read them: one formatter and one zone everywhere. Times are microseconds. */

export type Zone = "utc" | "local";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `4 m 12 s`: the two largest units that matter. Nothing takes no time at all: 0 is what no clock here has seen. */
export function duration(ms: number): string {
  if (!Number.isFinite(ms) || ms < 0) return "";
  if (ms < 1) return "<1 ms";
  if (ms < SECOND) return `${Math.round(ms)} ms`;
  if (ms < 10 * SECOND) return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`;
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s`;
  if (ms < HOUR) return two(ms, MINUTE, "m", SECOND, "s");
  if (ms < DAY) return two(ms, HOUR, "h", MINUTE, "m");
  return two(ms, DAY, "d", HOUR, "h");
}

/** A moment after a beginning, so exact that two which are a `step` apart differ: `17.9 s`, `2 h 5 m 10 s`. */
export function moment(ms: number, step: number): string {
  if (ms < SECOND || step >= MINUTE || (step >= SECOND && ms < HOUR)) return duration(ms);
  const digits = step >= SECOND ? 0 : step >= 100 ? 1 : step >= 10 ? 2 : 3;
  const minutes = Math.floor(ms / MINUTE);
  const seconds = `${((ms - minutes * MINUTE) / SECOND).toFixed(digits)} s`;
  if (!minutes) return seconds;
  return ms < HOUR ? `${minutes} m ${seconds}` : `${Math.floor(minutes / 60)} h ${minutes % 60} m ${seconds}`;
}

function two(ms: number, large: number, largeUnit: string, small: number, smallUnit: string): string {
  const whole = Math.floor(ms / large);
  const rest = Math.floor((ms % large) / small);
  return rest ? `${whole} ${largeUnit} ${rest} ${smallUnit}` : `${whole} ${largeUnit}`;
}

/** `2 h ago`: one unit is enough beside the absolute time. */
export function ago(at: number, now: number): string {
  const ms = (now - at) / 1_000;
  if (ms < 0) return ms > -MINUTE ? "now" : `in ${one(-ms)}`;
  return ms < 5 * SECOND ? "now" : `${one(ms)} ago`;
}

function one(ms: number): string {
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} m`;
  if (ms < 2 * DAY) return `${Math.floor(ms / HOUR)} h`;
  return `${Math.floor(ms / DAY)} d`;
}

/** `2026-11-29 17:59:33 UTC`. */
export function absolute(at: number, zone: Zone): string {
  const date = new Date(at / 1_000);
  return `${day(date, zone)} ${clock(date, zone)} ${zone === "utc" ? "UTC" : offset(date)}`;
}

export function day(date: Date, zone: Zone): string {
  const [year, month, dayOfMonth] =
    zone === "utc"
      ? [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()]
      : [date.getFullYear(), date.getMonth(), date.getDate()];
  return `${year}-${pad(month + 1)}-${pad(dayOfMonth)}`;
}

export function clock(date: Date, zone: Zone, withSeconds = true): string {
  const [hours, minutes, seconds] =
    zone === "utc"
      ? [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()]
      : [date.getHours(), date.getMinutes(), date.getSeconds()];
  return withSeconds ? `${pad(hours)}:${pad(minutes)}:${pad(seconds)}` : `${pad(hours)}:${pad(minutes)}`;
}

function offset(date: Date): string {
  const minutes = -date.getTimezoneOffset();
  const size = Math.abs(minutes);
  return `UTC${minutes < 0 ? "−" : "+"}${pad(Math.floor(size / 60))}:${pad(size % 60)}`;
}

function pad(value: number): string {
  return String(value).padStart(2, "0");
}

/** RFC 3339 to microseconds; null for text that is no time. */
export function instant(text: string | undefined): number | null {
  if (!text) return null;
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) return null;
  const fraction = /\.(\d+)/.exec(text)?.[1] ?? "";
  const micros = Number(fraction.padEnd(6, "0").slice(3, 6));
  return ms * 1_000 + micros;
}
