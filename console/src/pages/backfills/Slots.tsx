/** The slots of a backfill by their time, each with its run. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type ReactElement, useEffect } from "react";
import { type Backfill, SLOTS_PAGE, type Slot, type SlotState, listSlots } from "../../api/backfills";
import type { Place } from "../../api/runs";
import { visible } from "../../text/names";
import { Button } from "../../ui/Button";
import { Glyph } from "../../ui/Glyph";
import { Bars, Empty, Problem } from "../../ui/State";
import styles from "./Backfills.module.css";
import { hasRun, slotStatus } from "./states";
import { Minute } from "./Times";

export function Slots({ backfill, state }: { backfill: Backfill; state: SlotState | undefined }): ReactElement {
  const { project, domain, name } = backfill;
  const { data, error, refetch, hasNextPage, fetchNextPage } = useInfiniteQuery({
    queryKey: ["slots", project, domain, name, state],
    queryFn: ({ signal, pageParam }) => listSlots({ project, domain }, name, state, pageParam, signal),
    initialPageParam: 0,
    getNextPageParam: (page, pages) => (page.length < SLOTS_PAGE ? undefined : pages.length * SLOTS_PAGE),
  });
  // They are read again when their numbers show that one has changed.
  const counts = Object.values(backfill.slots).join();
  useEffect(() => void refetch(), [counts, refetch]);
  if (!data) return error ? <Problem error={error} onRetry={() => void refetch()} /> : <Bars rows={8} />;
  const slots = data.pages.flat();
  if (!slots.length) return <Empty title={state ? `No slot is ${slotStatus(state).word} now.` : "It has no slots."} />;
  return (
    <>
      <ul>{slots.map((slot) => <Row key={slot.at} slot={slot} place={{ project, domain }} />)}</ul>
      {hasNextPage ? <p className={styles.more}><Button onClick={() => void fetchNextPage()}>More slots</Button></p> : null}
    </>
  );
}

function Row({ slot, place }: { slot: Slot; place: Place }): ReactElement {
  const status = slotStatus(slot.state);
  return (
    <li className={styles.slot}>
      <Glyph status={status} label={false} />
      <Minute at={slot.planned_for} />
      <span className={styles.quiet}>{status.word}</span>
      <span className={styles.name}>
        {hasRun(slot.state, slot.detail) ? <Link to="/projects/$project/domains/$domain/executions/$name" params={{ ...place, name: slot.run }}>{visible(slot.run)}</Link> : null}
        {slot.detail ? <span className={styles.detail}>{visible(slot.detail)}</span> : null}
      </span>
    </li>
  );
}
