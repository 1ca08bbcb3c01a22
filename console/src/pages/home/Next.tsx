/** The runs that schedules start next. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { listSchedules } from "../../api/schedules";
import { usePlace } from "../../shell/place";
import { visible } from "../../text/names";
import { At, Ago } from "../../ui/Time";
import styles from "./Home.module.css";
import { nextOf } from "./next";

const READ = 200;
const SHOWN = 5;

export function Next(): ReactElement | null {
  const place = usePlace();
  const { data } = useQuery({
    queryKey: ["schedules", place],
    queryFn: ({ signal }) => listSchedules(place, READ, signal),
    refetchInterval: 60_000,
  });
  const next = nextOf(data ?? []);
  if (!next.length) return null;
  return (
    <section aria-labelledby="next">
      <h2 id="next" className={styles.heading}>Next <b>{next.length > SHOWN ? `${SHOWN} of ${next.length}` : next.length}</b></h2>
      <ul className={styles.rows}>
        {next.slice(0, SHOWN).map(({ name, at }) => (
          <li key={name} className={styles.next}>
            <Link className={styles.name} title={visible(name)} to="/projects/$project/domains/$domain/$kind/$name" params={{ ...place, kind: "launch_plan", name }} search={{ tab: "schedule" }}>{visible(name)}</Link>
            <span>next run <Ago at={at} /></span>
            <span className={styles.since}><At at={at} /></span>
          </li>
        ))}
      </ul>
    </section>
  );
}
