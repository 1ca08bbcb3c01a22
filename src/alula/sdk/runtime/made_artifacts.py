"""Partitions that a task says by `Artifact.create_from`: with the literal of the output, as flytekit leaves them."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from flyteidl.core.artifact_id_pb2 import ArtifactID, Partitions
from flyteidl.core.literals_pb2 import LiteralMap

from alula.sdk.authoring.artifact import Artifact, artifact_of
from alula.sdk.serialize.artifacts import label_value, time_partition
from alula.sdk.task_context.flyte_context import FlyteContext
from alula.sdk.task_context.made_artifact import MadeArtifact

PARTITIONS = "_uap"
"""The key in the metadata of a literal under which flytekit has the partitions."""


def put_partitions(
    types: Mapping[str, object], values: Mapping[str, object], made: Sequence[MadeArtifact], outputs: LiteralMap
) -> None:
    """Put what was said of a value beside the literal of each output that is this value and of this artifact."""
    for name, value in values.items():
        declared = artifact_of(types[name])
        if declared is None:
            continue
        said = [each for each in made if each.value is value and each.artifact is declared.artifact]
        if said:
            outputs.literals[name].metadata.update(_metadata(said[-1], declared.artifact, name))


def _metadata(made: MadeArtifact, artifact: Artifact, name: str) -> dict[str, str]:
    cards: Sequence[Any] = made.cards  # `Any`: objects with flytekit's method, not of a class
    metadata = dict(card.serialize_to_string(FlyteContext.current_context(), name) for card in cards)
    if made.labels or made.moment is not None:
        id = ArtifactID()
        if made.labels:
            id.partitions.CopyFrom(Partitions(value={key: label_value(value) for key, value in made.labels.items()}))
        if made.moment is not None:
            id.time_partition.CopyFrom(time_partition(artifact, made.moment))
        metadata[PARTITIONS] = base64.b64encode(id.SerializeToString(deterministic=True)).decode()
    return metadata
