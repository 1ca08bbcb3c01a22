"""Artifacts that clients keep in datasets."""

from __future__ import annotations

from typing import Protocol

import msgspec

from alula.server.store.audits import Audit
from alula.server.store.datasets import DatasetId
from alula.server.store.listing import Listing, Position, text, time
from alula.server.store.query import Query


class ArtifactRecord(msgspec.Struct, frozen=True):
    """Named values that a client keeps under an id."""

    dataset: DatasetId
    id: str
    partitions: dict[str, str]
    metadata: dict[str, str]
    data: bytes
    """Serialized `datacatalog.Artifact` that has its data alone."""
    created_at: int
    tags: tuple[str, ...] = ()


class ArtifactQuery(msgspec.Struct, frozen=True):
    """A page of the artifacts of a dataset that have this id, this tag and these partitions, as far as given."""

    dataset: DatasetId
    limit: int = 1
    offset: int = 0
    id: str = ""
    tag: str = ""
    partitions: tuple[tuple[str, str], ...] = ()
    descending: bool = True
    """By the time of creation."""
    after: Position | None = None
    """Only artifacts that come after this one, in the order that is asked for."""

    @property
    def page(self) -> Query:
        """The page alone."""
        return Query(self.limit, self.offset, descending=self.descending, after=self.after)


ARTIFACTS: Listing[ArtifactRecord] = Listing(
    fields={"id": text("id"), "created_at": time("created_at")}, identity=("id",)
)
"""Of one dataset; sorted by the time of creation."""


class Artifacts(Protocol):
    async def create(self, artifact: ArtifactRecord, audit: Audit) -> bool:
        """Without its tags; False if it exists. The dataset is there."""
        ...

    async def update(self, artifact: ArtifactRecord, audit: Audit) -> bool:
        """Replace data and metadata; False if it does not exist."""
        ...

    async def tag(self, dataset: DatasetId, id: str, tag: str, audit: Audit) -> bool:
        """False if the dataset has an artifact of that tag. The artifact is there."""
        ...

    async def page(self, query: ArtifactQuery) -> list[ArtifactRecord]:
        """With their tags in order."""
        ...
