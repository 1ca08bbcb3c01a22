/** The versions of an entity, the newest first. */
import { Link } from "@tanstack/react-router";
import type { ReactElement } from "react";
import type { Kind, LaunchPlan, Task, Workflow } from "../api/flyte";
import { usePlace } from "../shell/place";
import { visible } from "../text/names";
import { instant } from "../text/time";
import { CopyButton } from "../ui/Copy";
import { At } from "../ui/Time";
import styles from "./Entity.module.css";

export function Versions({ kind, name, shown, listed }: { kind: Kind; name: string; shown: string; listed: readonly (Workflow | Task | LaunchPlan)[] }): ReactElement {
  const place = usePlace();
  return (
    <ul className={styles.rows}>
      {listed.map(({ id, closure }) => {
        const at = instant(closure.created_at);
        return (
          <li key={id.version}>
            <Link to="/projects/$project/domains/$domain/$kind/$name/version/$version" params={{ ...place, kind, name, version: id.version }} search={{ tab: "versions" }}><code>{visible(id.version)}</code></Link>
            <CopyButton text={id.version} label="Copy the version" />
            {id.version === shown ? <span className={styles.quiet}>shown</span> : null}
            {"state" in closure && closure.state === "ACTIVE" ? <span>active</span> : null}
            <span className={styles.grow} />
            {at === null ? null : <span className={styles.quiet}><At at={at} /></span>}
          </li>
        );
      })}
    </ul>
  );
}
