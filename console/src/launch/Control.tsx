/** The control that a type is written with. Controls of parts stand inside those of the whole. */
import { Plus, X } from "lucide-react";
import type { ReactElement } from "react";
import type { LiteralType } from "../api/idl";
import { Button, IconButton } from "../ui/Button";
import { choicesOf, isNone, typeName } from "../values/types";
import { readJson, writeJson } from "../values/json";
import type { Packable } from "../values/msgpack";
import { grouped } from "../text/numbers";
import { visible } from "../text/names";
import { type Draft, NONE, UNSET, draftOfJson, empty } from "./drafts";
import styles from "./Field.module.css";
import { type StructField, fieldsOf } from "./fields";
import { FileField } from "./FileField";
import { loosely, read } from "./plain";
import type { Problem } from "./structs";
import { Enum, JsonField, type Props, TextField, Told, YesNo } from "./Simple";

const ROWS_MAX = 200;

export function Control(props: Props): ReactElement {
  const { type, draft } = props;
  if (draft.kind === "literal") return <Kept {...props} />;
  if (type.simple === "STRUCT") return <Struct {...props} />;
  if (draft.kind === "json") return <JsonField {...props} text={draft.text} />;
  if (type.union_type) return <Union {...props} />;
  if (isNone(type)) return <p className={styles.note}>none</p>;
  if (type.collection_type && draft.kind === "list") return draft.parts.length > ROWS_MAX ? <Long {...props} /> : <List {...props} inner={type.collection_type} parts={draft.parts} />;
  if (type.map_value_type && draft.kind === "map") return <Entries {...props} inner={type.map_value_type} parts={draft.parts} />;
  if (type.simple === "BOOLEAN") return <YesNo {...props} />;
  const choices = choicesOf(type);
  if (choices) return <Enum {...props} values={choices} />;
  if (type.blob && type.blob.dimensionality !== "MULTIPART") return <FileField {...props} />;
  return <TextField {...props} />;
}

function Union({ id, type, draft, label, problems, onChange }: Props): ReactElement {
  const variants = type.union_type?.variants ?? [];
  const now: Draft & { kind: "union" } = draft.kind === "union" ? draft : (empty(type) as Draft & { kind: "union" });
  const chosen = variants[now.chosen];
  // What was typed for another type is there again when one comes back to it.
  const choose = (at: number): void => onChange({ ...now, chosen: at, drafts: variants.map((variant, place) => (place === at && isUnset(now.drafts[at]) ? empty(variant) : (now.drafts[place] ?? UNSET))) });
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
          onChange={(next) => onChange({ ...now, drafts: variants.map((_, at) => (at === now.chosen ? next : (now.drafts[at] ?? UNSET))) })}
        />
      ) : null}
    </div>
  );
}

function isUnset(draft: Draft | undefined): boolean {
  return draft === undefined || draft.kind === "unset";
}

/** A struct by its fields; as JSON where its schema names none, and for who would rather write all of it so. */
function Struct(props: Props): ReactElement {
  const { id, type, draft, label, onChange } = props;
  const fields = fieldsOf(type);
  if (draft.kind === "json" || !fields) {
    const read = fields ? readAs(type, draft) : null;
    return (
      <div className={styles.union}>
        <JsonField {...props} text={draft.kind === "json" ? draft.text : ""} />
        {fields ? <Button small look="quiet" className={styles.way} disabled={!read} onClick={() => read && onChange(read)}>As fields</Button> : null}
      </div>
    );
  }
  if (draft.kind !== "fields") return <div><Button small id={id} aria-label={`Fill in ${label}`} onClick={() => onChange(empty(type))}>Fill in…</Button></div>;
  return (
    <div className={styles.struct} role="group" aria-label={label}>
      {draft.parts.map(([name, part], at) => (
        <StructPart
          key={name}
          id={at === 0 ? id : `${id}-${at}`}
          name={name}
          field={fields.find((each) => each.name === name)}
          draft={part}
          label={`${label}.${name}`}
          problems={inside(props.problems, name)}
          onChange={(next) => onChange({ kind: "fields", parts: next ? draft.parts.map((each, place) => (place === at ? [name, next] : each)) : draft.parts.filter((_, place) => place !== at) })}
        />
      ))}
      {"of" in type ? null : <Button small look="quiet" className={styles.way} aria-label={`Write ${label} as JSON`} onClick={() => onChange({ kind: "json", text: writeJson(loosely(type, draft) ?? new Map()) })}>As JSON</Button>}
    </div>
  );
}

function readAs(type: LiteralType, draft: Draft): Draft | null {
  const found = draft.kind === "json" ? read(draft.text) : { problem: "" };
  return "value" in found && found.value instanceof Map ? draftOfJson(type, found.value) : null;
}

function StructPart({ id, name, field, draft, label, problems, onChange }: Omit<Props, "type" | "onChange"> & { name: string; field: StructField | undefined; onChange: (next: Draft | null) => void }): ReactElement {
  const type: LiteralType = field?.type ?? {};
  const isLeft = draft.kind === "unset" && type.simple !== "BOOLEAN" && field?.required === false;
  const leave = draft.kind !== "unset" && field?.required !== true;
  return (
    <div className={styles.structPart}>
      <div className={styles.head}>
        <label htmlFor={id} className={styles.partName}>{visible(name)}</label>
        {field ? <code className={styles.type}>{typeName(type)}</code> : null}
        {field?.required === false ? <span className={styles.note}>optional</span> : null}
        {leave ? <button type="button" className={styles.reset} aria-label={`Leave out ${label}`} onClick={() => onChange(field ? UNSET : null)}>leave out</button> : null}
      </div>
      {field?.description ? <p className={styles.description}>{visible(field.description)}</p> : null}
      {isLeft
        ? <div className={styles.buttons}><Button small id={id} aria-label={`Set ${label}`} onClick={() => onChange(empty(type))}>Set…</Button><span className={styles.note}>left out</span></div>
        : <Control id={id} type={type} draft={draft} label={label} problems={problems} onChange={onChange} />}
      <Told id={id} problems={problems} />
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
        <Button small {...(parts.length ? {} : { id })} aria-label={`Add to ${label}`} onClick={() => set([...parts, empty(inner)])}><Plus size={13} aria-hidden /> Add</Button>
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
      <div className={styles.buttons}><Button small id={id} aria-label={`Add to ${label}`} onClick={() => set([...parts, ["", empty(inner)]])}><Plus size={13} aria-hidden /> Add</Button></div>
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
