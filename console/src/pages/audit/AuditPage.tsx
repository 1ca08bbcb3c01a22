/** Which principal has changed what, the newest first. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { X } from "lucide-react";
import { type ReactElement, useDeferredValue, useRef } from "react";
import { type Audit, listAudits } from "../../api/audit";
import type { AuditSearch } from "../../search";
import { usePlace } from "../../shell/place";
import { useKeys } from "../../shell/useKeys";
import { visible } from "../../text/names";
import { Button } from "../../ui/Button";
import { Bars, Empty, Problem } from "../../ui/State";
import { Ago } from "../../ui/Time";
import { usePageTitle } from "../../ui/usePageTitle";
import styles from "./AuditPage.module.css";
import { shorter, targetOf } from "./targets";

export function AuditPage(): ReactElement {
  const here = usePlace();
  const search = useSearch({ from: "/audit" });
  const navigate = useNavigate();
  const field = useRef<HTMLInputElement>(null);
  const change = (next: AuditSearch): void => void navigate({ to: ".", search: { ...search, ...next }, replace: true });
  usePageTitle("Audit");
  useKeys((key) => {
    if (key !== "/") return false;
    field.current?.focus();
    return true;
  });
  const asked = useDeferredValue(search);
  const { data, error, refetch, hasNextPage, fetchNextPage } = useInfiniteQuery({
    queryKey: ["audit", asked, here],
    queryFn: ({ signal, pageParam }) => listAudits({ ...(asked.all ? {} : here), principal: asked.by, action: asked.action, target: asked.q }, pageParam, signal),
    initialPageParam: "",
    getNextPageParam: (page) => page.next || undefined,
  });
  const audits = data?.pages.flatMap((page) => page.audits) ?? [];
  return (
    <div>
      <h1 className="visually-hidden">Audit</h1>
      <div className={styles.bar}>
        <input ref={field} type="search" className={styles.filter} value={search.q ?? ""} placeholder="/ filter by what was changed" aria-label="Filter by what was changed" onChange={(event) => change({ q: event.currentTarget.value || undefined })} />
        {search.by ? <Chip text={`by ${search.by}`} onClose={() => change({ by: undefined })} /> : null}
        {search.action ? <Chip text={search.action} onClose={() => change({ action: undefined })} /> : null}
        <Button small look="quiet" aria-pressed={search.all === true} onClick={() => change({ all: search.all ? undefined : true })}>{search.all ? `Only ${here.project}/${here.domain}` : "Everywhere"}</Button>
      </div>
      {error && !data ? <Problem error={error} onRetry={() => void refetch()} /> : null}
      {!data && !error ? <Bars rows={12} /> : null}
      {data && !audits.length ? <Empty title={search.q || search.by || search.action ? "Nothing meets this filter." : "Nothing has been changed here."} /> : null}
      <ul className={styles.list}>
        {audits.map((audit) => <Row key={audit.number} audit={audit} here={search.all ? "" : `${here.project}/${here.domain}/`} onPick={change} />)}
      </ul>
      {hasNextPage ? <p className={styles.more}><Button onClick={() => void fetchNextPage()}>Older changes</Button></p> : null}
    </div>
  );
}

function Chip({ text, onClose }: { text: string; onClose: () => void }): ReactElement {
  return <button type="button" className={styles.chip} onClick={onClose}>{visible(text)} <X size={12} aria-label="Remove this filter" /></button>;
}

function Row({ audit, here, onPick }: { audit: Audit; here: string; onPick: (next: AuditSearch) => void }): ReactElement {
  const { kind, name, link } = targetOf(audit.target);
  const shown = visible(shorter(name, here));
  return (
    <li className={styles.row}>
      <button type="button" className={styles.pick} title="Only by this one" onClick={() => onPick({ by: audit.principal })}>{visible(audit.principal)}</button>
      <button type="button" className={styles.pick} title="Only this action" onClick={() => onPick({ action: audit.action })}>{visible(audit.action)}</button>
      <span className={styles.kind}>{visible(kind)}</span>
      <span className={styles.target} title={visible(audit.target)}>
        {link ? <Link {...link}>{shown}</Link> : shown}
      </span>
      <span className={styles.detail} title={visible(audit.detail)}>{visible(audit.detail)}</span>
      <span className={styles.when}><Ago at={audit.at} /></span>
    </li>
  );
}
