/** Two runs beside each other: what differs first, what is the same folded away. */
import { useQuery } from "@tanstack/react-query";
import { Link, Navigate, useNavigate, useSearch } from "@tanstack/react-router";
import { ArrowLeftRight } from "lucide-react";
import { type ReactElement, useMemo, useState } from "react";
import { type Comparison, type Pair, compareRuns } from "../../api/compare";
import { type Run, listRuns } from "../../api/runs";
import { usePlace } from "../../shell/place";
import { isOpenRun, runStatus } from "../../status/status";
import { middle, plural, shortVersion, visible } from "../../text/names";
import { grouped } from "../../text/numbers";
import { duration } from "../../text/time";
import { Button, IconButton } from "../../ui/Button";
import { Glyph } from "../../ui/Glyph";
import { Bars, Empty, Problem } from "../../ui/State";
import { Ago, Took } from "../../ui/Time";
import { usePageTitle } from "../../ui/usePageTitle";
import styles from "./ComparePage.module.css";
import { type Side, type StepPair, signed, stepPairs, summary } from "./differences";
import { useNames } from "./useNames";

const CHOICES = 50;
const LIVE_MS = 2_000;
const ROWS = 200;
/** So few steps are shown all, those that do not differ too. */
const FEW = 40;

export function ComparePage(): ReactElement {
  const place = usePlace();
  const { a, b } = useSearch({ from: "/projects/$project/domains/$domain/compare" });
  usePageTitle(a && b ? `${a} · ${b}` : "Compare");
  if (!b) return <Empty title="No run was chosen to compare. Choose two runs in the list, or Compare in the menu of a run."><Link to="/projects/$project/domains/$domain/executions" params={place}>All runs</Link></Empty>;
  return a ? <Known a={a} b={b} key={`${place.project}/${place.domain}/${a}/${b}`} /> : <Earlier b={b} />;
}

/** The runs that one may compare a run with: those of its workflow. */
function useOthers(run: Run | undefined): readonly Run[] | undefined {
  const place = usePlace();
  const { data } = useQuery({
    queryKey: ["runs", place, "of", run?.workflow.name],
    queryFn: ({ signal }) => listRuns(place, { filters: `eq(workflow.name,${run?.workflow.name})`, limit: CHOICES }, signal),
    enabled: run !== undefined,
  });
  return data?.runs.filter((each) => each.name !== run?.name);
}

/** Without a first run it is the last success of the same workflow before the second. */
function Earlier({ b }: { b: string }): ReactElement {
  const place = usePlace();
  const { data, error } = useQuery({ queryKey: ["runs", place, "one", b], queryFn: ({ signal }) => listRuns(place, { filters: `eq(name,${b})`, limit: 1 }, signal) });
  const run = data?.runs[0];
  const others = useOthers(run);
  if (error) return <Problem error={error} />;
  if (data && !run) return <Empty title={`There is no run ${b} in ${place.project}/${place.domain}.`} />;
  if (!run || !others) return <Bars />;
  const before = others.filter((each) => each.created_at < run.created_at);
  const found = before.find((each) => runStatus(each.phase).tone === "done") ?? before[0] ?? others[0];
  if (!found) return <Empty title="This workflow has no other run to compare it with." />;
  return <Navigate to="." search={{ a: found.name, b }} replace />;
}

function Known({ a, b }: { a: string; b: string }): ReactElement {
  const place = usePlace();
  const { data, error, refetch } = useQuery({
    queryKey: ["compare", place, a, b],
    queryFn: ({ signal }) => compareRuns(place, a, b, signal),
    refetchInterval: ({ state }) => (state.data && (isOpenRun(state.data.a.phase) || isOpenRun(state.data.b.phase)) ? LIVE_MS : false),
  });
  if (error && !data) return <Problem error={error} onRetry={() => void refetch()} />;
  return data ? <Shown told={data} /> : <Bars rows={12} />;
}

function Shown({ told }: { told: Comparison }): ReactElement {
  const names = useNames(told);
  const steps = useMemo(() => stepPairs(told.nodes, names ?? ((id) => id)), [told, names]);
  const versions = [
    { name: "workflow", a: told.a.workflow.name, b: told.b.workflow.name },
    { name: "version", a: told.a.workflow.version, b: told.b.workflow.version },
    { name: "launched as", a: `${told.a.launch_plan.name}@${told.a.launch_plan.version}`, b: `${told.b.launch_plan.name}@${told.b.launch_plan.version}` },
    { name: "by", a: told.a.principal, b: told.b.principal },
  ].map((pair) => ({ ...pair, same: pair.a === pair.b }));
  return (
    <div className={styles.page}>
      <h1 className={styles.title}>{summary(told, steps)}</h1>
      <Heads a={told.a} b={told.b} />
      <Pairs title="Version" pairs={versions} />
      <Pairs title="Inputs" pairs={told.inputs} />
      <Pairs title="Settings" pairs={told.settings} />
      <Pairs title="Outputs" pairs={told.outputs} />
      {names ? <Steps steps={steps} told={told} /> : <Bars />}
    </div>
  );
}

function Heads({ a, b }: { a: Run; b: Run }): ReactElement {
  const navigate = useNavigate();
  return (
    <div className={styles.heads}>
      <span className={styles.swap}>
        <IconButton label="Change sides" onClick={() => void navigate({ to: ".", search: { a: b.name, b: a.name }, replace: true })}><ArrowLeftRight size={14} /></IconButton>
      </span>
      <Head run={a} other={b} side="a" />
      <Head run={b} other={a} side="b" />
    </div>
  );
}

function Head({ run, other, side }: { run: Run; other: Run; side: "a" | "b" }): ReactElement {
  const navigate = useNavigate();
  const others = useOthers(run);
  const status = runStatus(run.phase);
  return (
    <div className={styles.head}>
      <p className={styles.name}>
        <Glyph status={status} />
        <Link to="/projects/$project/domains/$domain/executions/$name" title={visible(run.name)} params={{ project: run.project, domain: run.domain, name: run.name }}>{middle(visible(run.name), 40)}</Link>
      </p>
      <p className={styles.quiet}>
        <span className={status.tone}>{status.word}</span> {status.ended ? "after" : "for"} <Took from={run.started_at ?? run.created_at} to={run.ended_at} /> · <code>@{shortVersion(visible(run.workflow.version))}</code> · <Ago at={run.created_at} />
      </p>
      {others?.length ? (
        <select
          className={styles.choice}
          aria-label={`Another ${side === "a" ? "first" : "second"} run`}
          value=""
          onChange={(event) => void navigate({ to: ".", search: side === "a" ? { a: event.currentTarget.value, b: other.name } : { a: other.name, b: event.currentTarget.value }, replace: true })}
        >
          <option value="" disabled>another run…</option>
          {others.filter((each) => each.name !== other.name).map((each) => <option key={each.name} value={each.name}>{visible(each.name)}, {runStatus(each.phase).word}</option>)}
        </select>
      ) : null}
    </div>
  );
}

function Pairs({ title, pairs }: { title: string; pairs: readonly Pair[] }): ReactElement | null {
  const [all, setAll] = useState(false);
  if (!pairs.length) return null;
  const differing = pairs.filter((pair) => !pair.same);
  const shown = all ? pairs : differing;
  const rest = pairs.length - differing.length;
  return (
    <section aria-label={title}>
      <h2 className={styles.section}>
        {title} <span className={styles.quiet}>{differing.length ? `${differing.length} of ${pairs.length} differ` : "the same"}</span>
        {rest ? <Button small look="quiet" aria-expanded={all} onClick={() => setAll(!all)}>{all ? "Only what differs" : `Show ${rest === pairs.length ? (rest === 1 ? "it" : `all ${rest}`) : `the ${rest} that ${rest === 1 ? "is" : "are"} the same`}`}</Button> : null}
      </h2>
      {shown.map((pair) => (
        <div key={pair.name} className={`${styles.row} ${pair.same ? styles.same : ""}`}>
          <span className={styles.label} title={visible(pair.name)}>{visible(pair.name)}</span>
          <Value text={pair.a} />
          <Value text={pair.b} />
        </div>
      ))}
    </section>
  );
}

function Value({ text }: { text: string | null }): ReactElement {
  return text === null ? <span className={styles.none}>none</span> : <code className={styles.value} title={visible(text)}>{visible(text) || "(empty)"}</code>;
}

function Steps({ steps, told }: { steps: readonly StepPair[]; told: Comparison }): ReactElement {
  const [all, setAll] = useState(steps.length <= FEW);
  const [most, setMost] = useState(ROWS);
  const differing = steps.filter((step) => step.differs);
  const shown = all ? steps : differing;
  const longest = Math.max(1, ...steps.map((step) => Math.max(step.a?.ms ?? 0, step.b?.ms ?? 0)));
  return (
    <section aria-label="Steps">
      <h2 className={styles.section}>
        Steps <span className={styles.quiet}>{differing.length ? `${grouped(differing.length)} of ${grouped(steps.length)} differ in state or time` : "the same in state and time"}{told.partial ? ", at the top level" : ""}</span>
        {differing.length < steps.length ? <Button small look="quiet" aria-expanded={all} onClick={() => setAll(!all)}>{all ? "Only what differs" : `Show all ${grouped(steps.length)}`}</Button> : null}
      </h2>
      {shown.slice(0, most).map((step) => (
        <div key={step.id} className={`${styles.row} ${styles.step} ${step.differs ? "" : styles.same}`}>
          <span className={styles.label} style={{ paddingLeft: step.depth * 12 }} title={`${visible(step.name)} (${visible(step.id)})`}>{visible(step.name)}</span>
          <Half run={told.a} side={step.a} id={step.id} longest={longest} />
          <Half run={told.b} side={step.b} id={step.id} longest={longest} />
          <span className={styles.delta}>{step.delta === null ? "" : signed(step.delta)}</span>
        </div>
      ))}
      {shown.length > most ? <p className={styles.more}><Button onClick={() => setMost(most + ROWS)}>{plural(Math.min(ROWS, shown.length - most), "more step")}</Button></p> : null}
    </section>
  );
}

function Half({ run, side, id, longest }: { run: Run; side: Side | null; id: string; longest: number }): ReactElement {
  if (!side) return <span className={styles.none}>no such step</span>;
  return (
    <span className={`${styles.half} ${side.status.tone}`}>
      <Glyph status={side.status} />
      <Link to="/projects/$project/domains/$domain/executions/$name" params={{ project: run.project, domain: run.domain, name: run.name }} search={{ sel: id }}>{side.ms === null ? side.status.word : duration(side.ms)}</Link>
      <span className={styles.bar} aria-hidden="true"><span style={{ width: `${((side.ms ?? 0) / longest) * 100}%` }} /></span>
    </span>
  );
}
