/** The runs that this tab knows: those on the page, and the last few that were. */
import { type RunId } from "../../api/runs";
import { RunSource } from "./source";

const KEPT = 12;
const sources = new Map<string, RunSource>();

export function sourceOf(id: RunId): RunSource {
  const key = `${id.project}/${id.domain}/${id.name}`;
  const found = sources.get(key) ?? new RunSource({ project: id.project, domain: id.domain, name: id.name });
  sources.delete(key);
  sources.set(key, found);
  const oldest = sources.keys().next().value;
  if (sources.size > KEPT && oldest !== undefined) sources.delete(oldest);
  return found;
}
