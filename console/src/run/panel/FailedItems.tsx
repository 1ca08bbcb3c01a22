/** How many items of an array have failed, and the way from one to the next. */
import { ChevronDown, ChevronUp } from "lucide-react";
import { type ReactElement, useEffect, useMemo } from "react";
import { grouped } from "../../text/numbers";
import { IconButton } from "../../ui/Button";
import { useRun } from "../context";
import { countFailed } from "../plan/failed";
import { useNextItem } from "../useNext";
import styles from "./Panel.module.css";

export function FailedItems({ step }: { step: string }): ReactElement | null {
  const { source, items } = useRun();
  const phases = items.get(step);
  const nextItem = useNextItem();
  useEffect(() => {
    if (!source.known.get().items.has(step)) void source.watchItems(step).catch(() => undefined);
  }, [source, step]);
  const count = useMemo(() => (phases ? countFailed(phases) : 0), [phases]);
  if (!count) return null;
  return (
    <span className={styles.failed}>
      <span className="broken">{grouped(count)} failed</span>
      <IconButton label="Previous failed item (E)" onClick={() => void nextItem(step, -1)}><ChevronUp size={14} /></IconButton>
      <IconButton label="Next failed item (e)" onClick={() => void nextItem(step, 1)}><ChevronDown size={14} /></IconButton>
    </span>
  );
}
