/** The answer to a question of a run: approve or reject, or a value of the type that is asked for. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactElement, useState } from "react";
import { type Call, deciding, giving } from "../../api/calls";
import { setSignal } from "../../api/flyte";
import type { Literal } from "../../api/idl";
import type { OpenQuestion } from "../../api/signals";
import { Button } from "../../ui/Button";
import { Calls } from "../../ui/Calls";
import { Dialog } from "../../ui/Dialog";
import { Problem } from "../../ui/State";
import { writeJson } from "../../values/json";
import { importsOf, inPython } from "../../values/python";
import { plain } from "../../launch/command";
import { Field } from "../../launch/Field";
import { empty } from "../../launch/drafts";
import { literalOf } from "../../launch/literals";
import styles from "./Answer.module.css";

export function Answer({ question }: { question: OpenQuestion }): ReactElement {
  const queries = useQueryClient();
  const answer = useMutation({
    mutationFn: (value: Literal) => setSignal(question.run, question.id, value),
    onSettled: () => queries.invalidateQueries(),
  });
  if (answer.isSuccess) return <span className={styles.sent}>answered</span>;
  return (
    <span className={styles.answer}>
      {question.isApproval ? <Approval question={question} send={answer.mutate} busy={answer.isPending} /> : <Value question={question} send={answer.mutate} busy={answer.isPending} />}
      {answer.error ? <Problem error={answer.error} /> : null}
    </span>
  );
}

function given({ run, id }: OpenQuestion, value: Literal): Call {
  const [text, python] = [plain(value), inPython(value)];
  return giving(run, id, value, typeof text === "string" ? text : writeJson(text, null), python, importsOf(python ?? ""));
}

interface Sender {
  question: OpenQuestion;
  send: (value: Literal) => void;
  busy: boolean;
}

function Approval({ question, send, busy }: Sender): ReactElement {
  const [rejecting, setRejecting] = useState(false);
  const told = (value: boolean): Literal => ({ scalar: { primitive: { boolean: value } } });
  return (
    <>
      <Button small disabled={busy} onClick={() => send(told(true))}>Approve</Button>
      <Button small look="quiet" disabled={busy} onClick={() => setRejecting(true)}>Reject…</Button>
      <Dialog
        open={rejecting}
        onClose={() => setRejecting(false)}
        title={`Reject ${question.id}?`}
        description={`The step fails, and with it the run ${question.run.name}, unless its workflow handles that. An answer can't be taken back.`}
      >
        <Calls call={deciding(question.run, question.id, false)} />
        <div className={styles.buttons}>
          <Button look="danger" onClick={() => { setRejecting(false); send(told(false)); }}>Reject</Button>
          <Button look="quiet" onClick={() => setRejecting(false)}>Keep waiting</Button>
        </div>
      </Dialog>
    </>
  );
}

function Value({ question, send, busy }: Sender): ReactElement {
  const [open, setOpen] = useState(false);
  const [draft, setDraft] = useState(() => empty(question.type));
  const made = literalOf(question.type, draft);
  return (
    <>
      <Button small onClick={() => setOpen(true)}>Answer…</Button>
      <Dialog open={open} onClose={() => setOpen(false)} title={`Answer ${question.id}`} description={`The run ${question.run.name} goes on with this value. It can't be taken back.`}>
        <form onSubmit={(event) => { event.preventDefault(); if (made.literal) { setOpen(false); send(made.literal); } }}>
          <Field name={question.id} type={question.type} draft={draft} problems={made.problems} onChange={setDraft} required />
          {made.literal ? <Calls call={given(question, made.literal)} /> : null}
          <div className={styles.buttons}><Button look="primary" type="submit" disabled={busy}>Answer</Button></div>
        </form>
      </Dialog>
    </>
  );
}
