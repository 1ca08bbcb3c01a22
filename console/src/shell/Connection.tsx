/** The dot that says whether what one sees is live. */
import type { ReactElement } from "react";
import { createPortal } from "react-dom";
import { isLive } from "../live/source";
import { clock, duration } from "../text/time";
import { useNow, zone } from "../ui/clock";
import { useStore } from "../ui/store";
import { connection } from "./connection-state";
import styles from "./Connection.module.css";

export function Connection(): ReactElement {
  const state = useStore(connection);
  const live = useStore(isLive);
  return (
    <>
      <span className={`${styles.dot} ${state.away ? styles.away : ""}`} role="status" title={state.away ? "The platform does not answer" : live ? "News arrive as they happen" : "News are asked for"}>
        <span className={styles.word}>{state.away ? "offline" : "live"}</span>
      </span>
      {state.away ? createPortal(<Away since={state.heard} />, document.body) : null}
    </>
  );
}

function Away({ since }: { since: number }): ReactElement {
  const now = useNow();
  const shown = useStore(zone);
  return (
    <div className={styles.bar} role="alert">
      All is shown as it was at {clock(new Date(since), shown)}{shown === "utc" ? " UTC" : ""}, {duration(Math.max(0, now / 1_000 - since))} ago. The platform does not answer; trying again.
    </div>
  );
}
