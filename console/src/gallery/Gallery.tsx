/** All parts that pages are made of, each in the states that it can be in, for working on them. */
import type { ReactElement } from "react";
import { choose } from "../theme/theme";
import { Button } from "../ui/Button";
import styles from "./Gallery.module.css";
import { SPECIMENS } from "./specimens";

export function Gallery(): ReactElement {
  return (
    <main className={styles.gallery}>
      <header className={styles.head}>
        <h1>Parts of the console</h1>
        {(["light", "dark", "system"] as const).map((each) => <Button key={each} small look="quiet" onClick={() => choose(each)}>{each}</Button>)}
      </header>
      {SPECIMENS.map(({ name, states }) => (
        <section key={name} aria-label={name}>
          <h2>{name}</h2>
          <dl className={styles.states}>
            {states.map(([state, part]) => (
              <div key={state} className={styles.state}>
                <dt>{state}</dt>
                <dd>{part}</dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
    </main>
  );
}
