"""What a connector is told of an attempt. Pure."""

from __future__ import annotations

from flyteidl.admin import agent_pb2
from flyteidl.core import identifier_pb2, literals_pb2, tasks_pb2

from alula.core.errors import InvalidInput
from alula.core.policy.resources import Amounts
from alula.core.policy.template import render_all
from alula.server.executor import AttemptSpec
from alula.server.executors.checking import check_variables
from alula.server.executors.command import template_values

_Names = tasks_pb2.Resources


def request_of(spec: AttemptSpec) -> agent_pb2.CreateTaskRequest:
    """Raises `InvalidInput` for an attempt that can't be a job."""
    check_variables(spec.environment)
    return agent_pb2.CreateTaskRequest(
        inputs=literals_pb2.LiteralMap.FromString(spec.inputs),
        template=_rendered(spec),
        output_prefix=spec.output_prefix,
        task_execution_metadata=_metadata(spec),
    )


def _rendered(spec: AttemptSpec) -> tasks_pb2.TaskTemplate:
    """The task with the variables of its command filled in."""
    task = spec.task
    if task.WhichOneof("target") != "container":
        return task
    rendered = tasks_pb2.TaskTemplate()
    rendered.CopyFrom(task)
    container = rendered.container
    values = template_values(spec, [*container.command, *container.args])
    container.command[:] = render_all(container.command, values)
    container.args[:] = render_all(container.args, values)
    return rendered


def _metadata(spec: AttemptSpec) -> agent_pb2.TaskExecutionMetadata:
    metadata = agent_pb2.TaskExecutionMetadata(
        task_execution_id=_id(spec),
        namespace=f"{spec.id.execution.project}-{spec.id.execution.domain}",
        labels=spec.labels,
        annotations=spec.annotations,
        k8s_service_account=spec.run_as.service_account,
        environment_variables=spec.environment,
        max_attempts=spec.task.metadata.retries.retries + 1,
        interruptible=spec.interruptible,
    )
    metadata.identity.iam_role = spec.run_as.iam_role
    metadata.identity.k8s_service_account = spec.run_as.service_account
    resources = metadata.overrides.resources
    resources.requests.extend(_entries(spec.resources.requests))
    resources.limits.extend(_entries(spec.resources.limits))
    return metadata


def _id(spec: AttemptSpec) -> identifier_pb2.TaskExecutionIdentifier:
    """The attempt as clients know it. The same however often it is asked for."""
    of = spec.id.execution
    id = identifier_pb2.TaskExecutionIdentifier(task_id=spec.task.id, retry_attempt=spec.id.attempt)
    id.node_execution_id.node_id = spec.id.node_id if spec.id.index < 0 else f"{spec.id.node_id}-n{spec.id.index}"
    execution = id.node_execution_id.execution_id
    execution.project, execution.domain, execution.name = of.project, of.domain, of.name
    return id


def _entries(amounts: Amounts) -> list[tasks_pb2.Resources.ResourceEntry]:
    found = {
        _Names.CPU: (amounts.cpu_millicores, "m"),
        _Names.MEMORY: (amounts.memory_bytes, ""),
        _Names.GPU: (amounts.gpu, ""),
        _Names.EPHEMERAL_STORAGE: (amounts.ephemeral_storage_bytes, ""),
    }
    if min(amount for amount, _ in found.values()) < 0:
        raise InvalidInput("InvalidResources", "a job can't ask for less than nothing", fix="ask for 0 or more")
    return [
        _Names.ResourceEntry(name=name, value=f"{amount}{unit}") for name, (amount, unit) in found.items() if amount
    ]
