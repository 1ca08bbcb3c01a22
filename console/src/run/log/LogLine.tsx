/** One line of a log, with its colours and the matches of a search. */
import { type ReactElement, type Ref, memo, useState } from "react";
import { type Hue, beginOf, parts } from "./ansi";
import { settled } from "./buffer";
import styles from "./Log.module.css";
import { isError, marked } from "./search";
import { grouped } from "../../text/numbers";

const LONG = 10_000;

export const LogLine = memo(function LogLine({ ref, index, number, text, hue, bold, pattern, isCurrent, onLine }: {
  ref?: Ref<HTMLDivElement> | undefined;
  index: number;
  number: number | null;
  text: string;
  /** How the line before it ends. */
  hue: Hue | null;
  bold: boolean;
  pattern: RegExp | null;
  isCurrent: boolean;
  onLine: (line: number) => void;
}): ReactElement {
  const [all, setAll] = useState(false);
  const line = settled(text);
  const isCut = line.length > LONG && !all;
  const shown = parts(isCut ? beginOf(line, LONG) : line, { hue, bold });
  return (
    <div ref={ref} data-index={index} aria-current={isCurrent || undefined} className={`${styles.line} ${isCurrent ? styles.current : ""} ${isError(line) ? styles.error : ""}`}>
      <span className={styles.number} data-number={number ?? ""} aria-hidden="true" title={number === null ? undefined : "Have this line in the address"} onClick={number === null ? undefined : () => onLine(number)} />
      <span className={styles.text} data-text>
        {shown.map((part, place) => (
          <span key={place} className={`${part.hue ? styles[part.hue] : ""} ${part.bold ? styles.bold : ""}`}>
            {marked(part.text, pattern).map((piece, at) => (piece.isMatch ? <mark key={at}>{piece.text}</mark> : piece.text))}
          </span>
        ))}
        {isCut ? <button type="button" className={styles.show} onClick={() => setAll(true)}>show {grouped(line.length - LONG)} more characters</button> : null}
      </span>
    </div>
  );
});
