/** The names of what is registered, of one kind. */
import { useInfiniteQuery, useQueries, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useRouterState, useSearch } from "@tanstack/react-router";
import { type ReactElement, useMemo, useRef } from "react";
import { type Kind, type NamedEntity, listNames } from "../api/flyte";
import { type Newest, listNewest } from "../api/newest";
import { type Place, type Run, type RunPage, listRuns } from "../api/runs";
import { useRunsNews } from "../live/useRunsNews";
import { NEWEST, launchedName, overview } from "../pages/home/overview";
import { RunStrip } from "../pages/home/RunStrip";
import { usePlace } from "../shell/place";
import { useKeys } from "../shell/useKeys";
import { shortVersion, visible } from "../text/names";
import { absolute } from "../text/time";
import { Button, ButtonLink } from "../ui/Button";
import { zone } from "../ui/clock";
import { Command } from "../ui/Copy";
import { Bars, Empty, Problem } from "../ui/State";
import { useStore } from "../ui/store";
import { Ago } from "../ui/Time";
import { usePageTitle } from "../ui/usePageTitle";
import styles from "./Entities.module.css";
import { KINDS } from "./kinds";

export function Entities(): ReactElement {
  const place = usePlace();
  const path = useRouterState({ select: (state) => state.location.pathname });
  const { kind, title, one } = KINDS[path.slice(path.lastIndexOf("/") + 1)] ?? { kind: "workflow" as const, title: "Workflows", one: "workflow" };
  const { q = "" } = useSearch({ strict: false });
  const navigate = useNavigate();
  const field = useRef<HTMLInputElement>(null);
  usePageTitle(title);
  useKeys((key) => {
    if (key !== "/") return false;
    field.current?.focus();
    return true;
  });
  const { data, error, refetch, hasNextPage, fetchNextPage } = useInfiniteQuery({
    queryKey: ["names", kind, place, "all"],
    queryFn: ({ signal, pageParam }) => listNames(kind, place, pageParam, signal),
    initialPageParam: "",
    getNextPageParam: (page) => page.token || undefined,
    staleTime: 60_000,
  });
  const every = useRunsNews(place.project, place.domain);
  const newest = useQuery({ queryKey: ["runs", place, "home"], queryFn: ({ signal }) => listRuns(place, { limit: NEWEST }, signal), refetchInterval: every });
  const runs = useMemo(() => new Map(overview(newest.data?.runs ?? [], launchedName(kind)).map((each) => [each.name, each.runs])), [newest.data, kind]);
  const versions = useNewest(place, kind, data?.pages.map((page) => page.entities ?? []) ?? []);
  if (error && !data) return <Problem error={error} onRetry={() => void refetch()} />;
  if (!data) return <Bars rows={10} />;
  const all = data.pages.flatMap((page) => page.entities ?? []);
  const shown = all.filter((each) => `${each.id.name} ${each.metadata?.description ?? ""}`.toLowerCase().includes(q.toLowerCase()));
  if (!all.length) {
    return (
      <Empty title={`No ${one} is registered in ${place.project}/${place.domain}.`}>
        <Command text="alula register FILE.py" />
      </Empty>
    );
  }
  return (
    <div>
      <h1 className="visually-hidden">{title}</h1>
      <input
        ref={field}
        type="search"
        className={styles.filter}
        value={q}
        placeholder={`/ filter ${title.toLowerCase()}`}
        aria-label={`Filter the ${title.toLowerCase()}`}
        onChange={(event) => void navigate({ to: ".", search: event.currentTarget.value ? { q: event.currentTarget.value } : {}, replace: true })}
      />
      {shown.length ? null : <Empty title="Nothing meets this filter."><Button onClick={() => void navigate({ to: ".", search: {} })}>Clear the filter</Button></Empty>}
      <ul>
        {shown.map((each) => (
          <li key={each.id.name} className={styles.row}>
            <Link className={styles.name} title={visible(each.id.name)} to="/projects/$project/domains/$domain/$kind/$name" params={{ ...place, kind, name: each.id.name }}>{visible(each.id.name)}<Version of={versions.get(each.id.name)} /></Link>
            <span className={styles.runs}><LastRuns runs={runs.get(each.id.name) ?? []} questions={newest.data?.questions ?? {}} /></span>
            <span className={styles.about}>{visible(each.metadata?.description ?? "")}</span>
            <ButtonLink look="quiet" to="/projects/$project/domains/$domain/launch" params={place} search={{ kind: kind === "workflow" ? "launch_plan" : kind, name: each.id.name }}>Launch</ButtonLink>
          </li>
        ))}
      </ul>
      {hasNextPage ? <div className={styles.more}><Button onClick={() => void fetchNextPage()}>More</Button></div> : null}
    </div>
  );
}

/** One question a page of names. */
function useNewest(place: Place, kind: Kind, pages: readonly (readonly NamedEntity[])[]): ReadonlyMap<string, Newest> {
  return useQueries({
    queries: pages.filter((page) => page.length).map((page) => {
      const [first, last] = [page[0]?.id.name ?? "", page.at(-1)?.id.name ?? ""];
      return { queryKey: ["newest", kind, place, first, last], queryFn: ({ signal }: { signal: AbortSignal }) => listNewest(place, kind, first, last, signal), staleTime: 60_000 };
    }),
    combine: (results) => new Map(results.flatMap(({ data }) => data?.versions ?? []).map((each) => [each.name, each])),
  });
}

function Version({ of }: { of: Newest | undefined }): ReactElement | null {
  const shown = useStore(zone);
  return of ? <span className={styles.version} title={`The newest version, ${visible(of.version)}, registered ${absolute(of.created_at, shown)}`}>@{shortVersion(visible(of.version))}</span> : null;
}

/** Of the newest runs of the domain, those of one of its entities. */
function LastRuns({ runs, questions }: { runs: readonly Run[]; questions: RunPage["questions"] }): ReactElement | null {
  const newest = runs.at(-1);
  if (!newest) return null;
  return (
    <>
      <RunStrip runs={runs} questions={questions} />
      <span className={styles.last} title="The version and the start of its newest run">{shortVersion(visible(newest.workflow.version))} · <Ago at={newest.created_at} /></span>
    </>
  );
}
