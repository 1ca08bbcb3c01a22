/** Lists of runs are read again when there is news of them; while none arrive, once in a while. */
import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { serverNow } from "../ui/clock";
import { useStore } from "../ui/store";
import { paced } from "./pace";
import { isLive, subscribe } from "./source";

const AT_MOST_EACH_MS = 1_000;
const LIVE_MS = 30_000;
const ASKING_MS = 2_500;

/** Gives the time between two readings that are made without news. */
export function useRunsNews(project: string, domain: string): number {
  const queries = useQueryClient();
  useEffect(() => {
    const again = paced(AT_MOST_EACH_MS, () => void queries.invalidateQueries({ queryKey: ["runs"] }));
    const stop = subscribe({ kind: "runs", project, domain, filters: "", since: serverNow() }, (told) => {
      if (told.kind === "runs" || told.kind === "reset") again.call();
    });
    return () => {
      again.stop();
      stop();
    };
  }, [queries, project, domain]);
  return useStore(isLive) ? LIVE_MS : ASKING_MS;
}
