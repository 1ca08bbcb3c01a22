/** Home of a place where nothing has run: how to begin. */
import type { ReactElement } from "react";
import { usePlace } from "../../shell/place";
import { Command } from "../../ui/Copy";
import styles from "./Home.module.css";

export function FirstSteps(): ReactElement {
  const { project, domain } = usePlace();
  const where = project === "flytesnacks" && domain === "development" ? "" : ` -p ${project} -d ${domain}`;
  return (
    <div className={styles.steps}>
      <h1>Nothing has run in {project}/{domain} yet.</h1>
      <p>Declare a workflow in a Python file, and run it here:</p>
      <Command text={`alula run --remote${where} hello.py hello`} />
      <p>Or register all that a file declares, to launch it from this console:</p>
      <Command text={`alula register${where} hello.py`} />
      <p>A sample comes with the source: examples/hello.py and examples/wine.py.</p>
    </div>
  );
}
