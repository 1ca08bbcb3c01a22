/** The runs of a project's domain: filters, outcomes over time, and the list with the reason of each. */
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { type ReactElement, useMemo, useState } from "react";
import { flushSync } from "react-dom";
import { type Run, type RunPage, listRuns } from "../../api/runs";
import { isOpenRun, listedStatus, runStatus } from "../../status/status";
import { useRunsNews } from "../../live/useRunsNews";
import { usePlace } from "../../shell/place";
import { useKeys } from "../../shell/useKeys";
import { serverNow } from "../../ui/clock";
import { Button } from "../../ui/Button";
import { Bars, Empty, Problem } from "../../ui/State";
import { usePageTitle } from "../../ui/usePageTitle";
import { FirstSteps } from "../home/FirstSteps";
import { Bulk } from "./Bulk";
import { Filter } from "./Filter";
import { filtersOf } from "./filters";
import { Outcomes } from "./Outcomes";
import { RunRow } from "./RunRow";
import styles from "./Runs.module.css";

const PAGE = 100;

export function Runs(): ReactElement {
  const place = usePlace();
  const search = useSearch({ from: "/projects/$project/domains/$domain/executions" });
  const navigate = useNavigate();
  const every = useRunsNews(place.project, place.domain);
  const filters = filtersOf(search, serverNow());
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: ["runs", place, filters],
    queryFn: ({ signal, pageParam }) => listRuns(place, { filters, limit: PAGE, cursor: pageParam }, signal),
    initialPageParam: "",
    getNextPageParam: (page) => page.next || undefined,
    refetchInterval: (query) => ((query.state.data?.pages.length ?? 0) > 3 ? false : every),
    placeholderData: keepPreviousData,
  });
  const runs = useMemo(() => data?.pages.flatMap((page) => page.runs) ?? [], [data]);
  const questions = useMemo(() => Object.assign({}, ...(data?.pages.map((page) => page.questions) ?? [])) as RunPage["questions"], [data]);
  const failed = runs.filter((run) => runStatus(run.phase).tone === "broken").length;
  usePageTitle(failed ? `◆ ${failed} failed · Runs` : "Runs");
  if (error && !data) return <Problem error={error} onRetry={() => void refetch()} />;
  const isFiltered = filters !== "";
  if (data && !runs.length && !isFiltered) return <FirstSteps />;
  return (
    <div className={styles.page}>
      <h1 className="visually-hidden">Runs</h1>
      <Filter search={search} />
      {runs.length > 1 ? <Outcomes runs={runs} onSpan={(span) => void navigate({ to: ".", search: { ...search, ...span } })} /> : null}
      {data ? <List runs={runs} questions={questions} isFiltered={isFiltered} /> : <Bars rows={12} />}
      {hasNextPage ? <div className={styles.more}><Button disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>Older runs</Button></div> : null}
    </div>
  );
}

function List({ runs, questions, isFiltered }: { runs: readonly Run[]; questions: RunPage["questions"]; isFiltered: boolean }): ReactElement {
  const navigate = useNavigate();
  const [at, setAt] = useState(-1);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const toggle = (name: string): void => setChosen((now) => {
    const next = new Set(now);
    if (!next.delete(name)) next.add(name);
    return next;
  });
  const focus = (place: number): void => {
    const next = Math.max(0, Math.min(runs.length - 1, place));
    setAt(next);
    document.querySelector<HTMLElement>(`[data-row="${next}"] a`)?.focus();
  };
  const act = (run: Run | undefined): void => {
    if (run && !chosen.size) flushSync(() => toggle(run.name));
    document.querySelector<HTMLElement>('[role="toolbar"] button')?.focus();
  };
  useKeys((key) => {
    const run = runs[at];
    if (key === "j") focus(at + 1);
    else if (key === "k") focus(at - 1);
    else if (key === "x" && run) toggle(run.name);
    else if (key === "." && (run || chosen.size)) act(run);
    else return false;
    return true;
  });
  if (!runs.length && isFiltered) {
    return (
      <Empty title="No run meets this filter.">
        <Button onClick={() => void navigate({ to: ".", search: {} })}>Clear the filter</Button>
      </Empty>
    );
  }
  const longest = Math.max(1, ...runs.map((run) => (run.ended_at ?? run.created_at) - run.created_at));
  return (
    <>
      <ul className={styles.list}>
        {runs.map((run, place) => (
          <RunRow key={run.name} run={run} status={listedStatus(run, questions)} place={place} longest={longest} chosen={chosen.has(run.name)} onChoose={() => toggle(run.name)} onFocus={() => setAt(place)} />
        ))}
      </ul>
      <Bulk runs={runs.filter((run) => chosen.has(run.name))} onDone={() => setChosen(new Set())} anyOpen={runs.some((run) => chosen.has(run.name) && isOpenRun(run.phase))} />
    </>
  );
}
