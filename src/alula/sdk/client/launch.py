"""Starting a run of something that is registered."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from flyteidl.admin import common_pb2, execution_pb2
from flyteidl.core import execution_pb2 as core_execution_pb2
from flyteidl.core import identifier_pb2, literals_pb2
from google.protobuf import wrappers_pb2

from alula.core.ids import ExecutionId
from alula.sdk.client.connection import Connection
from alula.sdk.client.rpcs import CREATE_EXECUTION
from alula.sdk.client.run_view import from_execution_id

LAUNCHED_BY = "eager-exec"
"""The label with the name of the run whose eager task has launched a run, as flytekit sets it."""


class LaunchSettings(msgspec.Struct, frozen=True):
    """The settings in which a run differs from its launch plan."""

    name: str = ""
    """Empty: the platform makes one."""
    overwrite_cache: bool = False
    interruptible: bool | None = None
    max_parallelism: int = 0
    """Attempts at once; 0 leaves it to launch plan and platform."""
    quality_of_service: str = ""
    """`high`, `medium` or `low`; empty leaves it to launch plan, workflow and platform."""
    environment: Mapping[str, str] = {}
    labels: Mapping[str, str] = {}


def launch(
    connection: Connection,
    entity: identifier_pb2.Identifier,
    inputs: literals_pb2.LiteralMap,
    *,
    project: str,
    domain: str,
    settings: LaunchSettings,
) -> ExecutionId:
    """Start a run of a launch plan or task. Raises `AlreadyExists` when a run has the name."""
    spec = execution_pb2.ExecutionSpec(
        launch_plan=entity,
        metadata=execution_pb2.ExecutionMetadata(mode=execution_pb2.ExecutionMetadata.MANUAL),
        overwrite_cache=settings.overwrite_cache,
        max_parallelism=settings.max_parallelism,
    )
    if settings.interruptible is not None:
        spec.interruptible.CopyFrom(wrappers_pb2.BoolValue(value=settings.interruptible))
    if settings.quality_of_service:
        quality = core_execution_pb2.QualityOfService(tier=settings.quality_of_service.upper())
        spec.quality_of_service.CopyFrom(quality)
    if settings.environment:
        spec.envs.values.extend(
            literals_pb2.KeyValuePair(key=key, value=value) for key, value in settings.environment.items()
        )
    if settings.labels:
        spec.labels.CopyFrom(common_pb2.Labels(values=dict(settings.labels)))
    request = execution_pb2.ExecutionCreateRequest(
        project=project, domain=domain, name=settings.name, spec=spec, inputs=inputs
    )
    return from_execution_id(connection.call(CREATE_EXECUTION, request).id)
