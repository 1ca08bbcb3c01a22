"""A value that a running task calls an artifact, by `Artifact.create_from`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime


class MadeArtifact(NamedTuple):
    """The value, its artifact and the values of its partitions."""

    artifact: object
    value: object
    moment: datetime | None
    labels: Mapping[str, str]
    cards: Sequence[object]
    """What else is kept with it, each with flytekit's `serialize_to_string`."""
