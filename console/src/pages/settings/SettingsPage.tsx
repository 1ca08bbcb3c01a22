/** The platform: what it is, its projects, and the settings that hold for the runs of a domain; which runs go, and the disk. */
import { useMutation, useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Fragment, type ReactElement, useState } from "react";
import type { Project } from "../../api/flyte";
import { readAbout } from "../../api/runs";
import { ATTRIBUTES, type AttributeKind, createProject, listAllProjects, listAttributes, setProjectState } from "../../api/settings";
import { usePlace } from "../../shell/place";
import { visible } from "../../text/names";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { Bars, Problem } from "../../ui/State";
import { usePageTitle } from "../../ui/usePageTitle";
import { Disk, Retention } from "./Retention";
import styles from "./SettingsPage.module.css";
import { leaves } from "./leaves";

export function SettingsPage(): ReactElement {
  usePageTitle("Settings");
  return (
    <div className={styles.page}>
      <h1 className="visually-hidden">Settings</h1>
      <Platform />
      <Projects />
      <Attributes />
      <Retention />
      <Disk />
    </div>
  );
}

function Platform(): ReactElement {
  const { data, error } = useQuery({ queryKey: ["about"], queryFn: ({ signal }) => readAbout(signal), staleTime: 60_000 });
  return (
    <section>
      <h2 className={styles.heading}>Platform</h2>
      {error ? <Problem error={error} /> : data ? (
        <dl className={styles.facts}>
          <dt>version</dt><dd>{data.version}</dd>
          <dt>you are</dt><dd>{visible(data.principal)}</dd>
          <dt>domains</dt><dd>{data.domains.join(", ")}</dd>
        </dl>
      ) : <Bars rows={3} />}
    </section>
  );
}

const STATES: Readonly<Record<string, "ACTIVE" | "ARCHIVED">> = { ARCHIVED: "ARCHIVED" };

function Projects(): ReactElement {
  const [creating, setCreating] = useState(false);
  const { data, error, refetch } = useQuery({ queryKey: ["projects", "all"], queryFn: ({ signal }) => listAllProjects(signal) });
  return (
    <section>
      <h2 className={styles.heading}>Projects <Button small onClick={() => setCreating(true)}>New project…</Button></h2>
      {error ? <Problem error={error} onRetry={() => void refetch()} /> : data ? (
        <ul>{(data.projects ?? []).map((project) => <Row key={project.id} project={project} />)}</ul>
      ) : <Bars rows={3} />}
      {creating ? <Creating onClose={() => setCreating(false)} /> : null}
    </section>
  );
}

function Row({ project }: { project: Project }): ReactElement {
  const queries = useQueryClient();
  const state = STATES[project.state ?? ""] ?? "ACTIVE";
  const turning = useMutation({
    mutationFn: () => setProjectState(project, state === "ACTIVE" ? "ARCHIVED" : "ACTIVE"),
    onSettled: () => queries.invalidateQueries({ queryKey: ["projects"] }),
  });
  return (
    <li className={styles.row}>
      <b className={state === "ACTIVE" ? "" : styles.quiet}>{visible(project.id)}</b>
      <span className={styles.about}>{visible(project.description || (project.name === project.id ? "" : project.name))}</span>
      <span>{state === "ACTIVE" ? project.domains.map((domain, place) => (
        <span key={domain.id}>{place ? " · " : ""}<Link to="/projects/$project/domains/$domain" params={{ project: project.id, domain: domain.id }}>{visible(domain.id)}</Link></span>
      )) : <span className={styles.quiet}>archived</span>}</span>
      <Button small look="quiet" disabled={turning.isPending} onClick={() => turning.mutate()}>{state === "ACTIVE" ? "Archive" : "Bring back"}</Button>
      {turning.error ? <Problem error={turning.error} /> : null}
    </li>
  );
}

function Creating({ onClose }: { onClose: () => void }): ReactElement {
  const queries = useQueryClient();
  const [id, setId] = useState("");
  const [description, setDescription] = useState("");
  const creating = useMutation({
    mutationFn: () => createProject(id.trim(), "", description.trim()),
    onSuccess: () => {
      onClose();
      return queries.invalidateQueries({ queryKey: ["projects"] });
    },
  });
  return (
    <Dialog open onClose={onClose} title="New project" description="It has all domains of the platform. Its name is part of the names of all that is in it, and stays.">
      <form className={styles.form} onSubmit={(event) => { event.preventDefault(); creating.mutate(); }}>
        <label>Name<input value={id} autoComplete="off" spellCheck={false} onChange={(event) => setId(event.currentTarget.value)} /></label>
        <label>Description<input value={description} onChange={(event) => setDescription(event.currentTarget.value)} /></label>
        {creating.error ? <Problem error={creating.error} /> : null}
        <p className={styles.buttons}>
          <Button type="submit" look="primary" disabled={creating.isPending}>Create</Button>
          <Button look="quiet" onClick={onClose}>Not now</Button>
        </p>
      </form>
    </Dialog>
  );
}

const KINDS = Object.keys(ATTRIBUTES) as AttributeKind[];

/** What is set for a project, a domain of it, or a workflow there. Of several that match a run, the last one here holds. */
function Attributes(): ReactElement {
  const { project, domain } = usePlace();
  const found = useQueries({ queries: KINDS.map((kind) => ({ queryKey: ["attributes", kind], queryFn: ({ signal }: { signal: AbortSignal }) => listAttributes(kind, signal) })) });
  const failed = found.find((each) => each.error);
  const rows = KINDS.flatMap((kind, at) =>
    (found[at]?.data?.configurations ?? [])
      .filter((each) => each.project === project && (!each.domain || each.domain === domain))
      .flatMap((each) => leaves(each.attributes ?? {}).map(([path, text]) => ({ of: each.workflow || (each.domain ? "the domain" : "the project"), kind, path, text }))),
  );
  return (
    <section>
      <h2 className={styles.heading}>Settings of {visible(project)} / {visible(domain)}</h2>
      {failed?.error ? <Problem error={failed.error} /> : found.some((each) => each.isLoading) ? <Bars rows={2} /> : rows.length ? (
        <dl className={styles.facts}>
          {rows.map(({ of, kind, path, text }) => (
            <Fragment key={`${of} ${kind} ${path}`}><dt>{visible(of)}: {ATTRIBUTES[kind]}, {path}</dt><dd><code>{visible(text)}</code></dd></Fragment>
          ))}
        </dl>
      ) : <p className={styles.note}>Nothing is set: the settings of the platform hold. Clients of Flyte set attributes, for example <code>flytectl update task-resource-attribute</code>.</p>}
    </section>
  );
}
