/** What the platform would say to a launch, asked a moment after the last change. */
import { useQuery } from "@tanstack/react-query";
import { type LaunchProblem, checkLaunch } from "../api/launch";
import { useSettled } from "../ui/useSettled";

const NONE: readonly LaunchProblem[] = [];

/** Only of what can be read as the types of the inputs: else one would be told the same twice. */
export function useChecked(body: object, isReadable: boolean): readonly LaunchProblem[] {
  const text = JSON.stringify(body);
  const settled = useSettled(text);
  const isAsked = isReadable && settled === text;
  // That nobody can be asked is said when the run is launched.
  const { data } = useQuery({ queryKey: ["launch-check", settled], queryFn: ({ signal }) => checkLaunch(settled, signal), enabled: isAsked, retry: false, gcTime: 0 });
  return isAsked && data ? data : NONE;
}
