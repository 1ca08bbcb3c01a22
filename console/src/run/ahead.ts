/** What the page of a run needs first, asked for as soon as somebody means to see it. */
import { queryOptions } from "@tanstack/react-query";
import { type RunId, readGraph } from "../api/runs";
import { FOREVER, queries } from "../queries";
import { sourceOf } from "./live/sources";

/** The graph of a run, or with `node` the one that this step has made. No graph of a run changes. */
export function graphOf({ project, domain, name }: RunId, node = "") {
  const id = { project, domain, name };
  return queryOptions({ queryKey: ["graph", id, node], queryFn: ({ signal }) => readGraph(id, node, signal), ...FOREVER });
}

/** Ask for a run before its page is there. */
export function readAhead(id: RunId): void {
  sourceOf(id).readAhead();
  void queries.prefetchQuery(graphOf(id));
}
