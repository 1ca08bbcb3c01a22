"""The graph that a dynamic task asked for: compiled, kept as an object, and planned before the engine hears of it.

The log names the object only, so it stays small however large the graph is; every fold of the log reads it again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeAlias

from flyteidl.core import compiler_pb2, dynamic_job_pb2, tasks_pb2, workflow_pb2
from google.protobuf.message import DecodeError

from alula.core.compiler import ReferencedLaunchPlan
from alula.core.compiler.dynamic import BUILD_FAILED, compile_dynamic
from alula.core.compiler.references import referenced
from alula.core.engine.plan import Plan, make_plan
from alula.core.errors import InvalidInput, TaskError
from alula.core.ids import entity_id
from alula.server.beside import done_beside
from alula.server.blob import Blobs
from alula.server.runner.definitions import Definitions

COMPILED = "futures_compiled.pb"
Refused: TypeAlias = Callable[[compiler_pb2.CompiledWorkflowClosure], TaskError | None]
"""The reason why a graph can't be run; None if it can, as far as is known."""


async def keep_graph(
    futures: bytes,
    *,
    parent: tasks_pb2.TaskTemplate,
    node_id: str,
    prefix: str,
    blobs: Blobs,
    definitions: Definitions,
    refused: Refused,
) -> tuple[str, Plan] | TaskError:
    """Compile `futures.pb` and keep the closure under the attempt's output prefix.

    Returns its URI and plan, or the error of the user whose graph does not compile, or has tasks that can't run here.
    """
    try:
        job = await done_beside(len(futures), dynamic_job_pb2.DynamicJobSpec.FromString, futures)
        plans = await _complete(job, definitions)
        closure, plan, refusal = await asyncio.to_thread(_compile, job, parent, node_id, plans, refused)
    except (InvalidInput, DecodeError) as error:
        return TaskError(BUILD_FAILED, f"the graph that the task made can't be run: {error}")
    if refusal is not None:
        return refusal
    uri = f"{prefix}/{COMPILED}"
    await blobs.put(uri, closure)
    return uri, plan


async def _complete(job: dynamic_job_pb2.DynamicJobSpec, definitions: Definitions) -> list[ReferencedLaunchPlan]:
    """Add the entities that its nodes name without bringing them, and return the launch plans. The compiler reports
    those that are not registered either."""
    await _add_workflows(job, definitions)
    needed = referenced((workflow_pb2.WorkflowTemplate(nodes=job.nodes), *job.subworkflows))
    brought = {entity_id(task.id) for task in job.tasks}
    tasks = [await definitions.task(id) for id in needed.tasks if id not in brought]
    job.tasks.extend(task for task in tasks if task is not None)
    plans = [await definitions.launch_plan(id) for id in needed.launch_plans]
    return [plan for plan in plans if plan is not None]


async def _add_workflows(job: dynamic_job_pb2.DynamicJobSpec, definitions: Definitions) -> None:
    brought = {entity_id(template.id) for template in job.subworkflows}
    for id in referenced((workflow_pb2.WorkflowTemplate(nodes=job.nodes), *job.subworkflows)).workflows:
        closure = await definitions.workflow(id) if id not in brought else None
        if closure is not None:
            templates = {
                entity_id(each.template.id): each.template for each in (*closure.sub_workflows, closure.primary)
            }
            job.subworkflows.extend(template for key, template in templates.items() if key not in brought)
            brought.update(templates)


def _compile(
    job: dynamic_job_pb2.DynamicJobSpec,
    parent: tasks_pb2.TaskTemplate,
    node_id: str,
    launch_plans: list[ReferencedLaunchPlan],
    refused: Refused,
) -> tuple[bytes, Plan, TaskError | None]:
    closure = compile_dynamic(job, parent=parent, node_id=node_id, launch_plans=launch_plans)
    return closure.SerializeToString(deterministic=True), make_plan(closure), refused(closure)
