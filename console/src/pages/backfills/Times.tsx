/** The times that slots are about: whole minutes, in the zone of the page. */
import type { ReactElement } from "react";
import { clock, day } from "../../text/time";
import { zone } from "../../ui/clock";
import { useStore } from "../../ui/store";

export function Minute({ at }: { at: string }): ReactElement {
  const shown = useStore(zone);
  const date = new Date(at);
  return <time dateTime={at}>{day(date, shown)} {clock(date, shown, false)}</time>;
}

export function Range({ first, until }: { first: string; until: string }): ReactElement {
  return <><Minute at={first} /> to <Minute at={until} /></>;
}
