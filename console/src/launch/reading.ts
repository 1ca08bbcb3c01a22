/** Reads what a form is made of: the entity, its newest version if none is named, and the inputs of an earlier run. */
import { type Kind, type LaunchPlan, type Task, listVersions, readEntity, readExecution, readRunData } from "../api/flyte";
import { Refused } from "../api/http";
import type { Identifier, Literal } from "../api/idl";
import type { Place } from "../api/runs";
import type { LaunchSearch } from "../search";
import { type Form, formOfPlan, formOfTask } from "./form";

export async function readForm(place: Place, search: LaunchSearch, signal: AbortSignal): Promise<Form> {
  const before = search.from ? await readBefore({ ...place, name: search.from }, signal) : { entity: null, literals: {} };
  const kind: Kind = search.kind ?? (before.entity?.resource_type === "TASK" ? "task" : "launch_plan");
  const name = search.name ?? before.entity?.name ?? "";
  const version = search.version ?? before.entity?.version ?? (await newest(kind, place, name, signal));
  const from = search.from ?? "";
  // A workflow is launched by its plan of the same name and version.
  const entity: Identifier = { resource_type: kind === "task" ? "TASK" : "LAUNCH_PLAN", ...place, name, version };
  if (kind === "task") {
    const task = await readEntity<Task>("task", entity, signal);
    return formOfTask(entity, task.closure.compiled_task.template.interface?.inputs?.variables ?? {}, before.literals, from);
  }
  const plan = await readEntity<LaunchPlan>("launch_plan", entity, signal);
  return formOfPlan(entity, plan.closure.expected_inputs?.parameters ?? {}, plan.spec.fixed_inputs?.literals ?? {}, before.literals, from);
}

async function readBefore(run: Place & { name: string }, signal: AbortSignal): Promise<{ entity: Identifier; literals: Record<string, Literal> }> {
  const [execution, data] = await Promise.all([readExecution(run, signal), readRunData(run, signal)]);
  return { entity: execution.spec.launch_plan, literals: data.full_inputs?.literals ?? {} };
}

async function newest(kind: Kind, place: Place, name: string, signal: AbortSignal): Promise<string> {
  const page = await listVersions(kind, place, name, 1, "", signal);
  const found = (page.workflows ?? page.tasks ?? page.launch_plans ?? [])[0];
  if (!found) throw new Refused(404, "NotFound", `There is no ${kind.replace("_", " ")} ${name} in ${place.project}/${place.domain}.`);
  return found.id.version;
}
