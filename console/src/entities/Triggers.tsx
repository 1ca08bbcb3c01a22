/** What starts a launch plan when something happens, and what the ends of its runs, or a workflow's, start. */
import { useQuery } from "@tanstack/react-query";
import type { ReactElement } from "react";
import type { LaunchPlan } from "../api/flyte";
import { OWN, isMissing, path } from "../api/http";
import type { Place } from "../api/runs";
import { listWaiting, readTrigger } from "../api/triggers";
import { Firings } from "../pages/triggers/Firings";
import { TriggerRows } from "../pages/triggers/TriggerRows";
import { WaitsFor } from "../pages/triggers/WaitsFor";
import { type Declared, declaredOf, type OfEntity, textOf } from "../pages/triggers/waits";
import { usePlace } from "../shell/place";
import { visible } from "../text/names";
import { grouped } from "../text/numbers";
import { instant } from "../text/time";
import { Command } from "../ui/Copy";
import { Bars, Problem } from "../ui/State";
import { At } from "../ui/Time";
import { Activation, isActive } from "./Activation";
import styles from "./Entity.module.css";
import { KIND_NAMES } from "./kinds";

export function Triggers({ of, plan }: { of: OfEntity; plan: LaunchPlan | null }): ReactElement {
  return (
    <>
      {plan ? <Own plan={plan} /> : null}
      <Waiting of={of} />
    </>
  );
}

function Own({ plan }: { plan: LaunchPlan }): ReactElement {
  const place = usePlace();
  const declared = declaredOf(plan.spec.entity_metadata?.launch_conditions, place);
  if (!declared) return <p className={styles.more}>It waits for nothing to happen: it has no trigger.</p>;
  return (
    <>
      <dl className={styles.facts}>
        <dt>waits for</dt><dd><WaitsFor waits={declared.waits} ends={declared.ends} here={place} /></dd>
        <Inputs declared={declared} />
        {declared.waits.kind === "webhook" ? <><dt>messages to</dt><dd><Command text={`${location.origin}${OWN}/webhooks/${path(place.project, place.domain, plan.id.name)}`} /></dd></> : null}
        <dt>this version</dt><dd>{isActive(plan) ? "is the active one" : "is not active: nothing starts it"}</dd>
        {isActive(plan) ? <Following place={place} name={plan.id.name} /> : null}
      </dl>
      <Activation plan={plan} />
      <section aria-labelledby="fired">
        <h2 id="fired" className={styles.heading}>What has happened</h2>
        <Firings place={place} name={plan.id.name} />
      </section>
    </>
  );
}

function Inputs({ declared: { inputs } }: { declared: Declared }): ReactElement | null {
  if (!inputs.length) return null;
  return <><dt>inputs</dt><dd>{inputs.map(([name, source]) => <div key={name}><code>{visible(name)} = {visible(source)}</code></div>)}</dd></>;
}

/** What the trigger of the active version has done. */
function Following({ place, name }: { place: Place; name: string }): ReactElement | null {
  const { data, error, refetch } = useQuery({ queryKey: ["trigger", place, name], queryFn: ({ signal }) => readTrigger(place, name, signal), refetchInterval: 10_000, staleTime: 0, retry: false });
  if (!data) return error && !isMissing(error) ? <Problem error={error} onRetry={() => void refetch()} /> : null;
  const [since, last] = [instant(data.since), instant(data.last_at ?? undefined)];
  return (
    <>
      {since === null ? null : <><dt>active since</dt><dd><At at={since} /></dd></>}
      <dt>last</dt><dd>{last === null ? "it has not fired yet" : <At at={last} />}</dd>
      <dt>started</dt><dd>{grouped(data.started)}{data.refused ? `, and ${grouped(data.refused)} refused` : ""}</dd>
      {data.trouble ? <><dt>trouble</dt><dd>{visible(data.trouble)}</dd></> : null}
      <dt>on behalf of</dt><dd>{visible(data.principal)}</dd>
    </>
  );
}

function Waiting({ of }: { of: OfEntity }): ReactElement {
  const text = textOf(of);
  const { data, error, refetch } = useQuery({ queryKey: ["triggers", text], queryFn: ({ signal }) => listWaiting(text, signal), refetchInterval: 10_000 });
  return (
    <section aria-labelledby="starts">
      <h2 id="starts" className={styles.heading}>What the end of its runs starts</h2>
      {error ? <Problem error={error} onRetry={() => void refetch()} /> : !data ? <Bars rows={2} /> : data.length ? <TriggerRows triggers={data} here={of} /> : (
        <p className={styles.more}>No active launch plan waits for the runs of this {KIND_NAMES[of.kind]}.</p>
      )}
    </section>
  );
}
