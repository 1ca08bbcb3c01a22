/** The columns of the table of steps: their order, and the table as text. Pure. */
import { duration } from "../../text/time";
import { tookOf } from "../took";
import type { RunState } from "../live/state";
import type { Line } from "../plan/visible";

export type Column = "step" | "status" | "began" | "took" | "tries" | "cache" | "reason";

export const CACHE_WORDS = ["", "miss", "hit", "stored", "lookup failed", "not stored", "skipped", "evicted"];

type Key = number | string;

export function sorted(lines: readonly Line[], column: Column, down: boolean, state: RunState): Line[] {
  const keyed = lines.map((line) => ({ line, key: keyOf(line, column, state) }));
  keyed.sort((a, b) => (down ? -1 : 1) * compare(a.key, b.key));
  return keyed.map(({ line }) => line);
}

function compare(a: Key, b: Key): number {
  return typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });
}

function keyOf({ step }: Line, column: Column, state: RunState): Key {
  const { row } = step;
  switch (column) {
    case "step": return step.name;
    case "status": return step.status.weight;
    case "began": return row?.started ?? -1;
    case "took": return tookOf(row, state.attempts) ?? -1;
    case "tries": return row?.tries ?? 0;
    case "cache": return row?.cache ?? 0;
    case "reason": return state.errors[step.id]?.code ?? "";
  }
}

/** For a spreadsheet: values separated by tabs, times in milliseconds. */
export function asText(lines: readonly Line[], state: RunState): string {
  const head = ["step", "id", "status", "began_ms", "took_ms", "took", "tries", "cache", "code", "message"];
  const rows = lines.map(({ step }) => {
    const { row } = step;
    const took = tookOf(row, state.attempts);
    const error = state.errors[step.id];
    return [
      step.name, step.id, step.status.word, row && row.started >= 0 ? row.started : "", took ?? "", took === null ? "" : duration(took),
      row?.tries ?? 0, row ? CACHE_WORDS[row.cache] : "", error?.code ?? "", error?.message ?? "",
    ];
  });
  return [head, ...rows].map((cells) => cells.map((cell) => String(cell).replace(/[\t\r\n]+/g, " ")).join("\t")).join("\n");
}
