/** The text of an error: its end is what matters, so a long one is shown from there. */
import { type ReactElement, useState } from "react";
import { visible } from "../../text/names";
import { grouped } from "../../text/numbers";
import { Button } from "../../ui/Button";
import { CopyButton } from "../../ui/Copy";
import styles from "./ErrorText.module.css";

const LINES = 24;
const CHARS = 4_000;

export function ErrorText({ text }: { text: string }): ReactElement {
  const [all, setAll] = useState(false);
  const lines = text.split("\n");
  const isLong = lines.length > LINES || text.length > CHARS;
  const shown = all || !isLong ? text : lines.slice(-LINES).join("\n").slice(-CHARS);
  return (
    <div className={styles.box}>
      {isLong && !all ? <Button small look="quiet" onClick={() => setAll(true)}>Show all {grouped(lines.length)} lines</Button> : null}
      <pre className={styles.text} tabIndex={0}>{visible(shown)}</pre>
      <span className={styles.copy}><CopyButton text={text} label="Copy the error" /></span>
    </div>
  );
}
