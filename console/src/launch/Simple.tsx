/** Controls of values that have no parts, and what is wrong with them. */
import type { ReactElement } from "react";
import type { LiteralType } from "../api/idl";
import { visible } from "../text/names";
import type { Draft } from "./drafts";
import styles from "./Field.module.css";
import type { Problem } from "./structs";

export interface Props {
  id: string;
  type: LiteralType;
  draft: Draft;
  label: string;
  problems: readonly Problem[];
  onChange: (draft: Draft) => void;
}

/** What is wrong with a part itself, said below it, and with it by a screen reader. */
export function Told({ id, problems }: { id: string; problems: readonly Problem[] }): ReactElement | null {
  const own = problems.filter((each) => !each.path.length);
  return own.length ? <p className={styles.problem} id={`${id}-problem`}>{own.map((each) => visible(each.message)).join("; ")}</p> : null;
}

/** For what is typed into: whether it is wrong, and where that is said. */
function judged(id: string, problems: readonly Problem[]): { "aria-invalid": boolean; "aria-describedby"?: string } {
  const isWrong = problems.some((each) => !each.path.length);
  return { "aria-invalid": problems.length > 0, ...(isWrong ? { "aria-describedby": `${id}-problem` } : {}) };
}

const HINTS: Record<string, string> = { DATETIME: "2026-11-29T17:00:00Z", DURATION: "1h30m", INTEGER: "0", FLOAT: "0.5, 1e-3, inf, nan" };

export function TextField({ id, type, draft, problems, onChange, label }: Props): ReactElement {
  const text = draft.kind === "text" ? draft.text : "";
  const shared = {
    id,
    className: styles.input,
    value: text,
    ...judged(id, problems),
    "aria-label": label,
    onChange: (event: { currentTarget: { value: string } }) => onChange({ kind: "text", text: event.currentTarget.value }),
  };
  if (type.simple === "STRING") return <textarea {...shared} rows={Math.min(12, Math.max(1, text.split("\n").length))} placeholder="empty text" spellCheck={false} />;
  return <input {...shared} inputMode={type.simple === "INTEGER" ? "numeric" : type.simple === "FLOAT" ? "decimal" : "text"} placeholder={HINTS[type.simple ?? ""] ?? "an address: s3://…, https://…"} autoComplete="off" spellCheck={false} />;
}

export function JsonField({ id, text, problems, onChange, label }: Props & { text: string }): ReactElement {
  return (
    <>
      <textarea
        id={id}
        className={`${styles.input} ${styles.code}`}
        value={text}
        rows={Math.min(18, Math.max(3, text.split("\n").length))}
        aria-label={`${label}, as JSON`}
        {...judged(id, problems)}
        spellCheck={false}
        onChange={(event) => onChange({ kind: "json", text: event.currentTarget.value })}
      />
      {problems.filter((each) => each.path.length).map((each) => <p key={each.path.join(".")} className={styles.problem}><code>{visible(each.path.join("."))}</code> {visible(each.message)}</p>)}
    </>
  );
}

export function YesNo({ id, draft, problems, onChange, label }: Props): ReactElement {
  return (
    <div className={styles.choice} role="radiogroup" aria-label={label} {...judged(id, problems)}>
      {([true, false] as const).map((value) => (
        <label key={String(value)}>
          <input type="radio" checked={draft.kind === "bool" && draft.value === value} onChange={() => onChange({ kind: "bool", value })} /> {value ? "Yes" : "No"}
        </label>
      ))}
    </div>
  );
}

export function Enum({ id, values, draft, problems, onChange, label }: Props & { values: readonly string[] }): ReactElement {
  const text = draft.kind === "text" ? draft.text : "";
  if (values.length > 5) {
    return (
      <select id={id} className={styles.input} value={text} aria-label={label} {...judged(id, problems)} onChange={(event) => onChange({ kind: "text", text: event.currentTarget.value })}>
        <option value="">choose…</option>
        {values.map((value) => <option key={value}>{value}</option>)}
      </select>
    );
  }
  return (
    <div className={styles.choice} role="radiogroup" aria-label={label} {...judged(id, problems)}>
      {values.map((value) => <label key={value}><input type="radio" checked={text === value} onChange={() => onChange({ kind: "text", text: value })} /> {value}</label>)}
    </div>
  );
}
