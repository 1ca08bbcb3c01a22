"""The engine's cache entries as the catalog's clients see them: artifacts and keys that can only be read."""

from __future__ import annotations

import re
from functools import partial

import msgspec
from flyteidl.core import literals_pb2
from flyteidl.datacatalog import datacatalog_pb2

from alula.core.engine.records import CacheEntry
from alula.core.errors import FailedPrecondition
from alula.core.ids import Place
from alula.core.policy.cache_key import CacheKey
from alula.core.policy.task_datasets import TaskDataset
from alula.server.services import pages
from alula.server.services.messages.times import timestamp
from alula.server.services.platform import Platform
from alula.server.store.catalog import CATALOG
from alula.server.store.datasets import DatasetId
from alula.server.store.query import Filter, Query

TAG_PREFIX = "alula_cached-"
_KEY = re.compile(r"(?P<project>[^:]+):(?P<domain>[^:]+):(?P<digest>[0-9a-f]{64})")


def refuse_change(thing: str) -> FailedPrecondition:
    """The error for a client that would change an entry that only the engine writes."""
    return FailedPrecondition(
        "KeptByEngine",
        f"{thing} is the engine's: clients read it and can't change it",
        fix="choose another name, or forget the result with `alula cache evict`",
    )


def key_of(key: str) -> CacheKey | None:
    """The entry that a key of CacheService, `project:domain:digest`, names; None for a client's own key."""
    match = _KEY.fullmatch(key)
    return None if match is None else _key(match["project"], match["domain"], match["digest"])


def place_of(key: str) -> Place:
    """The project and domain that a key of CacheService belongs to; a client's own keys are the whole platform's."""
    of_engine = key_of(key)
    return Place() if of_engine is None else Place(of_engine.project, of_engine.domain)


async def artifact(platform: Platform, dataset: DatasetId, id: str) -> datacatalog_pb2.Artifact | None:
    """The entry of this digest or tag, if it is one of this dataset."""
    digest = id.removeprefix(TAG_PREFIX)
    entry = await platform.store.catalog.get(_key(dataset.project, dataset.domain, digest))
    return None if entry is None or dataset_of(entry.key) != dataset else _artifact(entry)


async def artifacts(platform: Platform, dataset: DatasetId, page: Query) -> tuple[list[datacatalog_pb2.Artifact], str]:
    """The artifacts of a dataset on this page, and the token of the next."""
    filters = _filters(dataset)
    if filters is None:
        return [], ""
    query = msgspec.structs.replace(page, filters=filters)
    return await pages.read(query, CATALOG, partial(platform.store.catalog.page, with_outputs=True), _artifact)


def _filters(dataset: DatasetId) -> tuple[Filter, ...] | None:
    """The filters for the entries of a dataset; None if it can't have any."""
    fields = TaskDataset(dataset.name, dataset.version).fields()
    if fields is None:
        return None
    given = {"project": dataset.project, "domain": dataset.domain, **fields}
    return tuple(Filter(field, "eq", (value,)) for field, value in given.items())


def _key(project: str, domain: str, digest: str) -> CacheKey:
    return CacheKey(project, domain, task="", cache_version="", interface="", inputs={}, digest=digest)


def dataset_of(key: CacheKey) -> DatasetId:
    """The dataset whose artifact the entry is."""
    return DatasetId(key.project, key.domain, *TaskDataset.of(key))


def _artifact(entry: CacheEntry) -> datacatalog_pb2.Artifact:
    project, domain, name, version = dataset_of(entry.key)
    dataset = datacatalog_pb2.DatasetID(project=project, domain=domain, name=name, version=version)
    outputs = literals_pb2.LiteralMap.FromString(entry.outputs).literals
    digest = entry.key.digest
    tag = datacatalog_pb2.Tag(name=f"{TAG_PREFIX}{digest}", artifact_id=digest, dataset=dataset)
    return datacatalog_pb2.Artifact(
        id=digest,
        dataset=dataset,
        data=[datacatalog_pb2.ArtifactData(name=name, value=outputs[name]) for name in sorted(outputs)],
        metadata=datacatalog_pb2.Metadata(key_map={"source": entry.source}),
        tags=[tag],
        created_at=timestamp(entry.created_at),
    )
