/** What a trigger waits for, with the page of it. */
import { Link } from "@tanstack/react-router";
import type { ReactElement } from "react";
import type { Place } from "../../api/runs";
import { KIND_NAMES } from "../../entities/kinds";
import { visible } from "../../text/names";
import styles from "./Triggers.module.css";
import { either, type Waits } from "./waits";

export function WaitsFor({ waits, ends, here }: { waits: Waits; ends: readonly string[]; here: Place }): ReactElement {
  if (waits.kind === "webhook") return <>a message signed with the secret <b>{visible(waits.secret)}</b></>;
  if (waits.kind === "objects") return <>an object at <code>{visible(waits.pattern)}</code></>;
  const { kind, project, domain, name } = waits;
  const isHere = project === here.project && domain === here.domain;
  return (
    <>
      {ends.length ? `a run that ${either(ends)}, of the ` : "the end of a run of the "}{KIND_NAMES[kind]}{" "}
      <Link className={styles.link} to="/projects/$project/domains/$domain/$kind/$name" params={{ project, domain, kind, name }}>{isHere ? "" : `${visible(project)}/${visible(domain)}/`}{visible(name)}</Link>
    </>
  );
}
