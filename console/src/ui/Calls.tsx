/** What a button does, in the ways in which others do it: shown as it will be copied. */
import type { ReactElement } from "react";
import { type Call, curl } from "../api/calls";
import { Command } from "./Copy";
import styles from "./Copy.module.css";
import { createStore, useStore } from "./store";

const WAYS = ["alula", "curl", "Python"] as const;
type Way = (typeof WAYS)[number];

const KEY = "alula.way";
const way = createStore<Way>(WAYS.find((each) => each === localStorage.getItem(KEY)) ?? "alula");

export function Calls({ call }: { call: Call }): ReactElement {
  const texts: Record<Way, string> = { alula: call.command, curl: curl(call.request, location.origin), Python: call.python };
  const wanted = useStore(way);
  const shown = texts[wanted] ? wanted : "alula";
  const choose = (next: Way): void => {
    localStorage.setItem(KEY, next);
    way.set(next);
  };
  return (
    <div className={styles.calls}>
      <div role="group" aria-label="Copy as" className={styles.ways}>
        {WAYS.filter((each) => texts[each]).map((each) => (
          <button key={each} type="button" aria-pressed={each === shown} onClick={() => choose(each)}>{each}</button>
        ))}
      </div>
      <Command text={texts[shown]} />
    </div>
  );
}
