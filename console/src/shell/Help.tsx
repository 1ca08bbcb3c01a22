/** The list of keys. */
import type { ReactElement } from "react";
import { Dialog } from "../ui/Dialog";
import { useStore } from "../ui/store";
import styles from "./Help.module.css";
import { KEYS, keysOn, switchKeys } from "./keys";
import { helps } from "./palette-state";

export function Help(): ReactElement {
  const open = useStore(helps);
  const on = useStore(keysOn);
  return (
    <Dialog open={open} onClose={() => helps.set(false)} title="Keys" wide>
      <label className={styles.switch}>
        <input type="checkbox" checked={on} onChange={(event) => switchKeys(event.currentTarget.checked)} /> Single keys work
      </label>
      <div className={styles.groups}>
        {KEYS.map((group) => (
          <section key={group.title}>
            <h3>{group.title}</h3>
            <dl>
              {group.keys.map(([key, what]) => (
                <div key={key}><dt><kbd>{key}</kbd></dt><dd>{what}</dd></div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
