/** Questions that runs ask people, answered in place. */
import { useQueries } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { type OpenQuestion, questionsOf } from "../../api/signals";
import type { Run } from "../../api/runs";
import { GATE } from "../../status/status";
import { plural, shortName, visible } from "../../text/names";
import { Glyph } from "../../ui/Glyph";
import { Ago } from "../../ui/Time";
import { Answer } from "../../run/panel/Answer";
import styles from "./NeedsYou.module.css";
import home from "./Home.module.css";

const ASKED = 20;

/** The questions of the newest of these runs. */
export function useQuestions(runs: readonly Run[]): readonly OpenQuestion[] {
  return useQueries({
    queries: runs.slice(0, ASKED).map((run) => ({
      queryKey: ["questions", run.project, run.domain, run.name, run.seq],
      queryFn: ({ signal }: { signal: AbortSignal }) => questionsOf(run, signal),
    })),
    combine: (results) => results.flatMap((each) => each.data ?? []),
  });
}

export function NeedsYou({ runs, questions: found }: { runs: readonly Run[]; questions: readonly OpenQuestion[] }): ReactElement | null {
  if (!found.length) return null;
  return (
    <section aria-labelledby="needs-you">
      <h2 id="needs-you" className={home.heading}>Needs you <b>{plural(found.length, "question")}</b></h2>
      <ul className={home.rows}>
        {found.map((question) => <Question key={`${question.run.name} ${question.id}`} question={question} of={runs.find((run) => run.name === question.run.name)} />)}
      </ul>
    </section>
  );
}

function Question({ question, of }: { question: OpenQuestion; of: Run | undefined }): ReactElement {
  const { run } = question;
  return (
    <li className={styles.question}>
      <Glyph status={GATE} />
      <span className={styles.text}>
        <Link to="/projects/$project/domains/$domain/executions/$name" params={{ project: run.project, domain: run.domain, name: run.name }}>{visible(run.name)}</Link>{" "}
        {of ? <span className={styles.quiet}>{shortName(of.workflow.name)}</span> : null}{" "}
        {question.isApproval ? "asks for approval of " : "asks for "}<b>{visible(question.id)}</b>
      </span>
      {of ? <span className={styles.quiet}><Ago at={of.created_at} /></span> : null}
      <Answer question={question} />
    </li>
  );
}
