/** The pages for what is not there, and for a fault of the console itself. */
import { type ErrorComponentProps, Link } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { Empty, Problem } from "../ui/State";

export function NotThere(): ReactElement {
  return (
    <Empty title="There is no such page.">
      <Link to="/">Go home</Link>
    </Empty>
  );
}

export function Failed({ error, reset }: ErrorComponentProps): ReactElement {
  return <Problem error={error} onRetry={reset} />;
}
