/** The newest runs of an entity. */
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { type ReactElement, useState } from "react";
import type { Kind } from "../api/flyte";
import { listRuns } from "../api/runs";
import { listedStatus } from "../status/status";
import { Outcomes } from "../pages/runs/Outcomes";
import { RunRow } from "../pages/runs/RunRow";
import { useRunsNews } from "../live/useRunsNews";
import { usePlace } from "../shell/place";
import { Bars, Empty, Problem } from "../ui/State";
import styles from "./Entity.module.css";
import runs from "../pages/runs/Runs.module.css";

const FIELDS: Record<Kind, string> = { workflow: "workflow.name", task: "task.name", launch_plan: "launch_plan.name" };
const NEWEST = 100;

export function EntityRuns({ kind, name }: { kind: Kind; name: string }): ReactElement {
  const place = usePlace();
  const navigate = useNavigate();
  const [chosen, setChosen] = useState<string | null>(null);
  const filters = `eq(${FIELDS[kind]},${name})`;
  const every = useRunsNews(place.project, place.domain);
  const { data, error, refetch } = useQuery({
    queryKey: ["runs", place, filters, "entity"],
    queryFn: ({ signal }) => listRuns(place, { filters, limit: NEWEST }, signal),
    refetchInterval: every,
  });
  if (error && !data) return <Problem error={error} onRetry={() => void refetch()} />;
  if (!data) return <Bars />;
  if (!data.runs.length) return <Empty title="It was not run by itself here." />;
  const longest = Math.max(1, ...data.runs.map((run) => (run.ended_at ?? run.created_at) - run.created_at));
  return (
    <>
      {data.runs.length > 1 ? <Outcomes runs={data.runs} onSpan={kind === "workflow" ? (span) => void navigate({ to: "/projects/$project/domains/$domain/executions", params: place, search: { workflow: name, ...span } }) : undefined} /> : null}
      <ul className={runs.list}>
        {data.runs.map((run, at) => <RunRow key={run.name} run={run} status={listedStatus(run, data.questions)} place={at} longest={longest} chosen={chosen === run.name} onChoose={() => setChosen(chosen === run.name ? null : run.name)} onFocus={() => undefined} />)}
      </ul>
      {data.next && kind === "workflow" ? <p className={styles.more}><Link to="/projects/$project/domains/$domain/executions" params={place} search={{ workflow: name }}>All its runs</Link></p> : null}
    </>
  );
}
