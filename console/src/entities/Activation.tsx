/** Whether a version of a launch plan is the active one, and to make it so or not. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactElement, useState } from "react";
import { activating } from "../api/calls";
import type { LaunchPlan } from "../api/flyte";
import { setActive } from "../api/schedules";
import { Button } from "../ui/Button";
import { Calls } from "../ui/Calls";
import { Dialog } from "../ui/Dialog";
import { Problem } from "../ui/State";
import styles from "./Entity.module.css";

export const isActive = (plan: LaunchPlan): boolean => plan.closure.state === "ACTIVE";

export function Activation({ plan }: { plan: LaunchPlan }): ReactElement {
  const [asking, setAsking] = useState(false);
  const queries = useQueryClient();
  const { project = "", domain = "", name, version = "" } = plan.id;
  const active = isActive(plan);
  const turning = useMutation({
    mutationFn: () => setActive({ project, domain, name, version }, !active),
    onSuccess: () => {
      setAsking(false);
      return Promise.all(["entity", "versions", "trigger", "triggers"].map((key) => queries.invalidateQueries({ queryKey: [key] })));
    },
  });
  return (
    <p className={styles.activation}>
      <Button onClick={() => setAsking(true)}>{active ? "Deactivate…" : "Activate…"}</Button>
      {asking ? (
        <Dialog open onClose={() => setAsking(false)} title={active ? "Deactivate this version?" : "Activate this version?"} description={saidOf(plan)}>
          <Calls call={activating({ project, domain, name, version }, !active)} />
          {turning.error ? <Problem error={turning.error} /> : null}
          <span className={styles.buttons}>
            <Button look="primary" disabled={turning.isPending} onClick={() => turning.mutate()}>{active ? "Deactivate" : "Activate"}</Button>
            <Button look="quiet" onClick={() => setAsking(false)}>Not now</Button>
          </span>
        </Dialog>
      ) : null}
    </p>
  );
}

function saidOf(plan: LaunchPlan): string {
  const { schedule, launch_conditions: conditions } = plan.spec.entity_metadata ?? {};
  const starts = [hasTimes(schedule) ? "schedule" : "", conditions ? "trigger" : ""].filter(Boolean);
  const both = `its ${starts.join(" and its ")}`;
  if (isActive(plan)) return `It is launched by nobody any more who names no version${starts.length ? `, and ${both} ${starts.length > 1 ? "start" : "starts"} no run` : ""}.`;
  return `It takes the place of the version that is active now${starts.length ? `, and ${both} ${starts.length > 1 ? "are" : "is"} followed from now on, on your behalf` : ""}.`;
}

function hasTimes(schedule: NonNullable<LaunchPlan["spec"]["entity_metadata"]>["schedule"]): boolean {
  return Boolean(schedule?.cron_schedule ?? schedule?.cron_expression ?? schedule?.rate);
}
