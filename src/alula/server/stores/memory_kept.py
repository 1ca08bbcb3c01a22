"""What clients keep in the catalog themselves, in memory: datasets, artifacts, outputs, reservations."""

from __future__ import annotations

from operator import attrgetter

import msgspec

from alula.core.engine.records import CacheEntry
from alula.core.policy.task_datasets import TaskDataset, is_listed
from alula.server.store import ArtifactQuery, ArtifactRecord, Audit, DatasetId, DatasetRecord, Hold, KeptOutput, Query
from alula.server.stores import fields
from alula.server.stores import memory_lists as lists


class MemoryKept:
    """A part of the memory store."""

    def __init__(self, audits: list[Audit]) -> None:
        self._audits = audits
        self._datasets: dict[DatasetId, DatasetRecord] = {}
        self._artifacts: dict[tuple[DatasetId, str], ArtifactRecord] = {}
        self._outputs: dict[str, KeptOutput] = {}
        self._holds: dict[str, Hold] = {}

    async def create_dataset(self, dataset: DatasetRecord, audit: Audit) -> bool:
        if dataset.id in self._datasets:
            return False
        self._datasets[dataset.id] = dataset
        self._audits.append(audit)
        return True

    def _keep_dataset(self, entry: CacheEntry) -> None:
        id = DatasetId(entry.key.project, entry.key.domain, *TaskDataset.of(entry.key))
        if is_listed(entry.key) and id not in self._datasets:
            self._datasets[id] = DatasetRecord(id, "", (), {}, entry.created_at)

    async def datasets(self, query: Query) -> list[DatasetRecord]:
        page = fields.check(query, fields.DATASETS)
        return lists.page_of(self._datasets.values(), page, lists.DATASET, attrgetter("id"))

    async def create_artifact(self, artifact: ArtifactRecord, audit: Audit) -> bool:
        if (artifact.dataset, artifact.id) in self._artifacts:
            return False
        self._artifacts[artifact.dataset, artifact.id] = artifact
        self._audits.append(audit)
        return True

    async def update_artifact(self, artifact: ArtifactRecord, audit: Audit) -> bool:
        before = self._artifacts.get((artifact.dataset, artifact.id))
        if before is None:
            return False
        after = msgspec.structs.replace(before, data=artifact.data, metadata=artifact.metadata)
        self._artifacts[artifact.dataset, artifact.id] = after
        self._audits.append(audit)
        return True

    async def tag_artifact(self, dataset: DatasetId, id: str, tag: str, audit: Audit) -> bool:
        if await self.artifacts(ArtifactQuery(dataset, tag=tag)):
            return False
        before = self._artifacts[dataset, id]
        self._artifacts[dataset, id] = msgspec.structs.replace(before, tags=tuple(sorted((*before.tags, tag))))
        self._audits.append(audit)
        return True

    async def artifacts(self, query: ArtifactQuery) -> list[ArtifactRecord]:
        found = [artifact for artifact in self._artifacts.values() if _is_meant(artifact, query)]
        found.sort(key=attrgetter("id"))
        found.sort(key=attrgetter("created_at"), reverse=query.descending)
        return found[query.offset : query.offset + query.limit]

    async def kept_output(self, key: str) -> KeptOutput | None:
        return self._outputs.get(key)

    async def keep_output(self, kept: KeptOutput, audit: Audit, *, overwrite: bool) -> bool:
        before = self._outputs.get(kept.key)
        if before is not None and not overwrite:
            return False
        created_at = kept.created_at if before is None else before.created_at
        self._outputs[kept.key] = msgspec.structs.replace(kept, created_at=created_at)
        self._audits.append(audit)
        return True

    async def drop_output(self, key: str, audit: Audit) -> bool:
        if self._outputs.pop(key, None) is None:
            return False
        self._audits.append(audit)
        return True

    async def hold(self, wanted: Hold, audit: Audit, *, now: int) -> Hold:
        before = self._holds.get(wanted.name)
        if before is not None and before.owner != wanted.owner and before.expires_at > now:
            return before
        self._holds[wanted.name] = wanted
        if before is None or before.owner != wanted.owner:
            self._audits.append(audit)
        return wanted

    async def let_go(self, name: str, owner: str, audit: Audit) -> None:
        before = self._holds.get(name)
        if before is not None and before.owner == owner:
            del self._holds[name]
            self._audits.append(audit)


def _is_meant(artifact: ArtifactRecord, query: ArtifactQuery) -> bool:
    return (
        artifact.dataset == query.dataset
        and query.id in ("", artifact.id)
        and (not query.tag or query.tag in artifact.tags)
        and all(artifact.partitions.get(key) == value for key, value in query.partitions)
    )
