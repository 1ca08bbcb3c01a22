"""Artifacts."""

from __future__ import annotations

from alula.sdk.absent import refuse_others
from alula.sdk.authoring.artifact import (
    Artifact,
    ArtifactIDSpecification,
    ArtifactQuery,
    Granularity,
    Inputs,
    InputsBase,
    TimePartition,
)

__all__ = [
    "Artifact",
    "ArtifactIDSpecification",
    "ArtifactQuery",
    "Granularity",
    "Inputs",
    "InputsBase",
    "TimePartition",
]

refuse_others(__name__)
