/** Rules of retention in words. Pure. */
import type { RetentionPreview, RetentionRule } from "../../api/retention";
import { plural } from "../../text/names";
import { grouped } from "../../text/numbers";

const KINDS = new Map([
  ["code", "code that nothing names"],
  ["cache", "entries of the cache"],
  ["audits", "rows of the audit trail"],
  ["backfills", "backfills that have ended"],
  ["firings", "firings of triggers"],
  ["deliveries", "deliveries of notifications"],
]);

/** `entries of the cache`: what a rule is about. A kind that is not known here is called by its name. */
export const kindOf = (of: string): string => KINDS.get(of) ?? of;

/** `failed or timed out runs of etl_* in production` */
export function subjectOf({ of: kind, projects, domains, workflows, phases }: RetentionRule): string {
  const which = phases.length ? `${either(phases.map((phase) => phase.toLowerCase().replace("_", " ")))} runs` : kindOf(kind);
  const of = workflows.length ? ` of ${either(workflows)}` : "";
  const place = [either(projects), either(domains)].filter(Boolean).join(" / ");
  return `${which}${of}${place ? ` in ${place}` : ""}`;
}

/** `stay 30 days after their end, and the newest 20 of each workflow` */
export function staysOf({ of: kind, keep_days: days, keep_last: last }: RetentionRule): string {
  const newest = last ? `the newest ${grouped(last)} of each workflow` : "";
  if (days === null) return newest ? `stay if they are among ${newest}` : "stay for ever";
  if (kind !== "runs") return `stay ${plural(days, "day")}`;
  return `stay ${plural(days, "day")} after their end${newest ? `, and ${newest}` : ""}`;
}

export const goingIn = (preview: RetentionPreview): number => preview.goes.reduce((sum, each) => sum + each.runs, 0);

function either(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}
