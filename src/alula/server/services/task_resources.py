"""The settings of a project for the resources of its tasks, in plain numbers. Pure."""

from __future__ import annotations

from flyteidl.admin import matchable_resource_pb2
from flyteidl.core import tasks_pb2, workflow_pb2

from alula.core.errors import InvalidInput
from alula.core.policy.memory_growth import grown, growth_of
from alula.core.policy.resources import (
    NO_CEILING,
    NO_DEFAULTS,
    QUANTITIES,
    Amounts,
    ResourceCeiling,
    Resources,
    resolve_resources,
)
from alula.core.policy.target import with_overrides

_UNITS = {
    "cpu_millicores": "cpu (thousandths)",
    "memory_bytes": "memory (bytes)",
    "gpu": "gpu",
    "storage_bytes": "storage (bytes)",
    "ephemeral_storage_bytes": "ephemeral storage (bytes)",
}


def defaults_of(task_resources: bytes) -> Amounts:
    """The amounts for a task that gives none; `task_resources` is a serialized `admin.TaskResourceAttributes`."""
    if not task_resources:
        return NO_DEFAULTS
    return Amounts(**_said(matchable_resource_pb2.TaskResourceAttributes.FromString(task_resources).defaults))


def ceiling_of(task_resources: bytes) -> ResourceCeiling:
    """The most that a task may have."""
    if not task_resources:
        return NO_CEILING
    return ResourceCeiling(**_said(matchable_resource_pb2.TaskResourceAttributes.FromString(task_resources).limits))


def _said(spec: matchable_resource_pb2.TaskResourceSpec) -> dict[str, int]:
    """The quantities that are given, by field of `Amounts`."""
    given = {quantity: str(getattr(spec, quantity.word)) for quantity in QUANTITIES}
    return {quantity.field: quantity.unit(text) for quantity, text in given.items() if text}


def resources_of_attempt(
    task: tasks_pb2.TaskTemplate, task_resources: bytes, *, memory_growth: float, out_of_memory: int
) -> Resources:
    """The resources of an attempt of a task, with its overrides, after so many that ran out of memory."""
    ceiling = ceiling_of(task_resources)
    resources = resolve_resources(task, defaults=defaults_of(task_resources), ceiling=ceiling)
    growth = growth_of(task, memory_growth)
    return resources if growth is None else grown(resources, growth, out_of_memory, ceiling)


def check_resources(
    task: tasks_pb2.TaskTemplate,
    overrides: workflow_pb2.TaskNodeOverrides | None = None,
    *,
    task_resources: bytes,
) -> None:
    """Check that a task, at a node, asks for resources that it can get.

    Raises `InvalidInput` for a quantity that is none, a request over its own limit or over the project's.
    """
    asked = resolve_resources(with_overrides(task, overrides))
    what = f"task `{task.id.name}`" if task.id.name else "the change of the tasks"
    most = ceiling_of(task_resources)
    for quantity in QUANTITIES:
        amount = max(getattr(asked.requests, quantity.field), getattr(asked.limits, quantity.field))
        limit = getattr(most, quantity.field)
        if limit is not None and amount > limit:
            raise InvalidInput(
                "ResourcesOverLimit",
                f"{what} asks for {_UNITS[quantity.field]} {amount}, and the settings of its project allow {limit}",
                fix="ask for less, or raise the project's TASK_RESOURCE limits",
            )
