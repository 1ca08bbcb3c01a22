/** The time that gates wait. */
import { expect, it } from "vitest";
import type { NodeTemplate } from "../../api/idl";
import { ASLEEP, GATE, type Status, nodeStatus } from "../../status/status";
import { leftOf } from "./due";
import type { Step } from "./tree";

function gate(status: Status, gate_node: NodeTemplate["gate_node"], timeout?: string, started = 1_000): Step {
  const template: NodeTemplate = { id: "n0", metadata: timeout ? { timeout } : {}, ...(gate_node ? { gate_node } : {}) };
  return { status, template, row: { started } } as unknown as Step;
}

const ASKS = { approve: { signal_id: "ok" } };

it.each<[string, Step, number, string]>([
  ["a pause", gate(ASLEEP, { sleep: { duration: "90s" } }), 61_000, "goes on in 30 s"],
  ["a question with a limit", gate(GATE, ASKS, "7200s"), 1_001, "1 h 59 m left for an answer"],
  ["one whose time is over", gate(GATE, ASKS, "10s"), 60_000, "0 s left for an answer"],
  ["one without a limit", gate(GATE, ASKS), 60_000, ""],
  ["one that is answered", gate(nodeStatus(3), ASKS, "10s"), 2_000, ""],
  ["one that has not begun", gate(GATE, ASKS, "10s", -1), 2_000, ""],
  ["a task", gate(nodeStatus(2), undefined, "10s"), 2_000, ""],
])("%s", (_, step, now, text) => expect(leftOf(step, now)).toBe(text));
