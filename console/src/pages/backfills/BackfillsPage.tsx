/** What is run for times in the past. */
import type { ReactElement } from "react";
import { usePlace } from "../../shell/place";
import { Command } from "../../ui/Copy";
import { Empty } from "../../ui/State";
import { usePageTitle } from "../../ui/usePageTitle";
import { BackfillRows } from "./BackfillRows";

export function BackfillsPage(): ReactElement {
  const { project, domain } = usePlace();
  usePageTitle("Backfills");
  return (
    <div>
      <h1 className="visually-hidden">Backfills</h1>
      <BackfillRows
        none={(
          <Empty title={`No launch plan was run for times in the past in ${project}/${domain}.`}>
            <Command text="alula backfill PLAN --from 2026-01-01 --dry-run" />
          </Empty>
        )}
      />
    </div>
  );
}
