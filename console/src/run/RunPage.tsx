/** The page of a run: the answer first, then its parts on one selection, and a panel for the part at hand. */
import { useQueries, useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { type ReactElement, useEffect, useMemo, useRef } from "react";
import { isOpenRun, runStatus } from "../status/status";
import { Bars, Problem } from "../ui/State";
import { useStore } from "../ui/store";
import { usePageTitle } from "../ui/usePageTitle";
import { type OfRun, RunContext } from "./context";
import { dynamicOf, graphOf } from "./ahead";
import { sourceOf } from "./live/sources";
import type { RunSource } from "./live/source";
import type { RunState } from "./live/state";
import { type Plan, NO_PLAN, planOf } from "./plan/closure";
import { treeOf } from "./plan/tree";
import { RunHeader } from "./RunHeader";
import styles from "./RunPage.module.css";
import { RunBody } from "./RunBody";
import { setFavicon } from "./favicon";
import { shownStatus } from "./status";

export function RunPage(): ReactElement {
  const { project, domain, name } = useParams({ from: "/projects/$project/domains/$domain/executions/$name" });
  const source = useMemo(() => sourceOf({ project, domain, name }), [project, domain, name]);
  useEffect(() => source.use(), [source]);
  const { state, error, items } = useStore(source.known);
  if (!state) return error ? <Problem error={error} onRetry={() => source.retry()}><Link to="/projects/$project/domains/$domain/executions" params={{ project, domain }}>All runs</Link></Problem> : <Bars rows={14} />;
  return <Known key={name} source={source} state={state} items={items} />;
}

function Known({ source, state, items }: { source: RunSource; state: RunState; items: OfRun["items"] }): ReactElement {
  const { run } = state;
  const status = shownStatus(state);
  usePageTitle(`${status.tone === "broken" ? "◆ " : status.tone === "held" ? "⏸ " : status.ended ? "" : "◐ "}${run.name}`);
  useEffect(() => setFavicon(status.tone), [status.tone]);
  const { plan, isRead } = usePlan(source);
  const { made, areRead } = useMade(source, state);
  const wasReady = useRef(false);
  wasReady.current ||= isRead && areRead;
  const tree = useMemo(() => treeOf(state, plan, made), [state, plan, made]);
  const shared = useMemo(() => ({ id: source.id, source, state, tree, items }), [source, state, tree, items]);
  return (
    <RunContext value={shared}>
      <div className={styles.page} data-phase={runStatus(run.phase).word} data-open={isOpenRun(run.phase)}>
        <RunHeader />
        {wasReady.current ? <RunBody /> : <Bars rows={10} />}
      </div>
    </RunContext>
  );
}

/** `isRead` also for a graph that can't be read: then steps have the names of their ids. */
function usePlan({ id }: RunSource): { plan: Plan; isRead: boolean } {
  const { data, isFetched } = useQuery(graphOf(id));
  const plan = useMemo(() => (data ? planOf(data) : NO_PLAN), [data]);
  return { plan, isRead: isFetched };
}

/** The graphs that dynamic steps have made. */
function useMade(source: RunSource, state: RunState): { made: ReadonlyMap<string, Plan>; areRead: boolean } {
  const dynamic = useMemo(() => dynamicOf(state.nodes.values()).join("\n"), [state.nodes]);
  const ids = useMemo(() => (dynamic ? dynamic.split("\n") : []), [dynamic]);
  const found = useQueries({
    queries: ids.map((id) => graphOf(source.id, id)),
  });
  const read = found.map((each) => each.dataUpdatedAt).join();
  const made = useMemo(
    () => new Map(ids.flatMap((id, at) => {
      const closure = found[at]?.data;
      return closure ? [[id, planOf(closure)] as const] : [];
    })),
    // oxlint-disable-next-line react/exhaustive-deps
    [ids, read],
  );
  return { made, areRead: found.every((each) => each.isFetched) };
}
