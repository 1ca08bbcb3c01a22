/** Rules of retention in words. Pure. */
import type { RetentionPreview, RetentionRule } from "../../api/retention";
import { plural } from "../../text/names";

/** `failed or timed out runs of etl_* in production` */
export function subjectOf({ projects, domains, workflows, phases }: RetentionRule): string {
  const which = phases.length ? `${either(phases.map((phase) => phase.toLowerCase().replace("_", " ")))} runs` : "runs";
  const of = workflows.length ? ` of ${either(workflows)}` : "";
  const place = [either(projects), either(domains)].filter(Boolean).join(" / ");
  return `${which}${of}${place ? ` in ${place}` : ""}`;
}

/** `stay 30 days after their end, and the newest 20 of each workflow` */
export function staysOf({ keep_days: days, keep_last: last }: RetentionRule): string {
  const newest = last ? `the newest ${last.toLocaleString("en")} of each workflow` : "";
  if (days === null) return newest ? `stay if they are among ${newest}` : "stay for ever";
  return `stay ${plural(days, "day")} after their end${newest ? `, and ${newest}` : ""}`;
}

export const goingIn = (preview: RetentionPreview): number => preview.goes.reduce((sum, each) => sum + each.runs, 0);

function either(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}
