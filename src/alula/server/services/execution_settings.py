"""How a run is to be run: each setting from the first that says something, of the request, the launch plan and
the platform.

Labels, annotations and variables are replaced as a whole, not merged, as in Flyte; a project's labels are then
added where the run has none of the same key. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping

from flyteidl.admin import execution_pb2, launch_plan_pb2

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


def merge_settings(
    requested: execution_pb2.ExecutionSpec,
    plan: launch_plan_pb2.LaunchPlanSpec,
    *,
    project_labels: Mapping[str, str],
    max_parallelism: int,
) -> execution_pb2.ExecutionSpec:
    """The specification under which the run is kept. Tri-state settings stay unset where nobody sets them."""
    merged = execution_pb2.ExecutionSpec()
    merged.CopyFrom(requested)
    merged.ClearField("inputs")
    for name in _FIRST_WINS:
        if not _says(requested, name) and _says(plan, name):
            getattr(merged, name).CopyFrom(getattr(plan, name))
    merged.max_parallelism = requested.max_parallelism or plan.max_parallelism or max_parallelism
    merged.overwrite_cache = requested.overwrite_cache or plan.overwrite_cache
    if not requested.WhichOneof("notification_overrides") and plan.entity_metadata.notifications:
        merged.notifications.notifications.extend(plan.entity_metadata.notifications)
    for key, value in project_labels.items():
        if key not in merged.labels.values:
            merged.labels.values[key] = value
    return merged


def _says(spec: execution_pb2.ExecutionSpec | launch_plan_pb2.LaunchPlanSpec, name: str) -> bool:
    """Whether a setting is given; an empty message says nothing, but `interruptible: false` does."""
    return spec.HasField(name) and (name == "interruptible" or getattr(spec, name).ByteSize() > 0)
