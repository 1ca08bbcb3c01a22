/** The filters of a list of runs: as words and chips on the page, and in Flyte's grammar on the way to the platform. */
import type { RunsSearch } from "../../search";
import { type Zone, absolute, clock, day } from "../../text/time";

export const PHASES = ["running", "failed", "succeeded", "aborted", "queued", "timed out"] as const;
const SINCE: Record<string, number> = { "1h": 3_600, "24h": 86_400, "7d": 7 * 86_400, "30d": 30 * 86_400 };
export const SPANS = Object.keys(SINCE);

/** `now` in microseconds. What is in the grammar's own signs can't be asked for, and is left out. */
export function filtersOf(search: RunsSearch, now: number): string {
  const since = search.since ? SINCE[search.since] : undefined;
  return [
    search.phase ? `value_in(phase,${search.phase.split(",").map((phase) => phase.toUpperCase().replace(" ", "_")).join(";")})` : "",
    search.workflow ? `contains(workflow.name,${safe(search.workflow)})` : "",
    search.q ? `contains(name,${safe(search.q)})` : "",
    since ? `gte(created_at,${new Date(minute(now) / 1_000 - since * 1_000).toISOString()})` : "",
    search.from ? `gte(created_at,${search.from})` : "",
    search.to ? `lt(created_at,${search.to})` : "",
    search.archived ? "eq(state,1)" : "",
  ].filter(Boolean).join("+");
}

/** Rounded, so that a filter by time is the same question for a while. */
function minute(now: number): number {
  return Math.floor(now / 60_000_000) * 60_000_000;
}

function safe(text: string): string {
  return text.replace(/[(),+;]/g, "");
}

/** What is typed into the filter: `phase:failed workflow:wine since:24h from:2026-11-29T17:00Z words of the name`. */
export function typed(text: string): RunsSearch {
  const found: RunsSearch = {};
  const rest: string[] = [];
  for (const word of text.trim().split(/\s+/)) {
    const [name, value] = [word.slice(0, word.indexOf(":")), word.slice(word.indexOf(":") + 1)];
    if (name === "phase" && value) found.phase = value.replace("_", " ");
    else if (name === "workflow" && value) found.workflow = value;
    else if (name === "since" && value in SINCE) found.since = value;
    else if ((name === "from" || name === "to") && !Number.isNaN(Date.parse(value))) found[name] = new Date(value).toISOString();
    else if (word) rest.push(word);
  }
  if (rest.length) found.q = rest.join(" ");
  return found;
}

export interface Chip {
  /** What goes with it. */
  readonly keys: readonly (keyof RunsSearch)[];
  readonly label: string;
}

export function chips(search: RunsSearch, zone: Zone): Chip[] {
  return [
    ...(search.phase ? [{ keys: ["phase" as const], label: `phase: ${search.phase.split(",").join(" or ")}` }] : []),
    ...(search.workflow ? [{ keys: ["workflow" as const], label: `workflow: ${search.workflow}` }] : []),
    ...(search.since ? [{ keys: ["since" as const], label: `since: ${search.since}` }] : []),
    ...(search.from ?? search.to ? [{ keys: ["from", "to"] as const, label: spanOf(search, zone) }] : []),
    ...(search.q ? [{ keys: ["q" as const], label: `name: ${search.q}` }] : []),
    ...(search.archived ? [{ keys: ["archived" as const], label: "archived" }] : []),
  ];
}

/** Both times, with one date where it is the same. */
function spanOf({ from, to }: RunsSearch, zone: Zone): string {
  const [first, last] = [from, to].map((each) => (each ? new Date(each) : null));
  if (!first) return `until ${last ? absolute(last.getTime() * 1_000, zone) : ""}`;
  if (!last) return `from ${absolute(first.getTime() * 1_000, zone)}`;
  const start = `${day(first, zone)} ${clock(first, zone)}`;
  return day(first, zone) === day(last, zone) ? `${start} to ${absolute(last.getTime() * 1_000, zone).slice(11)}` : `${start} to ${absolute(last.getTime() * 1_000, zone)}`;
}
