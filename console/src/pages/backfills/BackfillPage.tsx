/** One backfill: how far it is, its slots with their runs, and what can be done about it. */
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { type ReactElement, useState } from "react";
import { type Backfill, type Change, readBackfill } from "../../api/backfills";
import { shortVersion, visible } from "../../text/names";
import { grouped } from "../../text/numbers";
import { instant } from "../../text/time";
import { Button } from "../../ui/Button";
import { Glyph } from "../../ui/Glyph";
import { Bars, Problem } from "../../ui/State";
import { At, Took } from "../../ui/Time";
import { CountVane } from "../../ui/Vane";
import { usePageTitle } from "../../ui/usePageTitle";
import styles from "./Backfills.module.css";
import { ChangeDialog, WORDS } from "./ChangeDialog";
import { Slots } from "./Slots";
import { backfillStatus, changesOf, countsOf, progressOf, rulesOf, stateOf } from "./states";
import { Range } from "./Times";

const EVERY_MS = 2_000;

export function BackfillPage(): ReactElement {
  const { project, domain, name } = useParams({ from: "/projects/$project/domains/$domain/backfills/$name" });
  const place = { project, domain };
  usePageTitle(name);
  const { data, error, refetch } = useQuery({
    queryKey: ["backfill", place, name],
    queryFn: ({ signal }) => readBackfill(place, name, signal),
    refetchInterval: ({ state }) => (state.data && backfillStatus(state.data.state).ended ? false : EVERY_MS),
  });
  if (!data) return error ? <Problem error={error} onRetry={() => void refetch()}><Link to="/projects/$project/domains/$domain/backfills" params={place}>All backfills</Link></Problem> : <Bars rows={10} />;
  return <Known backfill={data} />;
}

function Known({ backfill }: { backfill: Backfill }): ReactElement {
  const navigate = useNavigate();
  const { state } = useSearch({ from: "/projects/$project/domains/$domain/backfills/$name" });
  const counts = countsOf(backfill);
  return (
    <div>
      <header className={styles.head}>
        <Title backfill={backfill} />
        <CountVane counts={counts} height={12} />
        <p className={styles.counts}>
          {counts.map(({ status, count }) => {
            const of = stateOf(status);
            return (
              <button key={status.word} type="button" className={`${styles.count} ${status.tone}`} aria-pressed={of === state} title={of === state ? "Show all" : "Show only these"} onClick={() => void navigate({ to: ".", search: of === state ? {} : { state: of }, replace: true })}>
                <Glyph status={status} label={false} /> {grouped(count)} {status.word}
              </button>
            );
          })}
        </p>
      </header>
      <Facts backfill={backfill} />
      <section aria-labelledby="slots">
        <h2 id="slots" className={styles.heading}>Slots</h2>
        <Slots backfill={backfill} state={state} />
      </section>
    </div>
  );
}

function Title({ backfill }: { backfill: Backfill }): ReactElement {
  const [asking, setAsking] = useState<Change | null>(null);
  const { project, domain, name, plan, version, state } = backfill;
  const status = backfillStatus(state);
  const { done, all } = progressOf(backfill);
  const of = { project, domain, kind: "launch_plan", name: plan };
  return (
    <div className={styles.first}>
      <h1 className={`${styles.title} ${status.tone}`}>
        <Glyph status={status} label={false} />
        <span>{status.word[0]?.toUpperCase()}{status.word.slice(1)}</span>
        <span className={styles.far}>{grouped(done)} of {grouped(all)} slots</span>
      </h1>
      <p className={styles.made}>
        <Link to="/projects/$project/domains/$domain/$kind/$name" params={of} search={{ tab: "schedule" }}>{visible(plan)}</Link>
        <Link className={styles.version} to="/projects/$project/domains/$domain/$kind/$name/version/$version" params={{ ...of, version }} search={{ tab: "schedule" }}>@{shortVersion(visible(version))}</Link>
      </p>
      {changesOf(state).map((change) => <Button key={change} onClick={() => setAsking(change)}>{WORDS[change]}…</Button>)}
      {asking ? <ChangeDialog backfill={backfill} change={asking} onClose={() => setAsking(null)} /> : null}
      <span className="visually-hidden">Backfill {visible(name)}</span>
    </div>
  );
}

function Facts({ backfill }: { backfill: Backfill }): ReactElement {
  const [created, ended] = [instant(backfill.created_at), instant(backfill.ended_at ?? undefined)];
  return (
    <dl className={styles.facts}>
      <dt>times</dt><dd><Range first={backfill.first} until={backfill.until} /></dd>
      <dt>rules</dt><dd>{rulesOf(backfill)}</dd>
      {backfill.cron ? <><dt>by</dt><dd><code>{visible(backfill.cron)}</code></dd></> : null}
      {backfill.kickoff ? <><dt>time as input</dt><dd><code>{visible(backfill.kickoff)}</code></dd></> : null}
      {created === null ? null : <><dt>begun</dt><dd><At at={created} /></dd></>}
      <dt>{ended === null ? "so far" : "took"}</dt><dd><Took from={created} to={ended} /></dd>
      <dt>on behalf of</dt><dd>{visible(backfill.principal)}</dd>
    </dl>
  );
}
