/** The deck of a step, in a sandbox of its own origin: what a task writes is no part of the console. */
import { useQuery } from "@tanstack/react-query";
import { Maximize2 } from "lucide-react";
import { type ReactElement, useRef } from "react";
import { linkToDeck } from "../../api/flyte";
import { IconButton } from "../../ui/Button";
import { Bars, Problem } from "../../ui/State";
import { useRun } from "../context";
import type { Step } from "../plan/tree";
import { ownObject } from "../../values/objects";
import styles from "./Deck.module.css";

export function Deck({ step }: { step: Step }): ReactElement {
  const { id } = useRun();
  const frame = useRef<HTMLIFrameElement>(null);
  const { data, error, refetch } = useQuery({
    queryKey: ["deck", id, step.id],
    queryFn: () => linkToDeck(id, step.id),
    staleTime: 20 * 60_000,
  });
  if (error) return <Problem error={error} onRetry={() => void refetch()} />;
  const url = data?.pre_signed_urls?.signed_url[0] ?? data?.signed_url?.[0];
  if (!url) return <Bars />;
  return (
    <div className={styles.deck}>
      <span className={styles.tools}><IconButton label="Full screen" onClick={() => void frame.current?.requestFullscreen()}><Maximize2 size={14} /></IconButton></span>
      <iframe ref={frame} className={styles.frame} title={`Deck of ${step.name}`} sandbox="allow-scripts" referrerPolicy="no-referrer" src={ownObject(url)} />
    </div>
  );
}
