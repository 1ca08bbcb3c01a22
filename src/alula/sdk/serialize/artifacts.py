"""Artifacts in interfaces and launch plans, as messages."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from flyteidl.core.artifact_id_pb2 import (
    ArtifactID,
    ArtifactKey,
    InputBindingData,
    LabelValue,
    Partitions,
    RuntimeBinding,
    TimePartition,
)
from flyteidl.core.artifact_id_pb2 import ArtifactQuery as QueryMessage
from flyteidl.core.interface_pb2 import Parameter
from google.protobuf.timestamp_pb2 import Timestamp

from alula.sdk.authoring.artifact import (
    Artifact,
    ArtifactIDSpecification,
    ArtifactQuery,
    AtRuntime,
    Granularity,
    InputBinding,
    Label,
    Moment,
    artifact_of,
    bindings_of,
)
from alula.sdk.authoring.interface import InterfaceView
from alula.sdk.mistake import Location, mistake


def output_artifact(interface: InterfaceView, name: str) -> ArtifactID | None:
    """The artifact that an output is. Raises `InvalidInput` for partitions that nothing could give a value."""
    made = artifact_of(interface.outputs[name])
    if made is None:
        return None
    what = f"output `{name}` of {interface.kind} `{interface.name}`"
    for key, value in bindings_of(made.labels, made.moment):
        if isinstance(value, AtRuntime) and interface.kind == "workflow":
            raise mistake(
                "InvalidArtifact",
                f"{what}: partition `{key}` of artifact `{made.artifact.name}` has no value, and a workflow runs no"
                " code that could give it",
                at=interface.location,
                fix=f"write `{key}=` a text or `Inputs.NAME`, or make the artifact in a task",
            )
        _check_input(value, interface.inputs, f"{what}: partition `{key}`", at=interface.location)
    return partial_id(made)


def input_artifact(interface: InterfaceView, name: str) -> ArtifactID | None:
    """The artifact in the annotation of an input."""
    made = artifact_of(interface.inputs[name])
    return partial_id(made) if made is not None else None


def partial_id(made: ArtifactIDSpecification) -> ArtifactID:
    """An artifact with the partitions that its declaration says."""
    artifact = made.artifact
    return _id(artifact, artifact.project, artifact.domain, made.labels, made.moment)


def put_query(
    parameter: Parameter, default: Artifact | ArtifactQuery, inputs: Collection[str], *, at: Location
) -> None:
    """Let a parameter be by default what a query finds, or one artifact. Raises `InvalidInput` for a query that could
    find nothing."""
    if isinstance(default, Artifact) and default.version:
        parameter.artifact_id.CopyFrom(_version(default, at=at))
        return
    query = default.query() if isinstance(default, Artifact) else default
    missing = [key for key in query.artifact.partition_keys if key not in query.labels]
    if isinstance(default, Artifact) and (missing or (default.time_partitioned and query.moment is None)):
        unbound = ", ".join(f"`{key}`" for key in missing) or "time"
        raise mistake(
            "InvalidArtifact",
            f"artifact `{default.name}` is a default without values for its partitions: {unbound}",
            at=at,
            fix="write `.query(...)` with them",
        )
    for key, value in bindings_of(query.labels, query.moment):
        what = f"the query for artifact `{query.artifact.name}`: partition `{key}`"
        _check_input(value, inputs, what, at=at)
    labels: dict[str, Label] = dict(query.labels) or dict.fromkeys(missing, "")
    id = _id(query.artifact, query.project, query.domain, labels, query.moment)
    parameter.artifact_query.CopyFrom(QueryMessage(artifact_id=id))


def _version(artifact: Artifact, *, at: Location) -> ArtifactID:
    if not (artifact.project and artifact.domain):
        why = f"version `{artifact.version}` of artifact `{artifact.name}` is a default without project and domain"
        raise mistake("InvalidArtifact", why, at=at, fix="give the artifact `project=` and `domain=`")
    return _id(artifact, artifact.project, artifact.domain, artifact.labels, artifact.moment)


def _id(
    artifact: Artifact, project: str, domain: str, labels: Mapping[str, Label], moment: Moment | None
) -> ArtifactID:
    id = ArtifactID(
        artifact_key=ArtifactKey(project=project, domain=domain, name=artifact.name), version=artifact.version
    )
    if labels:
        id.partitions.CopyFrom(Partitions(value={key: label_value(value) for key, value in labels.items()}))
    if artifact.time_partitioned:
        id.time_partition.CopyFrom(time_partition(artifact, moment))
    return id


def time_partition(artifact: Artifact, moment: Moment | None) -> TimePartition:
    """The time of an artifact, open if it is not known."""
    value = label_value(moment) if moment is not None else None
    return TimePartition(value=value, granularity=int(artifact.granularity or Granularity.DAY))  # pyright: ignore[reportArgumentType]  # a number


def label_value(value: Label | Moment) -> LabelValue:
    """The value of a partition."""
    if isinstance(value, str):
        return LabelValue(static_value=value)
    if isinstance(value, datetime):
        moment = Timestamp()
        moment.FromDatetime(value)
        return LabelValue(time_value=moment)
    if isinstance(value, InputBinding):
        return LabelValue(input_binding=InputBindingData(var=value.var))
    return LabelValue(runtime_binding=RuntimeBinding())


def _check_input(value: InputBinding | AtRuntime, inputs: Collection[str], what: str, *, at: Location) -> None:
    if isinstance(value, InputBinding) and value.var not in inputs:
        known = ", ".join(f"`{each}`" for each in inputs) or "none"
        why = f"{what} is the value of input `{value.var}`, which is not there"
        raise mistake("InvalidArtifact", why, at=at, fix=f"the inputs are: {known}")
