/** The graph of a run, over the selection that all its views share. */
import { type ReactElement, useMemo } from "react";
import { useChange, useRun, useRunSearch, useSelect } from "../context";
import { choicesOf, textOf } from "../plan/visible";
import { Graph } from "./Graph";

export function RunGraph(): ReactElement {
  const { tree, state, source } = useRun();
  const { open, sel } = useRunSearch();
  const change = useChange();
  const select = useSelect();
  const choices = useMemo(() => choicesOf(open), [open]);
  return (
    <Graph
      tree={tree}
      choices={choices}
      selected={sel}
      facts={state}
      onSelect={select}
      onToggle={(id, isOpen) => {
        if (isOpen) void source.open(id);
        change({ open: textOf(new Map(choices).set(id, isOpen)) });
      }}
    />
  );
}
