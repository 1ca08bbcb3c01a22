/** What a run was made of, by whom or by what, and what its end has started. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactElement, ReactNode } from "react";
import type { Run, RunId } from "../api/runs";
import { listStarted } from "../api/triggers";
import { isMessage } from "../pages/triggers/waits";
import { isOpenRun } from "../status/status";
import { middle, shortVersion, visible } from "../text/names";
import { grouped } from "../text/numbers";
import { Ago } from "../ui/Time";
import { useRun } from "./context";
import { useKept } from "./useKept";
import styles from "./RunHeader.module.css";

const MODES = ["by hand", "by schedule", "by the system", "again", "as a child", "recovered", "by a trigger"];

export function Made(): ReactElement {
  const { run } = useRun().state;
  const kept = useKept();
  const entity = run.launch_entity === "task" ? { kind: "task", of: run.launch_plan } : { kind: "workflow", of: run.workflow };
  const place = { project: entity.of.project, domain: entity.of.domain };
  return (
    <p className={styles.made}>
      <span>
        <Link to="/projects/$project/domains/$domain/$kind/$name" params={{ ...place, kind: entity.kind, name: entity.of.name }}>{visible(entity.of.name)}</Link>
        <Link className={styles.version} to="/projects/$project/domains/$domain/$kind/$name/version/$version" params={{ ...place, kind: entity.kind, name: entity.of.name, version: entity.of.version }} search={{ tab: "graph" }}>
          @{shortVersion(visible(entity.of.version))}
        </Link>
      </span>
      <Aside>{visible(run.principal)}, <Start /></Aside>
      <Aside><Ago at={run.created_at} /></Aside>
      {run.parent ? <Aside>started by <RunLink id={run.parent} sel={run.parent.node_id} /></Aside> : null}
      {run.imported ? <Imported from={run.imported} /> : null}
      {kept ? <Aside><span title="It stays, whatever the rules of retention say">kept</span></Aside> : null}
      {isOpenRun(run.phase) ? null : <Followed />}
    </p>
  );
}

/** Where a run took place that came here as a file. The address is text: it is what a stranger's file says. */
function Imported({ from: { run, platform, at } }: { from: NonNullable<Run["imported"]> }): ReactElement {
  return <Aside>imported from {visible(run)}{platform ? ` at ${visible(platform)}` : ""}{at === null ? null : <>, <Ago at={at} /></>}</Aside>;
}

const CAUSE_CHARS = 80;

/** By whom or by what it was started. */
function Start(): ReactElement {
  const { launch_plan: plan, cause, mode } = useRun().state.run;
  if (!cause) return <>{MODES[mode] ?? "by hand"}</>;
  if (cause.run) return <>by the end of <RunLink id={cause.run} /></>;
  const { project, domain, name } = plan;
  return <span title={visible(cause.text)}>by {isMessage(cause.text) ? "webhook" : "trigger"} <Link to="/projects/$project/domains/$domain/$kind/$name" params={{ project, domain, kind: "launch_plan", name }} search={{ tab: "triggers" }}>{visible(name)}</Link>{isMessage(cause.text) ? null : `: ${middle(visible(cause.text), CAUSE_CHARS)}`}</span>;
}

const SHOWN = 3;
/** What an end starts is there a moment after it. */
const SETTLED_US = 30_000_000;

/** What the end of this run has started by triggers, and what it could not start. */
function Followed(): ReactElement | null {
  const { id, state: { run } } = useRun();
  const { data } = useQuery({
    queryKey: ["started", id],
    queryFn: ({ signal }) => listStarted(id, signal),
    staleTime: 60_000,
    refetchInterval: () => (Date.now() * 1_000 - (run.ended_at ?? 0) < SETTLED_US ? 2_000 : false),
  });
  const started = data?.filter((each) => each.run) ?? [];
  const refused = data?.filter((each) => !each.run) ?? [];
  return (
    <>
      {started.length ? (
        <Aside>
          its end started {started.slice(0, SHOWN).map((each, at) => <span key={each.run}>{at ? ", " : ""}<RunLink id={{ ...each, name: each.run }} /></span>)}
          {started.length > SHOWN ? ` and ${grouped(started.length - SHOWN)} more` : ""}
        </Aside>
      ) : null}
      {refused.slice(0, SHOWN).map(({ project, domain, name, detail }) => (
        <Aside key={`${project}/${domain}/${name}`}>
          <span title={visible(detail)}>its end could not start <Link to="/projects/$project/domains/$domain/$kind/$name" params={{ project, domain, kind: "launch_plan", name }} search={{ tab: "triggers" }}>{visible(name)}</Link></span>
        </Aside>
      ))}
    </>
  );
}

function RunLink({ id: { project, domain, name }, sel }: { id: RunId; sel?: string }): ReactElement {
  return <Link to="/projects/$project/domains/$domain/executions/$name" params={{ project, domain, name }} search={{ sel }}>{visible(name)}</Link>;
}

function Aside({ children }: { children: ReactNode }): ReactElement {
  return <span className={styles.aside}>{children}</span>;
}
