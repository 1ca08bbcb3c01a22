/** Lists of runs are read again when there is news of them; while none arrive, once in a while. */
import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { serverNow } from "../ui/clock";
import { useStore } from "../ui/store";
import { isLive, subscribe } from "./source";

const AT_MOST_EACH_MS = 1_000;
const LIVE_MS = 30_000;
const ASKING_MS = 2_500;

/** Gives the time between two readings that are made without news. */
export function useRunsNews(project: string, domain: string): number {
  const queries = useQueryClient();
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const again = (): void => {
      timer ??= setTimeout(() => {
        timer = undefined;
        void queries.invalidateQueries({ queryKey: ["runs"] });
      }, AT_MOST_EACH_MS);
    };
    const stop = subscribe({ kind: "runs", project, domain, filters: "", since: serverNow() }, (told) => {
      if (told.kind === "runs" || told.kind === "reset") again();
    });
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [queries, project, domain]);
  return useStore(isLive) ? LIVE_MS : ASKING_MS;
}
