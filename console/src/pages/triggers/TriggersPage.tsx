/** What starts by itself when something happens, and when it did last. */
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { type ReactElement, useRef } from "react";
import { TRIGGERS_MAX, listTriggers } from "../../api/triggers";
import { usePlace } from "../../shell/place";
import { useKeys } from "../../shell/useKeys";
import { grouped } from "../../text/numbers";
import { Button } from "../../ui/Button";
import { Command } from "../../ui/Copy";
import { Bars, Empty, Problem } from "../../ui/State";
import { usePageTitle } from "../../ui/usePageTitle";
import { TriggerRows } from "./TriggerRows";
import styles from "./Triggers.module.css";

export function TriggersPage(): ReactElement {
  const place = usePlace();
  const navigate = useNavigate();
  const { q = "" } = useSearch({ from: "/projects/$project/domains/$domain/triggers" });
  const field = useRef<HTMLInputElement>(null);
  usePageTitle("Triggers");
  useKeys((key) => {
    if (key !== "/") return false;
    field.current?.focus();
    return true;
  });
  const { data, error, refetch } = useQuery({ queryKey: ["triggers", place], queryFn: ({ signal }) => listTriggers(place, signal), refetchInterval: 10_000 });
  if (error && !data) return <Problem error={error} onRetry={() => void refetch()} />;
  if (!data) return <Bars rows={10} />;
  if (!data.length) {
    return (
      <Empty title={`Nothing waits for anything to happen in ${place.project}/${place.domain}: a launch plan that is declared with trigger=OnRunEnd(…), OnWebhook(…) or OnObject(…) does, once it is active.`}>
        <Command text="alula schedule activate NAME" />
      </Empty>
    );
  }
  const shown = data.filter((each) => `${each.name} ${each.waits_for}`.toLowerCase().includes(q.toLowerCase()));
  return (
    <div>
      <h1 className="visually-hidden">Triggers</h1>
      <input ref={field} type="search" className={styles.filter} value={q} placeholder="/ filter by plan, or by what it waits for" aria-label="Filter the triggers" onChange={(event) => void navigate({ to: ".", search: event.currentTarget.value ? { q: event.currentTarget.value } : {}, replace: true })} />
      {shown.length ? null : <Empty title="Nothing meets this filter."><Button onClick={() => void navigate({ to: ".", search: {} })}>Clear the filter</Button></Empty>}
      <TriggerRows triggers={shown} here={place} />
      {data.length === TRIGGERS_MAX ? <p className={styles.more}>The first {grouped(TRIGGERS_MAX)}, by name.</p> : null}
    </div>
  );
}
