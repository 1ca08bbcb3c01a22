/** Inputs and outputs of a run, a step or its chosen try. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { ReactElement, ReactNode } from "react";
import { type Data as Values, type LiteralMap, readNodeData, readRunData } from "../../api/flyte";
import { Value } from "../../values/Value";
import { visible } from "../../text/names";
import { CopyButton } from "../../ui/Copy";
import { Bars, Problem } from "../../ui/State";
import { useRun } from "../context";
import type { Step } from "../plan/tree";
import styles from "./Data.module.css";

export function Data({ step, item }: { step: Step | null; item: number }): ReactElement {
  const { id, state } = useRun();
  const phase = step?.row?.phase ?? state.run.phase;
  const { data, error, refetch } = useQuery({
    queryKey: ["data", id, step?.id ?? "", phase],
    queryFn: ({ signal }) => (step ? readNodeData(id, step.id, signal) : readRunData(id, signal)),
    placeholderData: keepPreviousData,
    staleTime: 60_000,
  });
  if (error && !data) return <Problem error={error} onRetry={() => void refetch()} />;
  if (!data) return <Bars />;
  const { shownInputs, shownOutputs } = item >= 0 ? ofItem(data, item) : { shownInputs: data.full_inputs, shownOutputs: data.full_outputs };
  const ended = step ? step.status.ended : state.run.ended_at !== null;
  return (
    <div className={styles.data}>
      <Side title="Outputs" uri={item < 0 ? data.flyte_urls?.outputs : undefined} values={shownOutputs}>{ended ? "It has given nothing." : "It has given nothing yet."}</Side>
      <Side title="Inputs" uri={item < 0 ? data.flyte_urls?.inputs : undefined} values={shownInputs}>It takes nothing.</Side>
    </div>
  );
}

function Side({ title, values, uri, children }: { title: string; values: LiteralMap | undefined; uri: string | undefined; children: ReactNode }): ReactElement {
  const entries = Object.entries(values?.literals ?? {});
  return (
    <section className={styles.side}>
      <h3 className={styles.heading}>{title}{uri ? <CopyButton text={uri} label={`Copy the flyte:// address of the ${title.toLowerCase()}`} /> : null}</h3>
      {entries.length ? (
        <dl>
          {entries.map(([name, literal]) => (
            <div key={name} className={styles.row}><dt>{visible(name)}</dt><dd><Value literal={literal} /></dd></div>
          ))}
        </dl>
      ) : <p className={styles.nothing}>{children}</p>}
    </section>
  );
}

/** The values of one item: what is a list over the items has one of them. */
function ofItem(data: Values, item: number): { shownInputs: LiteralMap; shownOutputs: LiteralMap } {
  const pick = (values: LiteralMap | undefined): LiteralMap => ({
    literals: Object.fromEntries(Object.entries(values?.literals ?? {}).map(([name, literal]) => [name, literal.collection?.literals[item] ?? literal])),
  });
  return { shownInputs: pick(data.full_inputs), shownOutputs: pick(data.full_outputs) };
}
