/** What differs between two runs: their steps in rows, and the sentence that says it all. Pure. */
import type { Comparison, NodePairs, Pair } from "../../api/compare";
import { type Status, nodeStatus } from "../../status/status";
import { plural } from "../../text/names";
import { duration } from "../../text/time";

export interface StepPair {
  readonly id: string;
  readonly name: string;
  readonly depth: number;
  /** Null if this run has no such step. */
  readonly a: Side | null;
  readonly b: Side | null;
  /** Milliseconds that the second took longer; null if one of them is not known. */
  readonly delta: number | null;
  readonly differs: boolean;
}

export interface Side {
  readonly status: Status;
  /** Milliseconds; null if not known. */
  readonly ms: number | null;
}

/** A step differs in time if it is so much longer or shorter: less is the noise of machines. */
const SHARE = 0.2;
const LEAST_MS = 200;

export function stepPairs(nodes: NodePairs, nameOf: (id: string) => string): StepPair[] {
  const depths = new Map<string, number>();
  return nodes.id.map((id, at) => {
    const parent = nodes.parent[at] ?? "";
    const depth = parent ? (depths.get(parent) ?? 0) + 1 : 0;
    depths.set(id, depth);
    const a = side(nodes.a_phase[at], nodes.a_cache[at], nodes.a_ms[at]);
    const b = side(nodes.b_phase[at], nodes.b_cache[at], nodes.b_ms[at]);
    const [from, to] = [a?.ms ?? null, b?.ms ?? null];
    const delta = from === null || to === null ? null : to - from;
    const isSlower = delta !== null && Math.abs(delta) >= LEAST_MS && Math.abs(delta) >= SHARE * Math.max(from ?? 0, to ?? 0);
    return { id, name: nameOf(id), depth, a, b, delta, differs: a?.status.word !== b?.status.word || isSlower };
  });
}

function side(phase = 0, cache = 0, ms = -1): Side | null {
  return phase ? { status: nodeStatus(phase, cache), ms: ms < 0 ? null : ms } : null;
}

/** `+4 m 12 s`, with a sign that is as wide as the other. */
export function signed(ms: number): string {
  return ms === 0 ? "±0" : `${ms > 0 ? "+" : "−"}${duration(Math.abs(ms))}`;
}

/** The answer to "what changed?" in one sentence. */
export function summary(told: Comparison, steps: readonly StepPair[]): string {
  const parts = [
    told.a.workflow.version === told.b.workflow.version ? "" : "another version",
    some(told.inputs, "input"),
    some(told.settings, "setting"),
    some(told.outputs, "output"),
    amount(steps.filter((step) => step.differs).length, "step"),
  ].filter(Boolean);
  return parts.length ? `${parts.join(", ")} ${parts.length === 1 && isOne(parts[0]) ? "differs" : "differ"}` : "Nothing differs";
}

function some(pairs: readonly Pair[], word: string): string {
  return amount(pairs.filter((pair) => !pair.same).length, word);
}

function amount(count: number, word: string): string {
  return count ? plural(count, word) : "";
}

function isOne(part: string | undefined): boolean {
  return part === "another version" || part?.startsWith("1 ") === true;
}
