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
  const ways = WAYS.filter((each) => textOf(call, each));
  const wanted = useStore(way);
  const shown = ways.includes(wanted) ? wanted : "alula";
  return (
    <div className={styles.calls}>
      <Ways ways={ways} shown={shown} />
      <Command text={textOf(call, shown)} />
    </div>
  );
}

/** Several calls, of which only those are shown that can be made in the chosen way. */
export function CallList({ calls }: { calls: readonly (readonly [string, Call])[] }): ReactElement {
  const shown = useStore(way);
  return (
    <>
      <Ways ways={WAYS} shown={shown} />
      {calls.filter(([, call]) => textOf(call, shown)).map(([what, call]) => (
        <section key={what} className={styles.call}>
          <h3>{what}</h3>
          <Command text={textOf(call, shown)} />
        </section>
      ))}
    </>
  );
}

function Ways({ ways, shown }: { ways: readonly Way[]; shown: Way }): ReactElement {
  const choose = (next: Way): void => {
    localStorage.setItem(KEY, next);
    way.set(next);
  };
  return (
    <div role="group" aria-label="Copy as" className={styles.ways}>
      {ways.map((each) => <button key={each} type="button" aria-pressed={each === shown} onClick={() => choose(each)}>{each}</button>)}
    </div>
  );
}

function textOf(call: Call, how: Way): string {
  return { alula: call.command, curl: curl(call.request, location.origin), Python: call.python }[how];
}
