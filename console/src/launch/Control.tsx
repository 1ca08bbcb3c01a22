/** The control that a type is written with. Controls of parts stand inside those of the whole. */
import { Plus, X } from "lucide-react";
import type { ReactElement } from "react";
import type { LiteralType } from "../api/idl";
import { Button, IconButton } from "../ui/Button";
import { choicesOf, isNone, typeName } from "../values/types";
import { type Draft, NONE, empty } from "./drafts";
import { FileField } from "./FileField";
import styles from "./Field.module.css";
import { draftOfJson, type Problem } from "./literals";
import { readJson } from "../values/json";
import type { Packable } from "../values/msgpack";
import { grouped } from "../text/numbers";
import { visible } from "../text/names";

interface Props {
  id: string;
  type: LiteralType;
  draft: Draft;
  label: string;
  problems: readonly Problem[];
  onChange: (draft: Draft) => void;
}

const ROWS_MAX = 200;

export function Control(props: Props): ReactElement {
  const { type, draft } = props;
  if (draft.kind === "literal") return <Kept {...props} />;
  if (type.union_type) return <Union {...props} />;
  if (isNone(type)) return <p className={styles.note}>none</p>;
  if (type.collection_type && draft.kind === "list") return draft.parts.length > ROWS_MAX ? <Long {...props} /> : <List {...props} inner={type.collection_type} parts={draft.parts} />;
  if (type.map_value_type && draft.kind === "map") return <Entries {...props} inner={type.map_value_type} parts={draft.parts} />;
  if (type.simple === "BOOLEAN") return <YesNo {...props} />;
  const choices = choicesOf(type);
  if (choices) return <Enum {...props} values={choices} />;
  if (type.blob && type.blob.dimensionality !== "MULTIPART") return <FileField {...props} />;
  if (draft.kind === "json") return <JsonField {...props} text={draft.text} />;
  return <TextField {...props} />;
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

function TextField({ id, type, draft, problems, onChange, label }: Props): ReactElement {
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

function JsonField({ id, text, problems, onChange, label }: Props & { text: string }): ReactElement {
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

function YesNo({ id, draft, problems, onChange, label }: Props): ReactElement {
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

function Enum({ id, values, draft, problems, onChange, label }: Props & { values: readonly string[] }): ReactElement {
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

function Union({ id, type, draft, label, problems, onChange }: Props): ReactElement {
  const variants = type.union_type?.variants ?? [];
  const now: Draft & { kind: "union" } = draft.kind === "union" ? draft : (empty(type) as Draft & { kind: "union" });
  const chosen = variants[now.chosen];
  const choose = (at: number): void => onChange({ ...now, chosen: at });
  return (
    <div className={styles.union}>
      <div className={styles.choice} role="radiogroup" aria-label={`Type of ${label}`}>
        {variants.map((variant, at) => <label key={at}><input type="radio" checked={now.chosen === at} onChange={() => choose(at)} /> {isNone(variant) ? "none" : typeName(variant)}</label>)}
      </div>
      {chosen && !isNone(chosen) ? (
        <Control
          id={id}
          type={chosen}
          draft={now.drafts[now.chosen] ?? empty(chosen)}
          label={label}
          problems={problems}
          onChange={(next) => onChange({ ...now, drafts: variants.map((variant, at) => (at === now.chosen ? next : (now.drafts[at] ?? empty(variant)))) })}
        />
      ) : null}
    </div>
  );
}

function inside(problems: readonly Problem[], name: string): Problem[] {
  return problems.filter((each) => each.path[0] === name).map((each) => ({ ...each, path: each.path.slice(1) }));
}

function List({ id, inner, parts, label, problems, onChange }: Props & { inner: LiteralType; parts: readonly Draft[] }): ReactElement {
  const set = (next: readonly Draft[]): void => onChange({ kind: "list", parts: next });
  return (
    <div className={styles.rows} onPaste={(event) => {
      const pasted = pastedList(event.clipboardData.getData("text"));
      if (!pasted) return;
      event.preventDefault();
      set([...parts.filter((part) => part.kind !== "text" || part.text), ...pasted.map((value) => draftOfJson(inner, value))]);
    }}>
      {parts.map((part, at) => (
        <div key={at} className={styles.row}>
          <span className={styles.index}>{at}</span>
          <div className={styles.part}>
            <Control id={at === 0 ? id : `${id}-${at}`} type={inner} draft={part} label={`${label} ${at}`} problems={inside(problems, String(at))} onChange={(next) => set(parts.map((each, place) => (place === at ? next : each)))} />
            <Told id={at === 0 ? id : `${id}-${at}`} problems={inside(problems, String(at))} />
          </div>
          <IconButton label={`Remove ${label} ${at}`} onClick={() => set(parts.filter((_, place) => place !== at))}><X size={14} /></IconButton>
        </div>
      ))}
      <div className={styles.buttons}>
        <Button small {...(parts.length ? {} : { id })} onClick={() => set([...parts, empty(inner)])}><Plus size={13} aria-hidden /> Add</Button>
        <span className={styles.note}>{parts.length ? "or paste a list into a field" : "no values"}</span>
      </div>
    </div>
  );
}

/** What a paste of several values is: JSON, or lines, or values between commas. One value is left to its field. */
export function pastedList(text: string): readonly Packable[] | null {
  const trimmed = text.trim();
  if (trimmed.startsWith("[")) {
    try {
      const read = readJson(trimmed);
      return Array.isArray(read) ? (read as readonly Packable[]) : null;
    } catch {
      return null;
    }
  }
  const parts = trimmed.includes("\n") ? trimmed.split(/\r?\n/) : trimmed.split(",");
  return parts.length > 1 ? parts.map((part) => part.trim()).filter(Boolean) : null;
}

function Long({ id, draft, label, problems, onChange }: Props): ReactElement {
  const count = draft.kind === "list" ? draft.parts.length : 0;
  return (
    <div className={styles.union}>
      <p className={styles.note}>{grouped(count)} values, too many for fields.</p>
      <Button small id={id} onClick={() => onChange({ kind: "list", parts: [] })}>Begin anew</Button>
      {problems.slice(0, 5).map((each) => <p key={each.path.join(".")} className={styles.problem}>{label} {each.path.join(".")} {each.message}</p>)}
    </div>
  );
}

function Entries({ id, inner, parts, label, problems, onChange }: Props & { inner: LiteralType; parts: readonly (readonly [string, Draft])[] }): ReactElement {
  const set = (next: readonly (readonly [string, Draft])[]): void => onChange({ kind: "map", parts: next });
  return (
    <div className={styles.rows}>
      {parts.map(([key, part], at) => (
        <div key={at} className={styles.row}>
          <input className={`${styles.input} ${styles.key}`} value={key} placeholder="key" aria-label={`Key ${at} of ${label}`} onChange={(event) => set(parts.map((each, place) => (place === at ? [event.currentTarget.value, each[1]] : each)))} />
          <div className={styles.part}>
            <Control id={`${id}-${at}`} type={inner} draft={part} label={`${label} ${key}`} problems={inside(problems, key)} onChange={(next) => set(parts.map((each, place) => (place === at ? [each[0], next] : each)))} />
            <Told id={`${id}-${at}`} problems={inside(problems, key)} />
          </div>
          <IconButton label={`Remove ${key || `entry ${at}`}`} onClick={() => set(parts.filter((_, place) => place !== at))}><X size={14} /></IconButton>
        </div>
      ))}
      <div className={styles.buttons}><Button small id={id} onClick={() => set([...parts, ["", empty(inner)]])}><Plus size={13} aria-hidden /> Add</Button></div>
    </div>
  );
}

/** A value that no field can show: it stays as it was, unless somebody writes another one. */
function Kept({ type, onChange, draft }: Props): ReactElement {
  return (
    <div className={styles.union}>
      <pre className={styles.kept}>{JSON.stringify(draft.kind === "literal" ? draft.literal : NONE, null, 1).slice(0, 600)}</pre>
      <Button small onClick={() => onChange(empty(type))}>Write another value</Button>
    </div>
  );
}
