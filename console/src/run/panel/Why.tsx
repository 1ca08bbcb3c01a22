/** Why it is so: the platform's explanation as it is, each cause with a way to it, and what can be done. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { ReactElement } from "react";
import { type Link as Cause, explain } from "../../api/causes";
import { listSignals, asked } from "../../api/signals";
import { NEWS_MS, PASSING } from "../../queries";
import { instant } from "../../text/time";
import { visible } from "../../text/names";
import { Marked } from "../../ui/Marked";
import { Bars, Problem } from "../../ui/State";
import { At } from "../../ui/Time";
import { usePaced } from "../../ui/usePaced";
import { useRun, useSelect } from "../context";
import { MoreMemory } from "../actions/MoreMemory";
import { leftOf } from "../plan/due";
import type { Step } from "../plan/tree";
import { useRunNow } from "../useRunNow";
import { Answer } from "./Answer";
import { ErrorText } from "./ErrorText";
import { ChildRun } from "./ChildRun";
import { LastLines } from "./LastLines";
import styles from "./Why.module.css";

export function Why({ step, item }: { step: Step | null; item: number }): ReactElement {
  const { id, state } = useRun();
  // Asked again when the subject has changed, and for one that is under way once in a while, as others hold it up.
  const subject = step?.row?.phase ?? state.run.phase;
  const open = step ? !step.status.ended : state.run.ended_at === null;
  const seq = usePaced(state.seq, NEWS_MS);
  const { data, error, refetch } = useQuery({
    queryKey: ["explain", id, step?.id ?? "", item, subject, open ? seq : state.run.ended_at],
    ...PASSING,
    queryFn: ({ signal }) => explain(id, step?.id ?? "", item, signal),
    placeholderData: keepPreviousData,
    refetchInterval: open ? 3_000 : false,
    staleTime: open ? 1_000 : Infinity,
  });
  return (
    <div className={styles.why}>
      {step ? <Question step={step} /> : null}
      {step ? <Left step={step} /> : null}
      {step ? <ChildRun step={step} /> : null}
      {error && !data ? <Problem error={error} onRetry={() => void refetch()} /> : data ? <ul className={styles.chain}><Link link={data} own={step?.id ?? ""} /></ul> : <Bars rows={3} />}
      {step && data && (data.code === "NodeFailed" || data.code === "ItemFailed") && data.because.every(isRemark) ? <LastLines step={step} item={item} told={data.facts["message"] ?? ""} /> : null}
    </div>
  );
}

function Link({ link, own }: { link: Cause; own: string }): ReactElement {
  const { tree } = useRun();
  const select = useSelect();
  const at = instant(link.at);
  const step = link.node_id !== own ? tree.byId.get(link.node_id) : undefined;
  const message = beyond(link.text, link.facts["message"]);
  return (
    <li className={styles.link}>
      <p className={styles.text}>
        {step ? <button type="button" className={styles.jump} onClick={() => select(step.id)} title="Select this step"><Marked text={link.text} /></button> : <Marked text={link.text} />}
      </p>
      <p className={styles.aside}>
        {at === null ? null : <At at={at} />}
        {link.facts["error"] && !link.text.includes(link.facts["error"]) ? <code>{visible(link.facts["error"])}</code> : null}
      </p>
      {link.fix ? <p className={styles.fix}><b>Fix</b> <Marked text={link.fix} /> <MoreMemory cause={link} /></p> : null}
      {message && link.because.every(isRemark) ? <ErrorText text={message} /> : null}
      {link.because.length ? <ul className={styles.chain}>{link.because.map((each, place) => <Link key={place} link={each} own={own} />)}</ul> : null}
    </li>
  );
}

const isRemark = (link: Cause): boolean => link.is_remark;

/** What a message says that the sentence does not say already: mostly the traceback. */
function beyond(text: string, message: string | undefined): string {
  if (!message) return "";
  const [first = "", ...rest] = message.split("\n");
  return (text.includes(first.slice(0, 200)) ? rest.join("\n") : message).trim();
}

/** It goes on counting. */
function Left({ step }: { step: Step }): ReactElement | null {
  const left = leftOf(step, useRunNow());
  return left ? <p className={styles.left}>{left[0]?.toUpperCase()}{left.slice(1)}.</p> : null;
}

function Question({ step }: { step: Step }): ReactElement | null {
  const { id, state } = useRun();
  const isGate = step.template?.gate_node !== undefined && step.template.gate_node.sleep === undefined;
  const signal = step.template?.gate_node?.approve?.signal_id ?? step.template?.gate_node?.signal?.signal_id;
  const answered = state.signals.find((each) => each.node === step.id && each.answered);
  const { data } = useQuery({
    queryKey: ["signals", id, step.row?.phase],
    queryFn: ({ signal: abort }) => listSignals(id, abort),
    enabled: isGate,
  });
  if (!isGate) return null;
  if (answered) return <p className={styles.answered}>Answered{answered.principal ? ` by ${visible(answered.principal)}` : ""}.</p>;
  const found = data?.signals?.find((each) => each.id.signal_id === signal && !each.value);
  return found && !step.status.ended ? <div className={styles.question}><Answer question={{ ...asked(id, found), isApproval: step.kind === "approval" }} /></div> : null;
}
