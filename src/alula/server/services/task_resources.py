"""What the settings of a project say of the resources of its tasks, in plain numbers. Pure."""

from __future__ import annotations

from flyteidl.admin import matchable_resource_pb2
from flyteidl.core import tasks_pb2, workflow_pb2

from alula.core.errors import InvalidInput
from alula.core.policy.resources import (
    NO_CEILING,
    NO_DEFAULTS,
    ResourceCeiling,
    ResourceDefaults,
    cpu_millicores,
    memory_bytes,
    parse_quantity,
    resolve_resources,
)
from alula.core.policy.target import with_overrides


def defaults_of(task_resources: bytes) -> ResourceDefaults:
    """What a task gets that does not say; `task_resources` is a serialized `admin.TaskResourceAttributes`."""
    if not task_resources:
        return NO_DEFAULTS
    given = matchable_resource_pb2.TaskResourceAttributes.FromString(task_resources).defaults
    return ResourceDefaults(
        cpu_millicores=cpu_millicores(given.cpu or "0"),
        memory_bytes=memory_bytes(given.memory or "0"),
        gpu=int(parse_quantity(given.gpu or "0")),
    )


def ceiling_of(task_resources: bytes) -> ResourceCeiling:
    """What a task has at most."""
    if not task_resources:
        return NO_CEILING
    given = matchable_resource_pb2.TaskResourceAttributes.FromString(task_resources).limits
    return ResourceCeiling(
        cpu_millicores=cpu_millicores(given.cpu) if given.cpu else None,
        memory_bytes=memory_bytes(given.memory) if given.memory else None,
        gpu=int(parse_quantity(given.gpu)) if given.gpu else None,
    )


def check_resources(
    task: tasks_pb2.TaskTemplate,
    overrides: workflow_pb2.TaskNodeOverrides | None = None,
    *,
    task_resources: bytes,
) -> None:
    """That a task, at a node, asks for what it can get.

    Raises `InvalidInput` for a quantity that is none, a request over its own limit or over the project's.
    """
    asked = resolve_resources(with_overrides(task, overrides))
    what = f"task `{task.id.name}`" if task.id.name else "the change of the tasks"
    most = ceiling_of(task_resources)
    for word, amount, limit in (
        ("cpu (thousandths)", asked.cpu_millicores, most.cpu_millicores),
        ("memory (bytes)", max(asked.memory_bytes, asked.memory_limit_bytes), most.memory_bytes),
        ("gpu", asked.gpu, most.gpu),
    ):
        if limit is not None and amount > limit:
            raise InvalidInput(
                "ResourcesOverLimit",
                f"{what} asks for {word} {amount}, and the settings of its project allow {limit}",
                fix="ask for less, or raise the project's TASK_RESOURCE limits",
            )
