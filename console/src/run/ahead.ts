/** What the page of a run needs first, asked for as soon as somebody means to see it. */
import { queryOptions } from "@tanstack/react-query";
import { DYNAMIC, type RunId, readGraph } from "../api/runs";
import { FOREVER, queries } from "../queries";
import { sourceOf } from "./live/sources";

const READ_AT_ONCE = 24;

/** The graph of a run, or with `node` the one that this step has made. No graph of a run changes. */
export function graphOf({ project, domain, name }: RunId, node = "") {
  const id = { project, domain, name };
  return queryOptions({ queryKey: ["graph", id, node], queryFn: ({ signal }) => readGraph(id, node, signal), ...FOREVER });
}

/** The nodes whose graphs are read at once. */
export function dynamicOf(nodes: Iterable<{ readonly id: string; readonly flags: number }>): string[] {
  const found: string[] = [];
  for (const { id, flags } of nodes) {
    if (flags & DYNAMIC) found.push(id);
    if (found.length === READ_AT_ONCE) break;
  }
  return found;
}

/** Ask for a run before its page is there, and as soon as they are known for the graphs that its steps have made. */
export async function readAhead(id: RunId): Promise<void> {
  void queries.prefetchQuery(graphOf(id));
  const nodes = (await sourceOf(id).readAhead())?.nodes;
  const rows = nodes?.id.map((node, at) => ({ id: node, flags: nodes.flags[at] ?? 0 })) ?? [];
  for (const node of dynamicOf(rows)) void queries.prefetchQuery(graphOf(id, node));
}
