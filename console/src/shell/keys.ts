/** The keys: which there are, and when they count. */
import { createStore } from "../ui/store";

export interface KeyGroup {
  readonly title: string;
  readonly keys: readonly (readonly [string, string])[];
}

export const KEYS: readonly KeyGroup[] = [
  {
    title: "Everywhere",
    keys: [
      ["Ctrl K", "find runs, steps, entities and actions"],
      ["g h", "home"], ["g r", "runs"], ["g w", "workflows"], ["g t", "tasks"], ["g l", "launch plans"], ["g e", "triggers"], ["g b", "backfills"], ["g d", "cache"], ["g a", "audit"], ["g s", "settings"],
      ["u", "UTC or local time"], ["?", "this list"],
    ],
  },
  {
    title: "Lists",
    keys: [["/", "filter"], ["j k", "down, up"], ["Enter", "open"], ["x", "select a row"], [".", "what can be done with it"]],
  },
  {
    title: "A run",
    keys: [
      ["1 2 3", "timeline, graph, table"], ["← →", "close, open a step"], ["e E", "next, previous error"], ["w", "next that waits"],
      ["y", "why"], ["l", "log"], ["d", "data"], ["r", "run again"], [".", "what can be done with the step and the run"], ["c", "copy the id"], ["z", "fit the graph"], ["Esc", "back to the run"],
    ],
  },
  { title: "Log", keys: [["f", "follow"], ["/", "search"], ["n N", "next, previous match"], ["Ctrl K :7", "line 7"]] },
];

const KEY = "alula.keys";
export const keysOn = createStore(localStorage.getItem(KEY) !== "off");

export function switchKeys(on: boolean): void {
  localStorage.setItem(KEY, on ? "on" : "off");
  keysOn.set(on);
}

/** Whether a key is typed into something, or meant for the browser. */
export function isTyped(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || !keysOn.get()) return true;
  const target = event.target;
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || target.closest('input, textarea, select, [role="menu"], [role="dialog"]') !== null;
}
