/** The way of a result across runs: which run computed it, and which have taken it from the cache. */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { listTakers, type Taker } from "../../api/cache";
import { listReasons } from "../../api/causes";
import type { RunId } from "../../api/runs";
import { CACHED } from "../../status/status";
import { middle, visible } from "../../text/names";
import { Button } from "../../ui/Button";
import { Problem } from "../../ui/State";
import { Ago } from "../../ui/Time";
import { useRun } from "../context";
import type { Step } from "../plan/tree";
import styles from "./Lineage.module.css";

/** The platform's word for a result that was put into the cache. */
const POPULATED = 3;

export function Across({ step }: { step: Step }): ReactElement | null {
  const { id } = useRun();
  if (step.status === CACHED) return <FromCache step={step} />;
  return step.row?.cache === POPULATED ? <Takers of={id} node={step.id} but={id} /> : null;
}

function FromCache({ step }: { step: Step }): ReactElement | null {
  const { id } = useRun();
  const { data } = useQuery({ queryKey: ["reasons", id, step.id, "hit"], queryFn: ({ signal }) => listReasons(id, step.id, -1, "", signal), staleTime: 60_000 });
  const source = data?.rows.find((row) => row.code === "CacheHit")?.facts["source"];
  const [project, domain, name, node] = source?.split("/") ?? [];
  if (!source) return null;
  if (!project || !domain || !name || !node) return <p className={styles.across}>Its result came from the cache: <code>{visible(source)}</code> computed it.</p>;
  return (
    <>
      <p className={styles.across}>Its result came from the cache: <RunLink run={{ project, domain, name }} node={node} /> computed it.</p>
      <Takers of={{ project, domain, name }} node={node} but={id} />
    </>
  );
}

/** Those who have taken a result, without the run that is looked at. */
function Takers({ of, node, but }: { of: RunId; node: string; but: RunId }): ReactElement | null {
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery({
    queryKey: ["takers", of, node],
    queryFn: ({ signal, pageParam }) => listTakers(of, node, pageParam, signal),
    initialPageParam: "",
    getNextPageParam: (page) => page.next || undefined,
    staleTime: 10_000,
    retry: false,
  });
  if (!data) return error ? <Problem error={error} onRetry={() => void refetch()} /> : null;
  const others = data.pages.flatMap((page) => page.takers).filter((each) => each.name !== but.name);
  return (
    <section>
      <h3 className={styles.heading}>Taken from the cache by</h3>
      {others.length ? <ul>{others.map((each) => <Row key={`${each.name} ${each.node_id}`} taker={each} />)}</ul> : null}
      {others.length ? null : <p className={styles.quiet}>No other run.</p>}
      {hasNextPage ? <Button small look="quiet" disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>Older ones</Button> : null}
    </section>
  );
}

function Row({ taker }: { taker: Taker }): ReactElement {
  return <li className={styles.taker}><RunLink run={taker} node={taker.node_id} /> <span className={styles.across}><Ago at={taker.at} /></span></li>;
}

export function RunLink({ run, node }: { run: RunId; node: string | undefined }): ReactElement {
  return (
    <Link to="/projects/$project/domains/$domain/executions/$name" title={visible(run.name)} params={{ project: run.project, domain: run.domain, name: run.name }} search={node ? { sel: node, tab: "lineage" } : {}}>
      {middle(visible(run.name), 36)}{node ? ` · ${visible(node)}` : ""}
    </Link>
  );
}
