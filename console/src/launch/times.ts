/** Times and durations as people write them, in the form that FlyteIDL's JSON has. Pure. */

const UNITS: readonly (readonly [RegExp, number])[] = [
  [/^ms$/, 0.001], [/^(s|sec|seconds?)$/, 1], [/^(m|min|minutes?)$/, 60], [/^(h|hours?)$/, 3_600], [/^(d|days?)$/, 86_400], [/^(w|weeks?)$/, 604_800],
];
const ISO = /^(-)?P(?:([\d.]+)W)?(?:([\d.]+)D)?(?:T(?:([\d.]+)H)?(?:([\d.]+)M)?(?:([\d.]+)S)?)?$/;
const DURATION_MAX_S = 315_576_000_000;

/** `1h30m`, `90 s`, `PT1H30M` or plain seconds, as `5400s`; null for anything else, and for more than 10,000 years. */
export function durationOf(text: string): string | null {
  const seconds = secondsOf(text);
  return seconds === null || !(Math.abs(seconds) <= DURATION_MAX_S) ? null : written(seconds);
}

export function secondsOf(text: string): number | null {
  const iso = ISO.exec(text);
  if (iso && iso.slice(2).some((part) => part !== undefined)) {
    const total = [604_800, 86_400, 3_600, 60, 1].reduce((sum, unit, at) => sum + unit * Number(iso[at + 2] ?? 0), 0);
    return Number.isNaN(total) ? null : iso[1] ? -total : total;
  }
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return Number(text);
  const unsigned = text.replace(/^[+-]/, "");
  const parts = [...unsigned.matchAll(/(\d+(?:\.\d+)?)\s*([a-z]+)\s*/gi)];
  if (!parts.length || parts.map((part) => part[0]).join("") !== unsigned) return null;
  const total = parts.reduce((sum, [, count, word]) => sum + Number(count) * (UNITS.find(([name]) => name.test((word ?? "").toLowerCase()))?.[1] ?? Number.NaN), 0);
  return Number.isNaN(total) ? null : text.startsWith("-") ? -total : total;
}

function written(seconds: number): string {
  const rounded = Math.round(seconds * 1e6) / 1e6;
  return `${Number.isInteger(rounded) ? rounded : rounded.toFixed(6).replace(/0+$/, "")}s`;
}

const TIME = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?\s*(?:(Z|UTC)|([+-])(\d\d):?(\d\d))?$/i;

/** A time with its zone, in UTC; without a zone it is UTC. Null for text that is no time, of a day that does not exist too. */
export function instantOf(text: string): string | null {
  const match = TIME.exec(text);
  if (!match) return null;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((part) => Number(part ?? 0)) as [number, number, number, number, number, number];
  const [, , , , , , , fraction = "", , sign, hours = "0", minutes = "0"] = match;
  // `Date` takes the 30th of February for the 2nd of March.
  if (day < 1 || month < 1 || month > 12 || day > daysOf(year, month) || hour > 23 || minute > 59 || second > 59 || Number(hours) > 23 || Number(minutes) > 59) return null;
  const at = new Date(0);
  at.setUTCFullYear(year, month - 1, day);
  at.setUTCHours(hour, minute - (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes)), second);
  if (at.getUTCFullYear() < 1 || at.getUTCFullYear() > 9_999) return null;
  const digits = fraction.replace(/0+$/, "");
  return `${at.toISOString().slice(0, 19)}${digits ? `.${digits.padEnd(digits.length <= 3 ? 3 : digits.length <= 6 ? 6 : 9, "0")}` : ""}Z`;
}

/** A time with the zone that it is written with, as Python writes it: `2026-11-29T17:00:00+02:00`. Null for text that is no time. */
export function isoOf(text: string): string | null {
  if (instantOf(text) === null) return null;
  const [, year, month, day, hour = "00", minute = "00", second = "00", fraction = "", , sign = "+", hours = "00", minutes = "00"] = TIME.exec(text) ?? [];
  const micros = fraction.slice(0, 6).padEnd(6, "0");
  return `${year}-${month}-${day}T${hour}:${minute}:${second}${Number(micros) ? `.${micros}` : ""}${sign}${hours}:${minutes}`;
}

function daysOf(year: number, month: number): number {
  return month === 2 ? (year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31;
}
