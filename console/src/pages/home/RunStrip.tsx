/** The last runs of a workflow as a strip, each a link: height says how long it took, colour how it ended. */
import { Link } from "@tanstack/react-router";
import type { ReactElement } from "react";
import type { Run, RunPage } from "../../api/runs";
import { listedStatus } from "../../status/status";
import { duration } from "../../text/time";
import { took } from "./overview";
import styles from "./RunStrip.module.css";

export function RunStrip({ runs, questions }: { runs: readonly Run[]; questions: RunPage["questions"] }): ReactElement {
  const longest = Math.max(1, ...runs.map(took));
  const words = runs.map((run) => listedStatus(run, questions).word);
  return (
    <span className={styles.strip} role="group" aria-label={`last ${runs.length} runs, the newest last: ${words.slice(-5).join(", ")}`}>
      {runs.map((run) => {
        const status = listedStatus(run, questions);
        const share = status.ended ? Math.max(0.3, took(run) / longest) : 1;
        const said = `${run.name}: ${status.word}${status.ended ? ` after ${duration(took(run))}` : ""}`;
        return (
          <Link
            key={run.name}
            className={`${styles.run} ${status.tone}`}
            to="/projects/$project/domains/$domain/executions/$name"
            params={{ project: run.project, domain: run.domain, name: run.name }}
            aria-label={said}
            title={said}
            tabIndex={run === runs.at(-1) ? 0 : -1}
          >
            <span style={{ height: `${status.tone === "broken" ? 100 : share * 100}%` }} />
          </Link>
        );
      })}
    </span>
  );
}
