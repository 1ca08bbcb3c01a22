/** Whether somebody keeps the run of the page, whatever the rules of retention say. */
import { useQuery } from "@tanstack/react-query";
import { readKept } from "../api/retention";
import { useRun } from "./context";

export const KEPT = "kept";

export function useKept(): boolean | undefined {
  const { id } = useRun();
  const { data } = useQuery({ queryKey: [KEPT, id], queryFn: ({ signal }) => readKept(id, signal), staleTime: 30_000 });
  return data?.kept;
}
