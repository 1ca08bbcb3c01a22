/** Triggers, each in a row: what starts what, and how often it has. */
import { Link } from "@tanstack/react-router";
import type { ReactElement } from "react";
import type { Place } from "../../api/runs";
import type { Trigger } from "../../api/triggers";
import { visible } from "../../text/names";
import { grouped } from "../../text/numbers";
import { instant } from "../../text/time";
import { Ago } from "../../ui/Time";
import styles from "./Triggers.module.css";
import { WaitsFor } from "./WaitsFor";
import { endsOf, waitsOf } from "./waits";

export function TriggerRows({ triggers, here }: { triggers: readonly Trigger[]; here: Place }): ReactElement {
  return <ul>{triggers.map((each) => <Row key={`${each.project}/${each.domain}/${each.name}`} trigger={each} here={here} />)}</ul>;
}

function Row({ trigger, here }: { trigger: Trigger; here: Place }): ReactElement {
  const { project, domain, name, waits_for, started, refused } = trigger;
  const waits = waitsOf(waits_for);
  const last = instant(trigger.last_at ?? undefined);
  const isHere = project === here.project && domain === here.domain;
  return (
    <li className={styles.row}>
      <Link className={styles.name} title={visible(name)} to="/projects/$project/domains/$domain/$kind/$name" params={{ project, domain, kind: "launch_plan", name }} search={{ tab: "triggers" }}>
        {isHere ? "" : `${visible(project)}/${visible(domain)}/`}{visible(name)}
      </Link>
      <span className={styles.waits}>{waits ? <WaitsFor waits={waits} ends={endsOf(trigger.phases)} here={here} /> : visible(waits_for)}{trigger.trouble ? <span className={`${styles.trouble} broken`}>{visible(trigger.trouble)}</span> : null}</span>
      <span className={styles.counts}>
        {grouped(started)} started{refused ? <>, <span className="broken">{grouped(refused)} refused</span></> : null}
      </span>
      <span className={styles.when}>{last === null ? "not yet" : <Ago at={last} />}</span>
    </li>
  );
}
