/** A sentence in which what is between backticks is code. */
import { Fragment, type ReactElement } from "react";
import { visible } from "../text/names";

export function Marked({ text }: { text: string }): ReactElement {
  const parts = visible(text).split("`");
  if (parts.length % 2 === 0) return <>{parts.join("`")}</>;
  return <>{parts.map((part, place) => (place % 2 ? <code key={place}>{part}</code> : <Fragment key={place}>{part}</Fragment>))}</>;
}
