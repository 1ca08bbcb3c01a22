/** What is kept of the platform's answers, and for how long. */
import { QueryClient } from "@tanstack/react-query";
import { Refused, isAway } from "./api/http";

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      gcTime: 5 * 60_000,
      retry: (count, error) => isAway(error) || (error instanceof Refused && error.status >= 500 && count < 2),
      retryDelay: (count) => Math.min(10_000, 500 * 2 ** count),
    },
  },
});

/** For what is asked anew with the news of a run, each time under another key: only the last of it is wanted. */
export const PASSING = { gcTime: 10_000 } as const;
/** The least time between two such askings. */
export const NEWS_MS = 1_000;

/** For what never changes: versions and the graphs of ended runs. */
export const FOREVER = { staleTime: Infinity } as const;
