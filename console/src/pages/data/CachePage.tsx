/** What the cache holds, by task; entries are evicted only when their number was told. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { type ReactElement, useState } from "react";
import { type CacheEntry, evict, listCache } from "../../api/cache";
import { evicting } from "../../api/calls";
import { usePlace } from "../../shell/place";
import { middle, plural, shortName, visible } from "../../text/names";
import { grouped } from "../../text/numbers";
import { instant } from "../../text/time";
import { Button } from "../../ui/Button";
import { Calls } from "../../ui/Calls";
import { Dialog } from "../../ui/Dialog";
import { Bars, Empty, Problem } from "../../ui/State";
import { Ago } from "../../ui/Time";
import { usePageTitle } from "../../ui/usePageTitle";
import styles from "./CachePage.module.css";

const MOST = 1_000;

export function CachePage(): ReactElement {
  const place = usePlace();
  const navigate = useNavigate();
  const { q = "" } = useSearch({ from: "/projects/$project/domains/$domain/data" });
  usePageTitle("Cache");
  const { data, error, refetch } = useQuery({ queryKey: ["cache", place], queryFn: ({ signal }) => listCache(place, MOST, signal), staleTime: 5_000 });
  if (error && !data) return <Problem error={error} onRetry={() => void refetch()} />;
  if (!data) return <Bars rows={10} />;
  if (!data.length) return <Empty title="The cache is empty: a task that is declared with cache=Cache(version=…) leaves its results here." />;
  const shown = data.filter((entry) => `${entry.task} ${entry.source} ${JSON.stringify(entry.inputs)}`.toLowerCase().includes(q.toLowerCase()));
  const tasks = Map.groupBy(shown, (entry) => entry.task);
  return (
    <div>
      <h1 className="visually-hidden">Cache</h1>
      <input type="search" className={styles.filter} value={q} placeholder="Filter by task, input or run" aria-label="Filter the cache" onChange={(event) => void navigate({ to: ".", search: event.currentTarget.value ? { q: event.currentTarget.value } : {}, replace: true })} />
      {shown.length ? null : <Empty title="Nothing meets this filter." />}
      {[...tasks].map(([task, entries]) => <OfTask key={task} task={task} entries={entries} />)}
    </div>
  );
}

function OfTask({ task, entries }: { task: string; entries: readonly CacheEntry[] }): ReactElement {
  const [evicting, setEvicting] = useState(false);
  return (
    <section>
      <h2 className={styles.task}>
        <span title={visible(task)}>{visible(shortName(task))}</span> <span className={styles.quiet}>{plural(entries.length, "result")}</span>
        <Button small look="quiet" onClick={() => setEvicting(true)}>Evict…</Button>
      </h2>
      <ul>
        {entries.map((entry) => <Entry key={entry.digest} entry={entry} />)}
      </ul>
      {evicting ? <Evicting task={task} count={entries.length} onClose={() => setEvicting(false)} /> : null}
    </section>
  );
}

function Entry({ entry }: { entry: CacheEntry }): ReactElement {
  const [project, domain, name, node] = entry.source.split("/");
  const at = instant(entry.created_at);
  const inputs = Object.entries(entry.inputs).map(([key, value]) => `${key} = ${value}`).join(", ");
  return (
    <li className={styles.row}>
      <span className={styles.inputs} title={visible(inputs)}>{visible(inputs) || "no inputs"}</span>
      <code className={styles.quiet}>{visible(entry.cache_version)}</code>
      {project && domain && name ? (
        <Link className={styles.source} to="/projects/$project/domains/$domain/executions/$name" params={{ project, domain, name }} search={node ? { sel: node } : {}}>{middle(visible(name), 36)}</Link>
      ) : <span>{visible(entry.source)}</span>}
      <span className={styles.when}>{at === null ? "" : <Ago at={at} />}</span>
    </li>
  );
}

function Evicting({ task, count, onClose }: { task: string; count: number; onClose: () => void }): ReactElement {
  const place = usePlace();
  const queries = useQueryClient();
  const removing = useMutation({ mutationFn: () => evict(place, { task }), onSuccess: onClose, onSettled: () => queries.invalidateQueries({ queryKey: ["cache"] }) });
  return (
    <Dialog open onClose={onClose} title={`Evict ${plural(count, "result")}?`} description={`All results of ${visible(task)} are forgotten, and computed anew when they are needed.`}>
      <Calls call={evicting(place, task)} />
      {removing.error ? <Problem error={removing.error} /> : null}
      <div className={styles.buttons}>
        <Button look="danger" disabled={removing.isPending} onClick={() => removing.mutate()}>Evict {grouped(count)}</Button>
        <Button look="quiet" onClick={onClose}>Keep them</Button>
      </div>
    </Dialog>
  );
}
