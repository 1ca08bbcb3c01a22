"""The workflow that a dynamic task made while it ran.

A dynamic task leaves a `DynamicJobSpec` instead of outputs. It is compiled like any workflow, so that a mistake in
it is found before its first node runs; its outputs must be those of the task.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from flyteidl.core import compiler_pb2, dynamic_job_pb2, identifier_pb2, tasks_pb2, workflow_pb2

from alula.core.compiler.entities import LaunchPlan
from alula.core.compiler.errors import CompileError, CompileErrors
from alula.core.compiler.task import compile_task
from alula.core.compiler.workflow import compile_workflow

BUILD_FAILED = "DynamicWorkflowBuildFailed"
"""Code of the user's error that a dynamic node fails with when this raises `CompileErrors`."""


def compile_dynamic(
    job: dynamic_job_pb2.DynamicJobSpec,
    *,
    parent: tasks_pb2.TaskTemplate,
    node_id: str,
    launch_plans: Iterable[LaunchPlan] = (),
) -> compiler_pb2.CompiledWorkflowClosure:
    """The closure of the workflow that a dynamic task asked for.

    Args:
        job: what the task left in `futures.pb`; brings its own tasks and sub-workflows.
        parent: the dynamic task, whose interface the new workflow has.
        node_id: the dynamic node; the workflow is named `dynamic_<node id>`.
        launch_plans: those that its nodes refer to.

    Raises:
        CompileErrors: everything that is wrong with it or with its tasks, which nobody registers.
    """
    identifier = identifier_pb2.Identifier()
    identifier.CopyFrom(parent.id)
    identifier.resource_type = identifier_pb2.WORKFLOW
    identifier.name = f"dynamic_{node_id}"
    template = workflow_pb2.WorkflowTemplate(
        id=identifier,
        metadata=workflow_pb2.WorkflowMetadata(),
        metadata_defaults=workflow_pb2.WorkflowMetadataDefaults(interruptible=parent.metadata.interruptible),
        interface=parent.interface,
        nodes=job.nodes,
        outputs=job.outputs,
    )
    wrong = [error for task in job.tasks for error in _errors_of(task)]
    try:
        closure = compile_workflow(template, job.subworkflows, job.tasks, launch_plans)
    except CompileErrors as errors:
        raise CompileErrors(identifier.name, [*errors.errors, *wrong]) from errors
    if wrong:
        raise CompileErrors(identifier.name, wrong)
    return closure


def _errors_of(task: tasks_pb2.TaskTemplate) -> Iterable[CompileError]:
    try:
        compile_task(task)
    except CompileErrors as errors:
        named = f"task `{task.id.name}`: "
        return [msgspec.structs.replace(one, message=named + one.message) for one in errors.errors]
    return ()
