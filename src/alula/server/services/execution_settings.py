"""The settings of a run: each from the first source that gives it, of the request, the launch plan, the settings of its
workflow, domain and project, and the platform.

Labels, annotations and variables are replaced as a whole, not merged, as in Flyte; a project's labels are then
added where the run has none of the same key. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias, cast

from flyteidl.admin import execution_pb2, launch_plan_pb2, matchable_resource_pb2

_FIRST_WINS = (
    "labels",
    "annotations",
    "security_context",
    "raw_output_data_config",
    "interruptible",
    "envs",
    "quality_of_service",
    "cluster_assignment",
)
_Source: TypeAlias = (
    execution_pb2.ExecutionSpec | launch_plan_pb2.LaunchPlanSpec | matchable_resource_pb2.WorkflowExecutionConfig
)


def merge_settings(
    requested: execution_pb2.ExecutionSpec,
    plan: launch_plan_pb2.LaunchPlanSpec,
    configs: Sequence[matchable_resource_pb2.WorkflowExecutionConfig] = (),
    *,
    project_labels: Mapping[str, str],
    max_parallelism: int,
) -> execution_pb2.ExecutionSpec:
    """The specification under which the run is kept. Tri-state settings stay unset where nobody sets them."""
    merged = execution_pb2.ExecutionSpec()
    merged.CopyFrom(requested)
    merged.ClearField("inputs")
    sources: tuple[_Source, ...] = (requested, plan, *configs)
    for name in _FIRST_WINS:
        first = next((source for source in sources if _says(source, name)), None)
        if first is not None:
            getattr(merged, name).CopyFrom(getattr(first, name))
    merged.max_parallelism = next((s.max_parallelism for s in sources if s.max_parallelism), max_parallelism)
    merged.overwrite_cache = any(source.overwrite_cache for source in sources)
    if not requested.WhichOneof("notification_overrides") and plan.entity_metadata.notifications:
        merged.notifications.notifications.extend(plan.entity_metadata.notifications)
    for key, value in project_labels.items():
        if key not in merged.labels.values:
            merged.labels.values[key] = value
    return merged


def _says(source: _Source, name: str) -> bool:
    """True if a setting is given; an empty message gives nothing, but `interruptible: false` does."""
    if name not in source.DESCRIPTOR.fields_by_name:
        return False
    spec = cast(execution_pb2.ExecutionSpec, source)  # the one that has all of these fields
    return spec.HasField(name) and (name == "interruptible" or getattr(spec, name).ByteSize() > 0)
