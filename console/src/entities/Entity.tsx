/** One entity: what it takes and gives, its runs, its graph, its versions, its schedule, its triggers. */
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { type Kind, type LaunchPlan, type Task, type Workflow, listVersions, readEntity } from "../api/flyte";
import { Refused } from "../api/http";
import type { Interface } from "../api/idl";
import type { EntityTab } from "../search";
import { usePlace } from "../shell/place";
import { shortVersion, visible } from "../text/names";
import { ButtonLink } from "../ui/Button";
import { Bars, Problem } from "../ui/State";
import { Tabs } from "../ui/Tabs";
import { usePageTitle } from "../ui/usePageTitle";
import { typeName } from "../values/types";
import styles from "./Entity.module.css";
import { EntityGraph } from "./EntityGraph";
import { EntityGrid } from "./grid/EntityGrid";
import { EntityRuns } from "./EntityRuns";
import { KIND_NAMES, LISTS, kindOf } from "./kinds";
import { Schedule } from "./Schedule";
import { Triggers } from "./Triggers";
import { Versions } from "./Versions";

export function Entity(): ReactElement {
  const { kind: text = "", name = "", version } = useParams({ strict: false });
  const kind = kindOf(text);
  if (!kind) return <Problem error={new Refused(404, "NoSuchPage", `There is no kind of entity called ${text}.`)} />;
  return <Known kind={kind} name={name} version={version} key={`${kind} ${name}`} />;
}

function Known({ kind, name, version: named }: { kind: Kind; name: string; version: string | undefined }): ReactElement {
  const place = usePlace();
  const navigate = useNavigate();
  const { tab } = useSearch({ strict: false }) as { tab?: EntityTab };
  usePageTitle(name);
  const versions = useQuery({ queryKey: ["versions", kind, place, name], queryFn: ({ signal }) => listVersions(kind, place, name, 50, "", signal), staleTime: 30_000 });
  const listed = versions.data?.workflows ?? versions.data?.tasks ?? versions.data?.launch_plans ?? [];
  const version = named ?? listed[0]?.id.version;
  const found = useQuery({
    queryKey: ["entity", kind, place, name, version],
    queryFn: ({ signal }) => readEntity<Workflow & Task & LaunchPlan>(kind, { ...place, name, version: version ?? "" }, signal),
    enabled: version !== undefined,
    staleTime: Infinity,
  });
  const error = versions.error ?? found.error ?? (versions.data && !version ? new Refused(404, "NotFound", `There is no ${KIND_NAMES[kind]} ${name} in ${place.project}/${place.domain}.`) : null);
  if (error) return <Problem error={error} onRetry={() => void versions.refetch()}><Link to={LISTS[kind]} params={place}>All {KIND_NAMES[kind]}s</Link></Problem>;
  if (!version || !found.data) return <Bars rows={10} />;
  const tabs = TABS[kind];
  const chosen = tab && tabs.includes(tab) ? tab : "runs";
  return (
    <div className={styles.page}>
      <header className={styles.head}>
        <div className={styles.first}>
          <h1 className={styles.title}>{visible(name)}<span className={styles.version}>@{shortVersion(visible(version))}</span></h1>
          <span className={styles.kind}>{KIND_NAMES[kind]}</span>
          <ButtonLink look="primary" to="/projects/$project/domains/$domain/launch" params={place} search={{ kind: kind === "workflow" ? "launch_plan" : kind, name, version }}>Launch</ButtonLink>
        </div>
        {found.data.short_description ? <p className={styles.about}>{visible(found.data.short_description)}</p> : null}
        <Signature of={interfaceOf(kind, found.data)} />
      </header>
      <div className={styles.tabs}>
        <Tabs label="About it" panel="entity" chosen={chosen} tabs={tabs.map((id) => ({ id, label: WORDS[id] }))} onChoose={(id) => void navigate({ to: ".", search: { tab: id } })} />
      </div>
      <div role="tabpanel" id="entity" aria-label={WORDS[chosen]}>
        {chosen === "runs" ? <EntityRuns kind={kind} name={name} /> : null}
        {chosen === "grid" && kind === "workflow" ? <EntityGrid name={name} closure={found.data.closure.compiled_workflow} /> : null}
        {chosen === "graph" && kind === "workflow" ? <EntityGraph closure={found.data.closure.compiled_workflow} /> : null}
        {chosen === "versions" ? <Versions kind={kind} name={name} shown={version} listed={listed} /> : null}
        {chosen === "schedule" ? <Schedule plan={found.data} /> : null}
        {chosen === "triggers" && kind !== "task" ? <Triggers of={{ kind, ...place, name }} plan={kind === "launch_plan" ? found.data : null} /> : null}
      </div>
    </div>
  );
}

const TABS: Record<Kind, readonly EntityTab[]> = {
  workflow: ["runs", "grid", "graph", "triggers", "versions"],
  task: ["runs", "versions"],
  launch_plan: ["runs", "schedule", "triggers", "versions"],
};
const WORDS: Record<EntityTab, string> = { runs: "Runs", grid: "Grid", graph: "Graph", versions: "Versions", schedule: "Schedule", triggers: "Triggers" };

function interfaceOf(kind: Kind, found: Workflow & Task & LaunchPlan): Interface {
  if (kind === "workflow") return found.closure.compiled_workflow.primary.template.interface ?? {};
  if (kind === "task") return found.closure.compiled_task.template.interface ?? {};
  const parameters = found.closure.expected_inputs?.parameters ?? {};
  return { inputs: { variables: Object.fromEntries(Object.entries(parameters).map(([name, each]) => [name, each.var])) }, outputs: found.closure.expected_outputs ?? {} };
}

/** What it takes and gives, as its author would write it. */
function Signature({ of }: { of: Interface }): ReactElement {
  const inputs = Object.entries(of.inputs?.variables ?? {}).sort(([a], [b]) => a.localeCompare(b));
  const outputs = Object.entries(of.outputs?.variables ?? {});
  return (
    <p className={styles.signature}>
      <code>
        ({inputs.map(([name, each], at) => <span key={name}>{at ? ", " : ""}{visible(name)}: <i>{typeName(each.type)}</i></span>)})
        {" → "}
        {outputs.length ? outputs.map(([name, each], at) => <span key={name}>{at ? ", " : ""}{/^o\d+$/.test(name) ? "" : `${visible(name)}: `}<i>{typeName(each.type)}</i></span>) : "nothing"}
      </code>
    </p>
  );
}
