/** The parts of the gallery: a new part of `ui` or `values` has its states here. */
import { Copy, Search } from "lucide-react";
import { type ReactElement, type ReactNode, useState } from "react";
import { Refused } from "../api/http";
import { LogLine } from "../run/log/LogLine";
import { counted } from "../status/counts";
import { CACHED, GATE, NOT_TAKEN, type Status, UNBEGUN, WAITS, attemptStatus, nodeStatus, runStatus } from "../status/status";
import { Button, IconButton } from "../ui/Button";
import { Command, CopyButton } from "../ui/Copy";
import { Dialog } from "../ui/Dialog";
import { Glyph } from "../ui/Glyph";
import { Menu } from "../ui/Menu";
import { Bars, Empty, Problem } from "../ui/State";
import { Tabs } from "../ui/Tabs";
import { At, Took } from "../ui/Time";
import { CountVane, PartVane } from "../ui/Vane";
import { Value } from "../values/Value";
import styles from "./Gallery.module.css";

export interface Specimen {
  readonly name: string;
  readonly states: readonly (readonly [state: string, part: ReactNode])[];
}

const LONG = `flow.${"a_very_long_name_of_a_step_".repeat(8)}`;
const HOSTILE = "<script>alert(1)</script> \u202egnp.exe \u001b[31mred\u001b[0m";
const SECOND = 1_000_000;
const none = (): void => {};

/** Each state once, whichever of runs, nodes or items has it. */
function statuses(): Status[] {
  const all = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10].flatMap((phase) => [runStatus(phase), nodeStatus(phase), attemptStatus(phase)]);
  return [...new Map([...all, UNBEGUN, NOT_TAKEN, CACHED, WAITS, GATE].map((each) => [each.word, each])).values()];
}

function parts(count: number, failed: number): Uint8Array {
  const found = new Uint8Array(count).fill(3);
  found[failed] = 5;
  return found;
}

const some = counted([...Array.from({ length: 400 }, () => nodeStatus(3)), ...Array.from({ length: 40 }, () => CACHED), nodeStatus(5), ...Array.from({ length: 90 }, () => UNBEGUN)]);

export const SPECIMENS: readonly Specimen[] = [
  {
    name: "Button",
    states: [
      ["looks", <p key="" className={styles.row}><Button look="primary">Launch</Button><Button>Run again</Button><Button look="quiet">Keep</Button><Button look="danger">Abort</Button></p>],
      ["small", <p key="" className={styles.row}><Button small>Log</Button><Button small look="quiet">Evict…</Button></p>],
      ["off", <p key="" className={styles.row}><Button disabled>Compare</Button><Button look="danger" disabled>Abort</Button></p>],
      ["icons", <p key="" className={styles.row}><IconButton label="Search"><Search size={15} /></IconButton><IconButton label="Wrap lines" aria-pressed="true"><Copy size={15} /></IconButton></p>],
    ],
  },
  { name: "Glyph", states: [["all states", <p key="" className={styles.row}>{statuses().map((each) => <span key={each.word}><Glyph status={each} label={false} /> {each.word}</span>)}</p>]] },
  {
    name: "Vane",
    states: [
      ["of counts", <CountVane key="" counts={some} height={12} />],
      ["one of 100,000 failed", <PartVane key="" parts={parts(100_000, 70_000)} counts={counted([nodeStatus(5)])} onPick={none} />],
      ["one of ten failed", <PartVane key="" parts={parts(10, 7)} counts={counted([nodeStatus(5)])} />],
      ["nothing", <CountVane key="" counts={[]} />],
    ],
  },
  { name: "Tabs", states: [["three", <TabsOf key="" />]] },
  { name: "Menu", states: [["with hints, a choice, and one that is off", <Menu key="" trigger={<Button>Run again</Button>} entries={[{ label: "The same", hint: "r", onSelect: none }, { label: "Local", checked: true, onSelect: none }, null, { label: "Only what has not succeeded", disabled: true, hint: "it runs still", onSelect: none }]} />]] },
  { name: "Dialog", states: [["asks", <DialogOf key="" />]] },
  {
    name: "Copy",
    states: [
      ["a command", <Command key="" text="alula describe execution nightly-7f3" />],
      ["a long one", <Command key="" text={`alula launch ${LONG} --name nightly`} />],
      ["a button", <CopyButton key="" text="nightly-7f3" />],
    ],
  },
  {
    name: "State",
    states: [
      ["refused", <Problem key="" error={new Refused(404, "ExecutionNotFound", "There is no execution `nightly-7f3`.", "`alula list executions` names those that are there")} onRetry={none} />],
      ["hostile", <Problem key="" error={new Error(`${HOSTILE} ${LONG}`)} />],
      ["empty", <Empty key="" title="Nothing meets this filter."><Button>Clear the filter</Button></Empty>],
      ["loading", <Bars key="" rows={3} />],
    ],
  },
  {
    name: "Time",
    states: [
      ["a moment", <At key="" at={1_796_000_000 * SECOND} />],
      ["took", <p key="" className={styles.row}><Took from={0} to={400} /><Took from={0} to={252 * SECOND} /><Took from={0} to={90_000 * SECOND} /></p>],
    ],
  },
  {
    name: "Value",
    states: [
      ["a whole number", <Value key="" literal={{ scalar: { primitive: { integer: "9007199254740993" } } }} />],
      ["a text", <Value key="" literal={{ scalar: { primitive: { string_value: HOSTILE } } }} />],
      ["empty text", <Value key="" literal={{ scalar: { primitive: { string_value: "" } } }} />],
      ["a list", <Value key="" literal={{ collection: { literals: [1, 2, 3].map((each) => ({ scalar: { primitive: { integer: String(each) } } })) } }} />],
      ["none", <Value key="" literal={{ scalar: { none_type: {} } }} />],
    ],
  },
  {
    name: "Line of a log",
    states: [
      ["with colours", line("\u001b[32mline 7\u001b[0m of the report")],
      ["found", line("halving 7", /7/g)],
      ["chosen", line("halving 7", null, true)],
      ["of an error", line("ValueError: seven can't be halved")],
      ["a progress bar", line("10%\r50%\r100%")],
      ["long", line("x".repeat(12_000))],
      ["hostile", line(HOSTILE)],
    ],
  },
];

function line(text: string, pattern: RegExp | null = null, isCurrent = false): ReactElement {
  return <LogLine index={0} number={7} text={text} hue={null} bold={false} pattern={pattern} isCurrent={isCurrent} onLine={none} />;
}

function TabsOf(): ReactElement {
  const [chosen, choose] = useState<"why" | "log" | "data">("why");
  return (
    <>
      <Tabs label="About it" panel="specimen-panel" chosen={chosen} tabs={[{ id: "why", label: "Why", hint: "y" }, { id: "log", label: "Log" }, { id: "data", label: "Data" }]} onChoose={choose} />
      <div role="tabpanel" id="specimen-panel" aria-label={chosen}>{chosen}</div>
    </>
  );
}

function DialogOf(): ReactElement {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button onClick={() => setOpen(true)}>Abort…</Button>
      <Dialog open={open} onClose={() => setOpen(false)} title={`Abort ${LONG}?`} description="Steps under way are stopped, and the others do not begin.">
        <Command text="alula abort nightly-7f3" />
        <Button look="danger" onClick={() => setOpen(false)}>Abort</Button>
      </Dialog>
    </>
  );
}
