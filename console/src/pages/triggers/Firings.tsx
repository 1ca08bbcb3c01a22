/** What became of the causes of a trigger, the newest first. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactElement } from "react";
import type { Place } from "../../api/runs";
import { FIRINGS_PAGE, type Firing, listFirings } from "../../api/triggers";
import { visible } from "../../text/names";
import { instant } from "../../text/time";
import { Button } from "../../ui/Button";
import { Bars, Problem } from "../../ui/State";
import { Ago } from "../../ui/Time";
import styles from "./Triggers.module.css";

export function Firings({ place, name }: { place: Place; name: string }): ReactElement {
  const { data, error, refetch, hasNextPage, fetchNextPage } = useInfiniteQuery({
    queryKey: ["firings", place, name],
    queryFn: ({ signal, pageParam }) => listFirings(place, name, pageParam, signal),
    initialPageParam: 0,
    getNextPageParam: (page, pages) => (page.length < FIRINGS_PAGE ? undefined : pages.length * FIRINGS_PAGE),
    refetchInterval: 10_000,
  });
  if (!data) return error ? <Problem error={error} onRetry={() => void refetch()} /> : <Bars rows={4} />;
  const firings = data.pages.flat();
  if (!firings.length) return <p className={styles.more}>It has not fired in the last 30 days.</p>;
  return (
    <>
      <ul>{firings.map((each) => <Row key={`${each.at} ${each.cause}`} firing={each} />)}</ul>
      {hasNextPage ? <p className={styles.more}><Button onClick={() => void fetchNextPage()}>Older ones</Button></p> : null}
    </>
  );
}

function Row({ firing }: { firing: Firing }): ReactElement {
  const { project, domain, run, cause, ended, detail } = firing;
  const at = instant(firing.at);
  return (
    <li className={styles.firing}>
      {run ? <span>started <RunLink id={{ project, domain, name: run }} /></span> : <span className="broken">started nothing</span>}
      <span className={styles.cause} title={visible(cause)}>{ended ? <>the end of <RunLink id={ended} /></> : visible(cause)}</span>
      <span className={styles.when}>{at === null ? null : <Ago at={at} />}</span>
      {detail ? <span className={styles.detail}>{visible(detail)}</span> : null}
    </li>
  );
}

function RunLink({ id: { project, domain, name } }: { id: Place & { readonly name: string } }): ReactElement {
  return <Link className={styles.link} to="/projects/$project/domains/$domain/executions/$name" params={{ project, domain, name }}>{visible(name)}</Link>;
}
