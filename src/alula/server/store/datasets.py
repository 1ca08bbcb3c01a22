"""Datasets: artifacts of one kind."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import msgspec

from alula.core.ids import Place
from alula.server.store.audits import Audit
from alula.server.store.listing import Listing, text, time
from alula.server.store.query import Query


class DatasetId(NamedTuple):
    project: str
    domain: str
    name: str
    version: str

    @property
    def place(self) -> Place:
        return Place(self.project, self.domain)

    def __str__(self) -> str:
        return f"{self.project}/{self.domain}/{self.name}@{self.version}"


class DatasetRecord(msgspec.Struct, frozen=True):
    """Artifacts of one kind.

    A client makes it, or the first cache entry of its task, as `core.policy.task_datasets` has it; that has no UUID,
    and stays when its entries are evicted.
    """

    id: DatasetId
    uuid: str
    partition_keys: tuple[str, ...]
    metadata: dict[str, str]
    created_at: int


DATASETS: Listing[DatasetRecord] = Listing(
    fields={
        "project": text("id.project"),
        "domain": text("id.domain"),
        "name": text("id.name"),
        "version": text("id.version"),
        "created_at": time("created_at"),
    },
    identity=("project", "domain", "name", "version"),
)


class Datasets(Protocol):
    async def create(self, dataset: DatasetRecord, audit: Audit) -> bool:
        """False if it exists."""
        ...

    async def page(self, query: Query) -> list[DatasetRecord]: ...
