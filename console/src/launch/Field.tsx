/** The field of an input, by its type. Problems stand at the part that they are about. */
import { type ReactElement, useId } from "react";
import type { LiteralType } from "../api/idl";
import type { LaunchProblem } from "../api/launch";
import { visible } from "../text/names";
import { typeName } from "../values/types";
import { Control } from "./Control";
import type { Draft } from "./drafts";
import styles from "./Field.module.css";
import { Told } from "./Simple";
import type { Problem } from "./structs";

export function Field({ name, type, draft, problems, refused, description, note, required = false, onChange, onReset }: {
  name: string;
  type: LiteralType;
  draft: Draft;
  problems: readonly Problem[];
  /** What the platform would say to it. */
  refused?: readonly LaunchProblem[];
  description?: string | undefined;
  note?: string | undefined;
  required?: boolean;
  onChange: (draft: Draft) => void;
  onReset?: (() => void) | undefined;
}): ReactElement {
  const id = useId();
  return (
    <div className={styles.field} data-field={name}>
      <div className={styles.head}>
        <label htmlFor={id} className={styles.name}>{visible(name)}</label>
        <code className={styles.type}>{typeName(type)}</code>
        {required ? null : <span className={styles.note}>optional</span>}
        {note ? <span className={styles.note}>{note}</span> : null}
        {onReset ? <button type="button" className={styles.reset} onClick={onReset}>reset</button> : null}
      </div>
      {description && description !== name ? <p className={styles.description} id={`${id}-about`}>{visible(description)}</p> : null}
      <Control id={id} type={type} draft={draft} label={name} problems={problems} onChange={onChange} />
      <Told id={id} problems={problems} />
      {refused?.map((each) => <p key={each.message} className={styles.problem}>{visible(each.message)}</p>)}
    </div>
  );
}
