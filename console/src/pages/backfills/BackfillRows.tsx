/** Backfills of a place or of a launch plan, the newest first: how far each is. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactElement, ReactNode } from "react";
import { BACKFILLS_PAGE, type Backfill, listBackfills } from "../../api/backfills";
import { usePlace } from "../../shell/place";
import { visible } from "../../text/names";
import { grouped } from "../../text/numbers";
import { instant } from "../../text/time";
import { Button } from "../../ui/Button";
import { Glyph } from "../../ui/Glyph";
import { Bars, Problem } from "../../ui/State";
import { Ago } from "../../ui/Time";
import { CountVane } from "../../ui/Vane";
import styles from "./Backfills.module.css";
import { backfillStatus, countsOf, progressOf } from "./states";
import { Range } from "./Times";

export function BackfillRows({ plan = "", none }: { plan?: string; none: ReactNode }): ReactElement {
  const place = usePlace();
  const { data, error, refetch, hasNextPage, fetchNextPage } = useInfiniteQuery({
    queryKey: ["backfills", place, plan],
    queryFn: ({ signal, pageParam }) => listBackfills(place, plan, pageParam, signal),
    initialPageParam: 0,
    getNextPageParam: (page, pages) => (page.length < BACKFILLS_PAGE ? undefined : pages.length * BACKFILLS_PAGE),
    refetchInterval: 5_000,
  });
  if (!data) return error ? <Problem error={error} onRetry={() => void refetch()} /> : <Bars rows={4} />;
  const backfills = data.pages.flat();
  if (!backfills.length) return <>{none}</>;
  return (
    <>
      <ul>{backfills.map((each) => <Row key={each.name} backfill={each} withPlan={!plan} />)}</ul>
      {hasNextPage ? <p className={styles.more}><Button onClick={() => void fetchNextPage()}>Older ones</Button></p> : null}
    </>
  );
}

function Row({ backfill, withPlan }: { backfill: Backfill; withPlan: boolean }): ReactElement {
  const { project, domain, name, plan } = backfill;
  const { done, all } = progressOf(backfill);
  const created = instant(backfill.created_at);
  return (
    <li className={styles.row}>
      <Glyph status={backfillStatus(backfill.state)} />
      <Link className={styles.name} title={visible(name)} to="/projects/$project/domains/$domain/backfills/$name" params={{ project, domain, name }}>{visible(name)}</Link>
      <span className={styles.plan} title={visible(plan)}>{withPlan ? visible(plan) : null}</span>
      <span className={styles.range}><Range first={backfill.first} until={backfill.until} /></span>
      <span className={styles.vane}><CountVane counts={countsOf(backfill)} /></span>
      <span className={styles.number}>{grouped(done)} of {grouped(all)}</span>
      <span className={styles.when}>{created === null ? null : <Ago at={created} />}</span>
    </li>
  );
}
