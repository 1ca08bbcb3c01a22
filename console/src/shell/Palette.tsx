/** Find and do anything by typing. What the page offers comes first, then what the platform has under the words. */
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Dialog } from "radix-ui";
import { type ReactElement, useEffect, useRef, useState } from "react";
import { listNames } from "../api/flyte";
import { listRuns } from "../api/runs";
import { runStatus } from "../status/status";
import { shortName, visible } from "../text/names";
import { useStore } from "../ui/store";
import { jump } from "./jump";
import styles from "./Palette.module.css";
import { type PaletteEntry, offered, palettes } from "./palette-state";
import { usePlace } from "./place";

const SHOWN = 40;

export function Palette(): ReactElement {
  const open = useStore(palettes);
  return (
    <Dialog.Root open={open} onOpenChange={(next) => palettes.set(next)}>
      <Dialog.Portal>
        <Dialog.Overlay className={styles.veil} />
        <Dialog.Content className={styles.box} aria-describedby={undefined}>
          <Dialog.Title className="visually-hidden">Find anything</Dialog.Title>
          <Finder onDone={() => palettes.set(false)} />
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function Finder({ onDone }: { onDone: () => void }): ReactElement {
  const [text, setText] = useState("");
  const [chosen, setChosen] = useState(0);
  const entries = useEntries(text.trim());
  const list = useRef<HTMLUListElement>(null);
  const at = Math.min(chosen, entries.length - 1);
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  }, [at, entries]);
  const act = (entry: PaletteEntry | undefined): void => {
    if (!entry) return;
    onDone();
    entry.act();
  };
  return (
    <>
      <input
        className={styles.input}
        value={text}
        placeholder="A run, a workflow, a step… > for actions, # for steps, :7 for a line"
        role="combobox"
        aria-expanded="true"
        aria-controls="palette-entries"
        aria-activedescendant={at >= 0 ? `palette-${at}` : undefined}
        aria-label="Find anything"
        onChange={(event) => {
          setText(event.currentTarget.value);
          setChosen(0);
        }}
        onKeyDown={(event) => {
          if (event.key === "ArrowDown") setChosen(Math.min(entries.length - 1, at + 1));
          else if (event.key === "ArrowUp") setChosen(Math.max(0, at - 1));
          else if (event.key === "Enter") act(entries[at]);
          else return;
          event.preventDefault();
        }}
      />
      <ul ref={list} id="palette-entries" role="listbox" aria-label="Found" className={styles.list}>
        {entries.map((entry, place) => (
          <li
            key={entry.key}
            id={`palette-${place}`}
            role="option"
            aria-selected={place === at}
            className={styles.entry}
            onPointerMove={() => setChosen(place)}
            onClick={() => act(entry)}
          >
            <span className={styles.group}>{entries[place - 1]?.group === entry.group ? "" : entry.group}</span>
            <span className={styles.label}>{visible(entry.label)}</span>
            <span className={styles.hint}>{entry.hint}</span>
          </li>
        ))}
      </ul>
      {entries.length ? null : <p className={styles.none} role="status">Nothing has this name.</p>}
    </>
  );
}

function useEntries(text: string): readonly PaletteEntry[] {
  const navigate = useNavigate();
  const place = usePlace();
  const ofPage = useStore(offered);
  const word = text.replace(/^[>#]\s*/, "").toLowerCase();
  const own = ofPage(text).filter((entry) => entry.label.toLowerCase().includes(word));
  const { data: runs } = useQuery({
    queryKey: ["palette", "runs", place, word],
    queryFn: ({ signal }) => listRuns(place, { limit: 8, ...(word ? { filters: `contains(name,${escaped(word)})` } : {}) }, signal),
    enabled: !/^[>#:]/.test(text),
  });
  const { data: names } = useQuery({
    queryKey: ["names", "workflow", place],
    queryFn: ({ signal }) => listNames("workflow", place, "", signal),
    staleTime: 60_000,
  });
  if (text.startsWith(">")) return own.filter((entry) => entry.group === "Actions").slice(0, SHOWN);
  if (text.startsWith("#")) return own.filter((entry) => entry.group === "Steps").slice(0, SHOWN);
  if (text.startsWith(":")) return own.filter((entry) => entry.group === "Lines");
  const target = jump(text, place);
  const goToRun = (id: { project: string; domain: string; name: string }): void =>
    void navigate({ to: "/projects/$project/domains/$domain/executions/$name", params: id });
  const pages = PAGES.filter(([label]) => word && label.toLowerCase().startsWith(word));
  return [
    ...pages.map(([label, to]) => ({ key: `page ${label}`, group: "Pages", label, act: () => void navigate({ to, params: { ...place } }) })),
    ...(target && text.includes("/") ? [{ key: "jump", group: "Go to", label: `${target.project}/${target.domain}/${target.name}`, act: () => goToRun(target) }] : []),
    ...(word ? own.slice(0, 12) : own.filter((entry) => entry.group === "Actions")),
    ...(runs?.runs ?? []).map((run) => ({
      key: `run ${run.name}`,
      group: "Runs",
      label: run.name,
      hint: `${shortName(run.workflow.name)} · ${runStatus(run.phase).word}`,
      act: () => goToRun({ project: run.project, domain: run.domain, name: run.name }),
    })),
    ...(names?.entities ?? []).filter((each) => each.id.name.toLowerCase().includes(word)).slice(0, 8).map((each) => ({
      key: `workflow ${each.id.name}`,
      group: "Workflows",
      label: each.id.name,
      act: () => void navigate({ to: "/projects/$project/domains/$domain/$kind/$name", params: { ...place, kind: "workflow", name: each.id.name } }),
    })),
  ].slice(0, SHOWN);
}

const PAGES = [
  ["Home", "/projects/$project/domains/$domain"],
  ["Runs", "/projects/$project/domains/$domain/executions"],
  ["Workflows", "/projects/$project/domains/$domain/workflows"],
  ["Tasks", "/projects/$project/domains/$domain/tasks"],
  ["Launch plans", "/projects/$project/domains/$domain/launchPlans"],
  ["Triggers", "/projects/$project/domains/$domain/triggers"],
  ["Backfills", "/projects/$project/domains/$domain/backfills"],
  ["Cache", "/projects/$project/domains/$domain/data"],
  ["Audit", "/audit"],
  ["Settings", "/settings"],
] as const;

/** A value in the grammar of filters, where commas and brackets mean something. */
function escaped(word: string): string {
  return word.replace(/[(),+;]/g, "");
}
