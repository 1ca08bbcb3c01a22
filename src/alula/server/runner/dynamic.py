"""What a dynamic task asked for: compiled, kept as an object, and planned before the engine hears of it.

The log names the object only, so it stays small however large the graph is; whoever folds the log reads it again.
"""

from __future__ import annotations

import asyncio

from flyteidl.core import dynamic_job_pb2, tasks_pb2, workflow_pb2
from google.protobuf.message import DecodeError

from alula.core.compiler import ReferencedLaunchPlan
from alula.core.compiler.dynamic import BUILD_FAILED, compile_dynamic
from alula.core.compiler.references import referenced
from alula.core.engine.plan import Plan, make_plan
from alula.core.errors import InvalidInput, TaskError
from alula.server.blob import Blobs
from alula.server.runner.definitions import Definitions

COMPILED = "futures_compiled.pb"


async def keep_graph(
    futures: bytes,
    *,
    parent: tasks_pb2.TaskTemplate,
    node_id: str,
    prefix: str,
    blobs: Blobs,
    definitions: Definitions,
) -> tuple[str, Plan] | TaskError:
    """Compile `futures.pb` and keep the closure under the attempt's output prefix.

    Returns its URI and plan, or the error of the user whose graph does not compile.
    """
    try:
        job = dynamic_job_pb2.DynamicJobSpec.FromString(futures)
        plans = await _launch_plans(job, definitions)
        closure, plan = await asyncio.to_thread(_compile, job, parent, node_id, plans)
    except (InvalidInput, DecodeError) as error:
        return TaskError(BUILD_FAILED, f"the graph that the task made can't be run: {error}")
    uri = f"{prefix}/{COMPILED}"
    await blobs.put(uri, closure)
    return uri, plan


async def _launch_plans(job: dynamic_job_pb2.DynamicJobSpec, definitions: Definitions) -> list[ReferencedLaunchPlan]:
    """Those that its nodes name and that are registered: what is missing is the compiler's to report."""
    templates = (workflow_pb2.WorkflowTemplate(nodes=job.nodes), *job.subworkflows)
    plans = [await definitions.launch_plan(id) for id in referenced(templates).launch_plans]
    return [plan for plan in plans if plan is not None]


def _compile(
    job: dynamic_job_pb2.DynamicJobSpec,
    parent: tasks_pb2.TaskTemplate,
    node_id: str,
    launch_plans: list[ReferencedLaunchPlan],
) -> tuple[bytes, Plan]:
    closure = compile_dynamic(job, parent=parent, node_id=node_id, launch_plans=launch_plans)
    return closure.SerializeToString(deterministic=True), make_plan(closure)
