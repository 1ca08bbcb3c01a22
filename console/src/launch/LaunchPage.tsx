/** Launch: the inputs of an entity, or of a run once more, what will run, and all that is wrong with it at once. */
import { useMutation, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { type ReactElement, useMemo, useRef, useState } from "react";
import { createRun } from "../api/flyte";
import type { Place } from "../api/runs";
import { usePlace } from "../shell/place";
import { plural, shortVersion, visible } from "../text/names";
import { Button } from "../ui/Button";
import { Calls } from "../ui/Calls";
import { Bars, Empty, Problem } from "../ui/State";
import { Tabs } from "../ui/Tabs";
import { usePageTitle } from "../ui/usePageTitle";
import { Value } from "../values/Value";
import { callOf } from "./command";
import type { Draft } from "./drafts";
import { Field } from "./Field";
import { type Drafts, type Form, type Options, filled, request } from "./form";
import { kept, keep } from "./kept";
import styles from "./LaunchPage.module.css";
import { readForm } from "./reading";
import { useChecked } from "./useChecked";

export function LaunchPage(): ReactElement {
  const place = usePlace();
  const search = useSearch({ from: "/projects/$project/domains/$domain/launch" });
  usePageTitle(`Launch ${search.name ?? search.from ?? ""}`);
  const { data, error, refetch } = useQuery({
    queryKey: ["form", place, search],
    queryFn: ({ signal }) => readForm(place, search, signal),
    enabled: search.name !== undefined || search.from !== undefined,
    staleTime: 60_000,
  });
  if (!search.name && !search.from) return <Empty title="Choose what to launch."><Choices place={place} /></Empty>;
  if (error && !data) return <Problem error={error} onRetry={() => void refetch()}><Choices place={place} /></Problem>;
  if (!data) return <Bars rows={10} />;
  return <Filling key={JSON.stringify(data.entity)} form={data} />;
}

function Choices({ place }: { place: Place }): ReactElement {
  return (
    <p className={styles.choices}>
      <Link to="/projects/$project/domains/$domain/workflows" params={{ ...place }}>A workflow</Link>
      <Link to="/projects/$project/domains/$domain/tasks" params={{ ...place }}>A task</Link>
      <Link to="/projects/$project/domains/$domain/launchPlans" params={{ ...place }}>A launch plan</Link>
    </p>
  );
}

const OPTIONS: Options = { name: "", maxParallelism: "", overwriteCache: false };
type Tab = "form" | "json" | "command";

function Filling({ form }: { form: Form }): ReactElement {
  const place = usePlace();
  const navigate = useNavigate();
  const page = useRef<HTMLFormElement>(null);
  const [drafts, setDrafts] = useState<Drafts>(() => kept(form));
  const [options, setOptions] = useState(OPTIONS);
  const [tab, setTab] = useState<Tab>("form");
  const [tried, setTried] = useState(false);
  const done = useMemo(() => filled(form, drafts), [form, drafts]);
  const body = request(form, done, place, options);
  const problems = Object.entries(done.problems).flatMap(([name, each]) => each.map((problem) => ({ name, text: `${[name, ...problem.path].join(".")} ${problem.message}` })));
  const refused = useChecked(body, !problems.length);
  const launching = useMutation({
    mutationFn: () => createRun(body),
    onSuccess: (started) => navigate({ to: "/projects/$project/domains/$domain/executions/$name", params: { project: started.id.project, domain: started.id.domain, name: started.id.name } }),
  });
  const set = (name: string, draft: Draft | undefined): void => setDrafts((now) => {
    const next = { ...now };
    if (draft) next[name] = draft;
    else delete next[name];
    keep(form, next);
    return next;
  });
  const submit = (): void => {
    setTried(true);
    const first = problems[0]?.name ?? (refused[0] && fieldOf(refused[0].path));
    if (first === undefined) return launching.mutate();
    const field = `[data-field="${CSS.escape(first)}"]`;
    const place = [`:is(input, textarea, select)[aria-invalid=true], ${field} [aria-invalid=true] input`, ":is(input, textarea, select, button)"];
    place.map((each) => page.current?.querySelector<HTMLElement>(`${field} ${each}`)).find(Boolean)?.focus();
  };
  const shows = (name: string): boolean => tried || name in drafts;
  const [asked, defaults] = [form.inputs.filter((each) => !each.hasDefault || each.name in drafts), form.inputs.filter((each) => each.hasDefault && !(each.name in drafts))];
  const field = (each: Form["inputs"][number]): ReactElement => (
    <Field
      key={each.name}
      name={each.name}
      type={each.type}
      description={each.description}
      note={each.note}
      required={each.required}
      draft={drafts[each.name] ?? each.initial}
      problems={shows(each.name) ? (done.problems[each.name] ?? []) : []}
      refused={refused.filter((problem) => problem.path === `inputs.${each.name}`)}
      onChange={(draft) => set(each.name, draft)}
      onReset={each.name in drafts ? () => set(each.name, undefined) : undefined}
    />
  );
  return (
    <form ref={page} className={styles.page} noValidate onSubmit={(event) => { event.preventDefault(); submit(); }}>
      <div className={styles.fields}>
        <h1 className={styles.title}>Launch {visible(form.entity.name)}<span className={styles.version}>@{shortVersion(visible(form.entity.version))}</span></h1>
        <Tabs label="Ways to fill it" panel="launch-fields" chosen={tab} tabs={[{ id: "form", label: "Form" }, { id: "json", label: "JSON" }, { id: "command", label: "Command" }]} onChoose={setTab} />
        <div id="launch-fields" role="tabpanel" aria-label={tab} className={styles.tab}>
          {tab === "json" ? <pre className={styles.json} tabIndex={0}>{JSON.stringify(body, null, 2)}</pre> : null}
          {tab === "command" ? <div className={styles.command}><Calls call={callOf(form, done, place, options, body)} /></div> : null}
          {tab === "form" ? (
            <>
              {form.inputs.length ? null : <p className={styles.quiet}>It takes no inputs.</p>}
              {asked.map(field)}
              {form.fixed.map(({ name, literal }) => <div key={name} className={styles.fixed}><b>{visible(name)}</b> <Value literal={literal} /> <span className={styles.quiet}>fixed by the launch plan</span></div>)}
              {defaults.length ? <details className={styles.defaults} open={defaults.length <= 4}><summary>{plural(defaults.length, "default")}</summary>{defaults.map(field)}</details> : null}
              <details className={styles.defaults}>
                <summary>More</summary>
                <Advanced options={options} onChange={setOptions} />
              </details>
            </>
          ) : null}
        </div>
      </div>
      <aside className={styles.side} aria-label="What will run">
        <h2>What will run</h2>
        <dl className={styles.facts}>
          <dt>entity</dt><dd>{visible(form.entity.name)}</dd>
          <dt>version</dt><dd><code>{visible(form.entity.version)}</code></dd>
          <dt>in</dt><dd>{place.project}/{place.domain}</dd>
          <dt>changed</dt><dd>{Object.keys(drafts).length ? Object.keys(drafts).join(", ") : "nothing"}</dd>
        </dl>
        {tried && problems.length ? (
          <div role="alert" className={styles.problems}>
            <b>{plural(problems.length, "problem")}</b>
            <ul>{problems.map((each) => <li key={each.text}>{visible(each.text)}</li>)}</ul>
          </div>
        ) : null}
        {refused.length ? (
          <div role="alert" className={styles.problems}>
            <b>It would be refused</b>
            <ul>{refused.map((each) => <li key={`${each.path} ${each.message}`}>{visible(each.message)}{each.fix ? <span className={styles.quiet}> {visible(each.fix)}</span> : null}</li>)}</ul>
          </div>
        ) : null}
        {launching.error ? <Problem error={launching.error} /> : null}
        <Button look="primary" type="submit" aria-disabled={launching.isPending}>{launching.isPending ? "Launching…" : "Launch"}</Button>
      </aside>
    </form>
  );
}

/** An input, or another part of the request; the space keeps that apart from an input of the same name. */
function fieldOf(path: string): string {
  return path.startsWith("inputs.") ? path.slice("inputs.".length) : ` ${path}`;
}

function Advanced({ options, onChange }: { options: Options; onChange: (next: Options) => void }): ReactElement {
  return (
    <div className={styles.advanced}>
      <label data-field={fieldOf("name")}>Name of the run <input value={options.name} placeholder="made if empty" onChange={(event) => onChange({ ...options, name: event.currentTarget.value })} /></label>
      <label>Tasks at once <input inputMode="numeric" value={options.maxParallelism} placeholder="the platform's limit" onChange={(event) => onChange({ ...options, maxParallelism: event.currentTarget.value.replace(/\D/g, "") })} /></label>
      <label className={styles.check}><input type="checkbox" checked={options.overwriteCache} onChange={(event) => onChange({ ...options, overwriteCache: event.currentTarget.checked })} /> Run cached tasks all the same</label>
    </div>
  );
}
