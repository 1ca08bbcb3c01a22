/** Times and durations as people write them, in the form that FlyteIDL's JSON has. Pure. */

const WORD_S: Record<string, number> = { ms: 0.001, s: 1, sec: 1, m: 60, min: 60, h: 3_600, d: 86_400, w: 604_800 };
const ISO = /^(-)?P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/i;

/** `1h30m`, `90 s`, `PT1H30M` or plain seconds, as `5400s`; null for anything else. */
export function durationOf(text: string): string | null {
  const iso = ISO.exec(text);
  if (iso && text.length > 2) {
    const [, sign, weeks, days, hours, minutes, seconds] = iso;
    const total = Number(weeks ?? 0) * 604_800 + Number(days ?? 0) * 86_400 + Number(hours ?? 0) * 3_600 + Number(minutes ?? 0) * 60 + Number(seconds ?? 0);
    return written(sign ? -total : total);
  }
  if (/^-?\d+(\.\d+)?$/.test(text)) return written(Number(text));
  const sign = text.startsWith("-") ? -1 : 1;
  const parts = [...text.replace(/^[+-]/, "").matchAll(/(\d+(?:\.\d+)?)\s*([a-z]+)\s*/gi)];
  if (!parts.length || parts.map((part) => part[0]).join("") !== text.replace(/^[+-]/, "")) return null;
  let total = 0;
  for (const [, count, unit] of parts) {
    const seconds = WORD_S[(unit ?? "").toLowerCase()];
    if (seconds === undefined) return null;
    total += Number(count) * seconds;
  }
  return written(sign * total);
}

function written(seconds: number): string {
  const rounded = Math.round(seconds * 1e6) / 1e6;
  return `${Number.isInteger(rounded) ? rounded : rounded.toFixed(6).replace(/0+$/, "")}s`;
}

/** A time with its zone, in UTC; without a zone it is UTC. Null for text that is no time. */
export function instantOf(text: string): string | null {
  const match = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d(?:\.\d{1,9})?)?)?\s*(Z|UTC|[+-]\d\d:?\d\d)?$/i.exec(text);
  if (!match) return null;
  const [, date, minutes = "00:00", seconds = ":00", zone = "Z"] = match;
  const offset = /utc/i.test(zone) ? "Z" : zone.length === 5 ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone.toUpperCase();
  const [whole, fraction = ""] = seconds.slice(1).split(".");
  const at = new Date(`${date}T${minutes}:${whole}${offset}`);
  if (Number.isNaN(at.getTime())) return null;
  const utc = at.toISOString().slice(0, 19);
  const digits = fraction.replace(/0+$/, "");
  return `${utc}${digits ? `.${digits.padEnd(digits.length <= 3 ? 3 : digits.length <= 6 ? 6 : 9, "0")}` : ""}Z`;
}
