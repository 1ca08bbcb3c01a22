/** What goes by rules and what would go now, and what takes the disk. What is costly is asked for by a button. */
import { useQuery } from "@tanstack/react-query";
import type { ReactElement } from "react";
import { type DiskUse, type RetentionPreview, listRules, previewRetention, readDisk } from "../../api/retention";
import { bytes } from "../../text/bytes";
import { plural, visible } from "../../text/names";
import { grouped } from "../../text/numbers";
import { Button } from "../../ui/Button";
import { Command } from "../../ui/Copy";
import { Bars, Problem } from "../../ui/State";
import styles from "./SettingsPage.module.css";
import { goingIn, kindOf, staysOf, subjectOf } from "./rules";

export function Retention(): ReactElement {
  const rules = useQuery({ queryKey: ["retention", "rules"], queryFn: ({ signal }) => listRules(signal), staleTime: 60_000 });
  const preview = useQuery({ queryKey: ["retention", "preview"], queryFn: ({ signal }) => previewRetention(signal), enabled: false });
  return (
    <section aria-labelledby="retention">
      <h2 id="retention" className={styles.heading}>
        Retention {rules.data?.length ? <Button small disabled={preview.isFetching} onClick={() => void preview.refetch()}>What would go now</Button> : null}
      </h2>
      {rules.error ? <Problem error={rules.error} onRetry={() => void rules.refetch()} /> : !rules.data ? <Bars rows={2} /> : rules.data.length ? (
        <ol className={styles.rules}>
          {rules.data.map((rule) => <li key={rule.name}><b>{visible(rule.name)}</b><span>{visible(subjectOf(rule))} {staysOf(rule)}</span></li>)}
        </ol>
      ) : <p className={styles.note}>Every run stays: no rule says which go. They stand in the settings of the platform, as <code>retention.rules</code>.</p>}
      {preview.error ? <Problem error={preview.error} onRetry={() => void preview.refetch()} /> : preview.data ? <Preview found={preview.data} /> : null}
    </section>
  );
}

function Preview({ found }: { found: RetentionPreview }): ReactElement {
  const going = goingIn(found);
  return (
    <div role="status">
      <dl className={styles.facts}>
        {found.goes.map(({ rule, runs, objects, bytes: size }) => (
          <div key={rule}><dt>go by {visible(rule)}</dt><dd>{plural(runs, "run")}{runs ? `, with ${plural(objects, "object")} of ${bytes(size)}` : ""}</dd></div>
        ))}
        {found.by_age.map(({ of, rule, count, bytes: size }) => (
          <div key={`${of} ${rule}`}><dt>go by {visible(rule)}</dt><dd>{grouped(count)} {visible(kindOf(of))}{size ? `, ${bytes(size)}` : ""}</dd></div>
        ))}
        {found.stays.map(({ reason, runs }) => <div key={reason}><dt>stay</dt><dd>{plural(runs, "run")}: {visible(reason)}</dd></div>)}
        {found.unfinished ? <div><dt>are being removed</dt><dd>{plural(found.unfinished, "run")}</dd></div> : null}
      </dl>
      {found.measured < going ? <p className={styles.note}>Objects and sizes are those of {plural(found.measured, "run")}.</p> : null}
      <div className={styles.note}><Command text="alula retention run" /></div>
    </div>
  );
}

export function Disk(): ReactElement {
  const { data, error, isFetching, refetch } = useQuery({ queryKey: ["disk"], queryFn: ({ signal }) => readDisk(signal), enabled: false });
  return (
    <section aria-labelledby="disk">
      <h2 id="disk" className={styles.heading}>Disk <Button small disabled={isFetching} onClick={() => void refetch()}>Measure</Button></h2>
      {error ? <Problem error={error} onRetry={() => void refetch()} /> : data ? <Use use={data} /> : <p className={styles.note}>What the data folder takes. Each file is looked at, which takes a while where there are many.</p>}
    </section>
  );
}

function Use({ use }: { use: DiskUse }): ReactElement {
  return (
    <div role="status">
      <dl className={styles.facts}>
        <dt>database</dt><dd>{bytes(use.database)}</dd>
        <dt>objects</dt><dd>{bytes(use.objects)}</dd>
        <dt>other files</dt><dd>{bytes(use.other)}{use.environments ? `, of which ${bytes(use.environments)} are Python environments of tasks` : ""}</dd>
        <dt>free</dt><dd>{bytes(use.free)}</dd>
      </dl>
      {use.trouble ? <p className={`${styles.trouble} broken`}>{visible(use.trouble)}</p> : null}
    </div>
  );
}
