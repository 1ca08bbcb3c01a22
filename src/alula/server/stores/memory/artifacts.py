"""Artifacts that clients keep in datasets."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from alula.server.store.artifacts import ARTIFACTS, ArtifactQuery, ArtifactRecord
from alula.server.store.audits import Audit
from alula.server.store.datasets import DatasetId
from alula.server.stores.checking import check
from alula.server.stores.memory import lists
from alula.server.stores.memory.audits import Audits


class Artifacts:
    def __init__(self, audits: Audits) -> None:
        self._audits = audits
        self._rows: dict[tuple[DatasetId, str], ArtifactRecord] = {}

    async def create(self, artifact: ArtifactRecord, audit: Audit) -> bool:
        if (artifact.dataset, artifact.id) in self._rows:
            return False
        self._rows[artifact.dataset, artifact.id] = artifact
        self._audits.append(audit)
        return True

    async def update(self, artifact: ArtifactRecord, audit: Audit) -> bool:
        before = self._rows.get((artifact.dataset, artifact.id))
        if before is None:
            return False
        after = msgspec.structs.replace(before, data=artifact.data, metadata=artifact.metadata)
        self._rows[artifact.dataset, artifact.id] = after
        self._audits.append(audit)
        return True

    async def tag(self, dataset: DatasetId, id: str, tag: str, audit: Audit) -> bool:
        if await self.page(ArtifactQuery(dataset, tag=tag)):
            return False
        before = self._rows[dataset, id]
        self._rows[dataset, id] = msgspec.structs.replace(before, tags=tuple(sorted((*before.tags, tag))))
        self._audits.append(audit)
        return True

    async def page(self, query: ArtifactQuery) -> list[ArtifactRecord]:
        found = [artifact for artifact in self._rows.values() if _is_meant(artifact, query)]
        return lists.page_of(found, check(query.page, ARTIFACTS), ARTIFACTS)

    def values(self) -> Iterator[bytes]:
        """Everything in it that may name objects."""
        return (artifact.data for artifact in self._rows.values())


def _is_meant(artifact: ArtifactRecord, query: ArtifactQuery) -> bool:
    return (
        artifact.dataset == query.dataset
        and query.id in ("", artifact.id)
        and (not query.tag or query.tag in artifact.tags)
        and all(artifact.partitions.get(key) == value for key, value in query.partitions)
    )
