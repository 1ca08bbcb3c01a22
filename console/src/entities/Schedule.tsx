/** When a launch plan starts by itself, how that goes, and what can be done about it. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { command } from "../api/calls";
import type { LaunchPlan } from "../api/flyte";
import { isMissing } from "../api/http";
import { type ScheduleState, changeSchedule, readSchedule, triggerSchedule } from "../api/schedules";
import { BackfillRows } from "../pages/backfills/BackfillRows";
import { usePlace } from "../shell/place";
import { visible } from "../text/names";
import { grouped } from "../text/numbers";
import { instant } from "../text/time";
import { Button } from "../ui/Button";
import { Command } from "../ui/Copy";
import { Bars, Problem } from "../ui/State";
import { At } from "../ui/Time";
import { Activation, isActive } from "./Activation";
import styles from "./Entity.module.css";

export function Schedule({ plan }: { plan: LaunchPlan }): ReactElement {
  const place = usePlace();
  const schedule = plan.spec.entity_metadata?.schedule;
  const cron = schedule?.cron_schedule?.schedule ?? schedule?.cron_expression;
  const when = cron ?? (schedule?.rate ? `every ${schedule.rate.value} ${schedule.rate.unit.toLowerCase()}${schedule.rate.value === 1 ? "" : "s"}` : null);
  const isTriggered = plan.spec.entity_metadata?.launch_conditions !== undefined;
  return (
    <>
      <dl className={styles.facts}>
        <dt>when</dt><dd>{when ? <code>{when}</code> : `it has no schedule: it starts ${isTriggered ? "by its trigger, and " : ""}when somebody launches it`}</dd>
        <dt>this version</dt><dd>{isActive(plan) ? "is the active one" : "is not active"}</dd>
        {when && isActive(plan) ? <Following name={plan.id.name} /> : null}
      </dl>
      <Activation plan={plan} />
      <section aria-labelledby="backfills">
        <h2 id="backfills" className={styles.heading}>Backfills</h2>
        <BackfillRows plan={plan.id.name} none={<p className={styles.more}>It was not run for times in the past.</p>} />
        <div className={styles.more}><Command text={command(place, "backfill", plan.id.name, "--from", "2026-01-01", "--dry-run")} /></div>
      </section>
    </>
  );
}

const WORDS: Record<ScheduleState["state"], string> = {
  ACTIVE: "starts by itself",
  WAITING: "waits for the end of other runs",
  PAUSED: "paused: nothing starts by itself until it is resumed",
  ENDED: "has ended: it names no time any more",
};

/** What the schedule of the active version has done and will do. */
function Following({ name }: { name: string }): ReactElement {
  const place = usePlace();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const { data, error, refetch } = useQuery({ queryKey: ["schedule", place, name], queryFn: ({ signal }) => readSchedule(place, name, signal), refetchInterval: 10_000, staleTime: 0, retry: false });
  const turning = useMutation({
    mutationFn: (how: "pause" | "resume") => changeSchedule(place, name, how),
    onSettled: () => queries.invalidateQueries({ queryKey: ["schedule"] }),
  });
  const starting = useMutation({
    mutationFn: () => triggerSchedule(place, name),
    onSuccess: (run) => navigate({ to: "/projects/$project/domains/$domain/executions/$name", params: { ...place, name: run.name } }),
  });
  if (!data) return error && !isMissing(error) ? <Problem error={error} onRetry={() => void refetch()} /> : error ? <></> : <Bars rows={2} />;
  const isPaused = data.state === "PAUSED";
  return (
    <>
      <dt>state</dt>
      <dd className={styles.actions}>
        <span>{WORDS[data.state]}</span>
        {data.state === "ENDED" ? null : <Button small disabled={turning.isPending} onClick={() => turning.mutate(isPaused ? "resume" : "pause")}>{isPaused ? "Resume" : "Pause"}</Button>}
        <Button small disabled={starting.isPending} onClick={() => starting.mutate()}>Start a run now</Button>
        {turning.error ?? starting.error ? <Problem error={turning.error ?? starting.error} /> : null}
      </dd>
      <Moment title="next" at={isPaused ? null : data.next_at} />
      <Moment title="last" at={data.last_at}>
        {data.last_run ? <Link to="/projects/$project/domains/$domain/executions/$name" params={{ ...place, name: data.last_run }}>{visible(data.last_run)}</Link> : null}
      </Moment>
      <dt>zone</dt><dd>{data.zone || "UTC"}</dd>
      <dt>on behalf of</dt><dd>{visible(data.principal)}</dd>
      {data.missed ? <><dt>left out</dt><dd>{grouped(data.missed)}{data.skipped ? `, the last: ${visible(data.skipped)}` : ""}</dd></> : null}
    </>
  );
}

function Moment({ title, at, children }: { title: string; at: string | null; children?: ReactElement | null }): ReactElement | null {
  const time = at === null ? null : instant(at);
  return time === null ? null : <><dt>{title}</dt><dd className={styles.actions}><At at={time} /> {children}</dd></>;
}
