/** The graph of a workflow that is not run: only what is open and chosen changes. */
import { type ReactElement, useState } from "react";
import type { Tree } from "../plan/tree";
import type { Choices } from "../plan/visible";
import { Graph } from "./Graph";

const NO_FACTS = { arrays: {}, attempts: new Map() };

export function PlanGraph({ tree }: { tree: Tree }): ReactElement {
  const [choices, setChoices] = useState<Choices>(new Map());
  const [selected, setSelected] = useState<string>();
  return (
    <Graph
      tree={tree}
      choices={choices}
      selected={selected}
      facts={NO_FACTS}
      onSelect={(id) => setSelected(id ?? undefined)}
      onToggle={(id, isOpen) => setChoices(new Map(choices).set(id, isOpen))}
    />
  );
}
