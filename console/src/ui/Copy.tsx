/** A text that one may take along: a command, an id. */
import { Check, Copy as CopyIcon } from "lucide-react";
import { type ReactElement, useState } from "react";
import { visible } from "../text/names";
import { IconButton } from "./Button";
import styles from "./Copy.module.css";
import { copy } from "./clipboard";

export function CopyButton({ text, label = "Copy" }: { text: string; label?: string }): ReactElement {
  const [done, setDone] = useState(false);
  return (
    <IconButton
      label={done ? "Copied" : label}
      onClick={() => {
        void copy(text).then(() => {
          setDone(true);
          setTimeout(() => setDone(false), 1_500);
        });
      }}
    >
      {done ? <Check size={14} /> : <CopyIcon size={14} />}
    </IconButton>
  );
}

export function Command({ text }: { text: string }): ReactElement {
  return (
    <div className={styles.command}>
      <code>{visible(text)}</code>
      <CopyButton text={text} label="Copy the command" />
    </div>
  );
}
