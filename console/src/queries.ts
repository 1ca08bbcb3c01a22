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

/** For what never changes: versions and the graphs of ended runs. */
export const FOREVER = { staleTime: Infinity } as const;
