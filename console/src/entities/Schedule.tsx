/** When a launch plan starts by itself, how that goes, and what can be done about it. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { type ReactElement, useState } from "react";
import type { LaunchPlan } from "../api/flyte";
import { isMissing } from "../api/http";
import { type ScheduleState, changeSchedule, readSchedule, setActive, triggerSchedule } from "../api/schedules";
import { usePlace } from "../shell/place";
import { visible } from "../text/names";
import { quoted } from "../text/shell";
import { instant } from "../text/time";
import { Button } from "../ui/Button";
import { Command } from "../ui/Copy";
import { Dialog } from "../ui/Dialog";
import { Bars, Problem } from "../ui/State";
import { At } from "../ui/Time";
import styles from "./Entity.module.css";

export function Schedule({ plan }: { plan: LaunchPlan }): ReactElement {
  const schedule = plan.spec.entity_metadata?.schedule;
  const cron = schedule?.cron_schedule?.schedule ?? schedule?.cron_expression;
  const when = cron ?? (schedule?.rate ? `every ${schedule.rate.value} ${schedule.rate.unit.toLowerCase()}${schedule.rate.value === 1 ? "" : "s"}` : null);
  const isActive = plan.closure.state === "ACTIVE";
  return (
    <>
      <dl className={styles.facts}>
        <dt>when</dt><dd>{when ? <code>{when}</code> : "it has no schedule: it starts when somebody launches it"}</dd>
        <dt>this version</dt><dd>{isActive ? "is the active one" : "is not active"}</dd>
        {when && isActive ? <Following name={plan.id.name} /> : null}
      </dl>
      <Activation plan={plan} isActive={isActive} isScheduled={when !== null} />
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
      {data.missed ? <><dt>left out</dt><dd>{data.missed.toLocaleString("en")}{data.skipped ? `, the last: ${visible(data.skipped)}` : ""}</dd></> : null}
    </>
  );
}

function Moment({ title, at, children }: { title: string; at: string | null; children?: ReactElement | null }): ReactElement | null {
  const time = at === null ? null : instant(at);
  return time === null ? null : <><dt>{title}</dt><dd className={styles.actions}><At at={time} /> {children}</dd></>;
}

function Activation({ plan, isActive, isScheduled }: { plan: LaunchPlan; isActive: boolean; isScheduled: boolean }): ReactElement {
  const [asking, setAsking] = useState(false);
  const queries = useQueryClient();
  const { project = "", domain = "", name, version = "" } = plan.id;
  const turning = useMutation({
    mutationFn: () => setActive({ project, domain, name, version }, !isActive),
    onSuccess: () => {
      setAsking(false);
      return Promise.all(["entity", "versions"].map((key) => queries.invalidateQueries({ queryKey: [key] })));
    },
  });
  const said = isActive
    ? `It is launched by nobody any more who names no version${isScheduled ? ", and its schedule starts no run" : ""}.`
    : `It takes the place of the version that is active now${isScheduled ? ", and its schedule is followed from now on, on your behalf" : ""}.`;
  return (
    <p className={styles.activation}>
      <Button onClick={() => setAsking(true)}>{isActive ? "Deactivate…" : "Activate…"}</Button>
      {asking ? (
        <Dialog open onClose={() => setAsking(false)} title={isActive ? "Deactivate this version?" : "Activate this version?"} description={said}>
          {isActive ? null : <Command text={`alula schedule activate ${quoted(`${name}@${version}`)}`} />}
          {turning.error ? <Problem error={turning.error} /> : null}
          <span className={styles.buttons}>
            <Button look="primary" disabled={turning.isPending} onClick={() => turning.mutate()}>{isActive ? "Deactivate" : "Activate"}</Button>
            <Button look="quiet" onClick={() => setAsking(false)}>Not now</Button>
          </span>
        </Dialog>
      ) : null}
    </p>
  );
}
