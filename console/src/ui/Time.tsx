/** Times and durations on the page. */
import type { ReactElement } from "react";
import { absolute, ago, duration } from "../text/time";
import { useNow, zone } from "./clock";
import { useStore } from "./store";

/** `2 h ago`, with the absolute time on hover. */
export function Ago({ at }: { at: number }): ReactElement {
  const now = useNow();
  const shown = useStore(zone);
  return <time dateTime={new Date(at / 1_000).toISOString()} title={absolute(at, shown)}>{ago(at, now)}</time>;
}

export function At({ at }: { at: number }): ReactElement {
  const shown = useStore(zone);
  const now = useNow();
  return <time dateTime={new Date(at / 1_000).toISOString()} title={ago(at, now)}>{absolute(at, shown)}</time>;
}

/** How long something took; it goes on counting until there is an end. */
export function Took({ from, to }: { from: number | null; to: number | null }): ReactElement | null {
  return from === null ? null : to === null ? <Counting from={from} /> : <>{duration((to - from) / 1_000)}</>;
}

function Counting({ from }: { from: number }): ReactElement {
  const now = useNow();
  return <>{duration(Math.max(0, now - from) / 1_000)}</>;
}
