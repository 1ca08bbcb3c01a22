/** The keys of a run's page. */
import { useKeys } from "../shell/useKeys";
import { RUN_VIEWS, type RunTab } from "../search";
import { useChange, useRun, useRunSearch, useSelect } from "./context";
import { choicesOf, type Line, textOf } from "./plan/visible";
import { useNext } from "./useNext";
import { copy } from "../ui/clipboard";

const TAB_KEYS: Record<string, RunTab> = { y: "why", l: "log", d: "data" };

export function useRunKeys(lines: readonly Line[]): void {
  const { id } = useRun();
  const { sel, open, view = "timeline" } = useRunSearch();
  const change = useChange();
  const select = useSelect();
  const next = useNext();
  const at = lines.findIndex((line) => line.step.id === sel);
  const move = (by: number): void => {
    const line = lines[Math.max(0, Math.min(lines.length - 1, at + by))];
    if (line) select(line.step.id);
  };
  const setOpen = (isOpen: boolean): boolean => {
    const line = lines[at];
    if (!line?.canOpen || line.isOpen === isOpen) return false;
    change({ open: textOf(new Map(choicesOf(open)).set(line.step.id, isOpen)) });
    return true;
  };
  useKeys((key, event) => {
    if (event.target instanceof HTMLElement && event.target.closest("[data-log], [role=separator], [role=tablist], [data-own-keys]")) return false;
    const tab = TAB_KEYS[key];
    if (key === "j" || key === "ArrowDown") move(1);
    else if (key === "k" || key === "ArrowUp") move(-1);
    else if (key === "e") void next("failed", 1);
    else if (key === "E") void next("failed", -1);
    else if (key === "w") void next("waiting", 1);
    else if (key === "ArrowRight" && view !== "graph") return setOpen(true);
    else if (key === "ArrowLeft" && view !== "graph") return setOpen(false);
    else if (key === "Escape" && sel) select(null);
    else if (key === "c") void copy(sel ?? id.name);
    else if (tab) change({ tab });
    else if (key === "1" || key === "2" || key === "3") change({ view: RUN_VIEWS[Number(key) - 1] }, true);
    else return false;
    return true;
  });
}
