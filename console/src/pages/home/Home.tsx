/** Home: is everything all right? What needs somebody, what fails, what runs, and how each workflow does. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { type Run, type RunPage, listRuns } from "../../api/runs";
import { useRunsNews } from "../../live/useRunsNews";
import { usePlace } from "../../shell/place";
import { countsOfNodes } from "../../status/counts";
import { isOpenRun, listedStatus, runStatus } from "../../status/status";
import { firstLine, ownCode, plural, shortName, visible } from "../../text/names";
import { duration } from "../../text/time";
import { Glyph } from "../../ui/Glyph";
import { Bars, Problem } from "../../ui/State";
import { Ago, Took } from "../../ui/Time";
import { CountVane } from "../../ui/Vane";
import { usePageTitle } from "../../ui/usePageTitle";
import { FirstSteps } from "./FirstSteps";
import styles from "./Home.module.css";
import { NeedsYou, useQuestions } from "./NeedsYou";
import { Next } from "./Next";
import { NEWEST, type WorkflowOverview, overview } from "./overview";
import { RunStrip } from "./RunStrip";

export function Home(): ReactElement {
  const place = usePlace();
  const every = useRunsNews(place.project, place.domain);
  const { data, error, refetch } = useQuery({
    queryKey: ["runs", place, "home"],
    queryFn: ({ signal }) => listRuns(place, { limit: NEWEST }, signal),
    refetchInterval: every,
  });
  const open = (data?.runs ?? []).filter((run) => isOpenRun(run.phase));
  const questions = useQuestions(open.filter((run) => data?.questions[run.name]));
  const workflows = overview(data?.runs ?? []);
  const failing = workflows.filter((each) => each.failing.length);
  usePageTitle(failing.length ? `◆ ${plural(failing.length, "workflow")} failing` : "Home");
  if (error && !data) return <Problem error={error} onRetry={() => void refetch()} />;
  if (!data) return <Bars rows={10} />;
  if (!data.runs.length) return <FirstSteps />;
  return (
    <div className={styles.home}>
      <h1 className="visually-hidden">Home</h1>
      <NeedsYou runs={open} questions={questions} />
      {failing.length ? <Failing workflows={failing} questions={data.questions} /> : null}
      {open.length ? <Running runs={open} questions={data.questions} usual={new Map(workflows.map((each) => [each.name, each.p50]))} /> : null}
      <Next />
      <Workflows workflows={workflows} questions={data.questions} />
    </div>
  );
}

function Failing({ workflows, questions }: { workflows: readonly WorkflowOverview[]; questions: RunPage["questions"] }): ReactElement {
  return (
    <section aria-labelledby="failing">
      <h2 id="failing" className={styles.heading}>Failing <b>{workflows.length}</b></h2>
      <ul className={styles.rows}>
        {workflows.map((each) => {
          const newest = each.failing[0];
          const first = each.failing.at(-1);
          if (!newest || !first) return null;
          return (
            <li key={each.name} className={styles.failing}>
              <Glyph status={runStatus(newest.phase)} />
              <EntityLink name={each.name} />
              <RunStrip runs={each.runs} questions={questions} />
              <span className={styles.said}>
                <RunLink run={newest}>
                  <b>{visible(ownCode(newest.reason?.code ?? runStatus(newest.phase).word))}</b> {visible(firstLine(newest.reason?.message ?? ""))}
                </RunLink>
              </span>
              <span className={styles.since}>{each.failing.length > 1 ? `${each.failing.length} in a row, since ` : ""}<Ago at={first.created_at} /></span>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function Running({ runs, questions, usual }: { runs: readonly Run[]; questions: RunPage["questions"]; usual: ReadonlyMap<string, number | null> }): ReactElement {
  return (
    <section aria-labelledby="running">
      <h2 id="running" className={styles.heading}>Running <b>{runs.length}</b></h2>
      <ul className={styles.rows}>
        {runs.slice(0, 12).map((run) => {
          const p50 = usual.get(run.workflow.name);
          return (
            <li key={run.name} className={styles.running}>
              <Glyph status={listedStatus(run, questions)} />
              <RunLink run={run}>{visible(run.name)}</RunLink>
              <span className={styles.of}>{shortName(run.workflow.name)}</span>
              <CountVane counts={countsOfNodes(run.nodes)} />
              <span className={styles.since}><Took from={run.started_at ?? run.created_at} to={null} />{p50 ? `, usually ${duration(p50)}` : ""}</span>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function Workflows({ workflows, questions }: { workflows: readonly WorkflowOverview[]; questions: RunPage["questions"] }): ReactElement {
  return (
    <section aria-labelledby="workflows">
      <h2 id="workflows" className={styles.heading}>Workflows <b>{workflows.length}</b></h2>
      <table className={styles.table}>
        <thead>
          <tr><th scope="col">Name</th><th scope="col">Last {plural(30, "run")}</th><th scope="col" className={styles.number}>p50</th><th scope="col" className={styles.number}>p95</th><th scope="col" className={styles.number}>Last run</th></tr>
        </thead>
        <tbody>
          {workflows.map((each) => {
            const newest = each.runs.at(-1);
            return (
              <tr key={each.name}>
                <td><EntityLink name={each.name} /></td>
                <td className={styles.strip}><RunStrip runs={each.runs} questions={questions} /></td>
                <td className={styles.number}>{each.p50 === null ? "–" : duration(each.p50)}</td>
                <td className={styles.number}>{each.p95 === null ? "–" : duration(each.p95)}</td>
                <td className={styles.number}>{newest ? <RunLink run={newest}><Ago at={newest.created_at} /></RunLink> : null}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

function EntityLink({ name }: { name: string }): ReactElement {
  const place = usePlace();
  return (
    <Link className={styles.name} title={visible(name)} to="/projects/$project/domains/$domain/$kind/$name" params={{ ...place, kind: "workflow", name }}>
      {visible(name)}
    </Link>
  );
}

function RunLink({ run, children }: { run: Run; children: React.ReactNode }): ReactElement {
  return (
    <Link to="/projects/$project/domains/$domain/executions/$name" params={{ project: run.project, domain: run.domain, name: run.name }}>
      {children}
    </Link>
  );
}
