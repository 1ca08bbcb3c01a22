/** Where the values of a step come from and where they go: inside the run by its graph, across runs by the cache. */
import { type ReactElement, type ReactNode, useMemo } from "react";
import { visible } from "../../text/names";
import { Glyph } from "../../ui/Glyph";
import { useRun, useSelect } from "../context";
import { type Flow, type Place, lineageOf, outputsOf } from "../plan/lineage";
import type { Step } from "../plan/tree";
import { Across, RunLink } from "./Across";
import styles from "./Lineage.module.css";

export function Lineage({ step }: { step: Step | null }): ReactElement {
  const { tree, state } = useRun();
  const { inputs, outputs } = useMemo(() => (step ? lineageOf(tree, step) : { inputs: [], outputs: outputsOf(tree) }), [tree, step]);
  const parent = state.run.parent;
  return (
    <div className={styles.lineage}>
      {step ? <Across step={step} /> : null}
      {step ? (
        <Side title="Inputs come from" flows={inputs} none="It takes nothing.">{(place) => (place.step ? null : inputOf(step))}</Side>
      ) : parent ? (
        <p className={styles.across}>Its inputs come from <RunLink run={parent} node={parent.node_id} />.</p>
      ) : <p className={styles.across}>Its inputs were given when it was launched.</p>}
      <Side title={step ? "Outputs go to" : "Outputs come from"} flows={outputs} none={step ? "No step of this graph takes what it gives." : "It gives nothing."}>{(place) => (place.step ? null : step ? outputOf(step) : "an input of the run")}</Side>
    </div>
  );
}

function inputOf(step: Step): string {
  return step.parent ? "an input of what it is in" : "an input of the run";
}

function outputOf(step: Step): string {
  return step.parent ? "an output of what it is in" : "an output of the run";
}

function Side({ title, flows, none, children }: { title: string; flows: readonly Flow[]; none: string; children: (place: Place) => ReactNode }): ReactElement {
  return (
    <section>
      <h3 className={styles.heading}>{title}</h3>
      {flows.length ? (
        <dl>
          {flows.map(({ name, places }) => (
            <div key={name} className={styles.row}>
              <dt title={visible(name)}>{visible(name)}</dt>
              <dd>{places.length ? places.map((place, at) => <End key={at} place={place}>{children(place)}</End>) : <span className={styles.quiet}>written into the graph</span>}</dd>
            </div>
          ))}
        </dl>
      ) : <p className={styles.quiet}>{none}</p>}
    </section>
  );
}

function End({ place, children }: { place: Place; children: ReactNode }): ReactElement {
  const select = useSelect();
  const { step, name } = place;
  return (
    <span className={styles.end}>
      {step ? (
        <button type="button" className={styles.jump} onClick={() => select(step.id)} title={`Select ${visible(step.name)} (${visible(step.id)})`}>
          <Glyph status={step.status} /> {visible(step.name)}
        </button>
      ) : children}
      <code>{visible(name)}</code>
    </span>
  );
}
