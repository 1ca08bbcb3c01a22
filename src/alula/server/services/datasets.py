"""DataCatalog: datasets and artifacts that clients keep, and those of the engine's cache entries."""

from __future__ import annotations

import msgspec
from flyteidl.datacatalog import datacatalog_pb2

from alula.core.errors import AlreadyExists, InvalidInput, NotFound
from alula.core.policy.registration import check_size
from alula.core.policy.task_datasets import is_of_task
from alula.server.access import Action
from alula.server.identity import Caller
from alula.server.services import engine_entries, filters, pages
from alula.server.services.messages.times import timestamp
from alula.server.services.platform import Platform
from alula.server.services.projects import require_place
from alula.server.services.reservations import require_text
from alula.server.services.tokens import go_on
from alula.server.store.artifacts import ARTIFACTS, ArtifactQuery, ArtifactRecord
from alula.server.store.audits import Audit
from alula.server.store.datasets import DATASETS, DatasetId, DatasetRecord
from alula.server.store.query import Filter, Query

DATASET_MAX_BYTES = 128 * 1024
ARTIFACT_MAX_BYTES = 256 * 1024
PAGE_ROWS = 50
PAGE_MAX_ROWS = 100


async def create_dataset(platform: Platform, caller: Caller, given: datacatalog_pb2.Dataset) -> None:
    """Raises `AlreadyExists`."""
    id = dataset_id(given.id)
    await require_place(platform, caller, id.project, id.domain, Action.CACHE)
    _refuse_engines(id)
    check_size(given, f"dataset `{id}`", DATASET_MAX_BYTES)
    keys = tuple(require_text(key, "partition key") for key in given.partitionKeys)
    if len(set(keys)) != len(keys):
        raise InvalidInput("BadPartitions", f"dataset `{id}` names a partition key twice")
    record = DatasetRecord(
        id=id,
        uuid=(given.id.UUID and require_text(given.id.UUID, "UUID")) or platform.random_bytes(16).hex(),
        partition_keys=keys,
        metadata=dict(given.metadata.key_map),
        created_at=platform.clock(),
    )
    if not await platform.store.datasets.create(record, _audit(platform, caller, "create", id)):
        raise AlreadyExists("DatasetExists", f"dataset `{id}` exists")


async def get_dataset(platform: Platform, caller: Caller, id: DatasetId) -> datacatalog_pb2.Dataset:
    """Raises `NotFound`."""
    await platform.require(caller, id.place, Action.VIEW)
    return _dataset(await _existing(platform, id))


async def list_datasets(
    platform: Platform, caller: Caller, request: datacatalog_pb2.ListDatasetsRequest
) -> datacatalog_pb2.ListDatasetsResponse:
    """A page of the datasets that `caller` may view, those of cache entries among them.

    Raises `InvalidInput` for a filter that is not on datasets.
    """
    places = await platform.viewable(caller)
    filters.require_few(len(request.filter.filters))
    chosen = tuple(_dataset_filter(each) for each in request.filter.filters)
    page = msgspec.structs.replace(
        _page(request.pagination), filters=tuple(each for each in chosen if each is not None), places=places
    )
    shown, token = await pages.read(page, DATASETS, platform.store.datasets.page, _dataset)
    return datacatalog_pb2.ListDatasetsResponse(datasets=shown, next_token=token)


async def create_artifact(platform: Platform, caller: Caller, given: datacatalog_pb2.Artifact) -> None:
    """Raises `NotFound` for the dataset, `AlreadyExists`, and `InvalidInput` for partitions other than its own."""
    id = await _id(platform, caller, given.dataset, Action.CACHE)
    _refuse_engines(id)
    dataset = await _existing(platform, id)
    require_text(given.id, "artifact id")
    if given.tags:
        raise InvalidInput("TagsNotSettable", "an artifact is made without tags", fix="add them with AddTag")
    partitions = {part.key: require_text(part.value, "partition value") for part in given.partitions}
    if len(partitions) != len(given.partitions) or partitions.keys() != set(dataset.partition_keys):
        wanted = ", ".join(dataset.partition_keys) or "none"
        raise InvalidInput("BadPartitions", f"artifact `{given.id}` needs each partition key of `{id}` once: {wanted}")
    record = ArtifactRecord(
        dataset=id,
        id=given.id,
        partitions=partitions,
        metadata=dict(given.metadata.key_map),
        data=_checked_data(given),
        created_at=platform.clock(),
    )
    audit = _audit(platform, caller, "create", id, given.id)
    if not await platform.store.artifacts.create(record, audit):
        raise AlreadyExists("ArtifactExists", f"dataset `{id}` has an artifact `{given.id}`")


async def get_artifact(
    platform: Platform, caller: Caller, request: datacatalog_pb2.GetArtifactRequest
) -> datacatalog_pb2.Artifact:
    """An artifact, by its id or a tag. Raises `NotFound`."""
    id = await _id(platform, caller, request.dataset, Action.VIEW)
    if is_of_task(id.name):
        found = await engine_entries.artifact(platform, id, request.artifact_id or request.tag_name)
        if found is None:
            raise _no_artifact(id, request.artifact_id or request.tag_name)
        return found
    return _artifact(await _the_artifact(platform, id, request.artifact_id, request.tag_name))


async def update_artifact(platform: Platform, caller: Caller, request: datacatalog_pb2.UpdateArtifactRequest) -> str:
    """Replace an artifact's data, and its metadata where it is given; its id. Raises `NotFound`."""
    id = await _id(platform, caller, request.dataset, Action.CACHE)
    _refuse_engines(id)
    if not request.data:
        raise InvalidInput("NoData", f"no data is given for the artifact of `{id}`")
    before = await _the_artifact(platform, id, request.artifact_id, request.tag_name)
    has_metadata = request.HasField("metadata")
    given = datacatalog_pb2.Artifact(id=before.id, data=request.data, metadata=request.metadata)
    after = msgspec.structs.replace(
        before,
        data=_checked_data(given),
        metadata=dict(request.metadata.key_map) if has_metadata else before.metadata,
    )
    if not await platform.store.artifacts.update(after, _audit(platform, caller, "update", id, before.id)):
        raise _no_artifact(id, before.id)
    return before.id


async def add_tag(platform: Platform, caller: Caller, tag: datacatalog_pb2.Tag) -> None:
    """Raises `NotFound` for the artifact, `AlreadyExists` where the dataset has the tag."""
    id = await _id(platform, caller, tag.dataset, Action.CACHE)
    _refuse_engines(id)
    require_text(tag.name, "tag")
    artifact = await _the_artifact(platform, id, tag.artifact_id, "")
    audit = _audit(platform, caller, "tag", id, f"{artifact.id} as {tag.name}")
    if not await platform.store.artifacts.tag(id, artifact.id, tag.name, audit):
        raise AlreadyExists("TagExists", f"dataset `{id}` has an artifact with the tag `{tag.name}`")


async def list_artifacts(
    platform: Platform, caller: Caller, request: datacatalog_pb2.ListArtifactsRequest
) -> datacatalog_pb2.ListArtifactsResponse:
    """A page of a dataset's artifacts that meet all filters. Raises `NotFound` for the dataset."""
    id = await _id(platform, caller, request.dataset, Action.VIEW)
    page = _page(request.pagination)
    if is_of_task(id.name):
        if request.filter.filters:
            raise InvalidInput("BadFilter", f"the artifacts of `{id}` can't be filtered", fix="get one by its id")
        shown, token = await engine_entries.artifacts(platform, id, page)
        return datacatalog_pb2.ListArtifactsResponse(artifacts=shown, next_token=token)
    await _existing(platform, id)
    query = _artifact_query(ArtifactQuery(id), request.filter)
    if query is None:
        return datacatalog_pb2.ListArtifactsResponse()

    async def rows(asked: Query) -> list[ArtifactRecord]:
        return await platform.store.artifacts.page(
            msgspec.structs.replace(
                query, limit=asked.limit, offset=asked.offset, descending=asked.descending, after=asked.after
            )
        )

    shown, token = await pages.read(page, ARTIFACTS, rows, _artifact)
    return datacatalog_pb2.ListArtifactsResponse(artifacts=shown, next_token=token)


def dataset_id(message: datacatalog_pb2.DatasetID) -> DatasetId:
    """A complete identifier of a dataset. Raises `InvalidInput`."""
    return DatasetId(
        require_text(message.project, "dataset's project"),
        require_text(message.domain, "dataset's domain"),
        require_text(message.name, "dataset's name"),
        require_text(message.version, "dataset's version"),
    )


async def _id(platform: Platform, caller: Caller, message: datacatalog_pb2.DatasetID, action: Action) -> DatasetId:
    """The id of a dataset, as `dataset_id`. Raises `PermissionDenied` unless `caller` may do that there."""
    id = dataset_id(message)
    await platform.require(caller, id.place, action)
    return id


async def _existing(platform: Platform, id: DatasetId) -> DatasetRecord:
    conditions = tuple(Filter(field, "eq", (value,)) for field, value in id._asdict().items())
    found = await platform.store.datasets.page(Query(limit=1, filters=conditions))
    if not found:
        raise _no_dataset(id)
    return found[0]


async def _the_artifact(platform: Platform, dataset: DatasetId, id: str, tag: str) -> ArtifactRecord:
    await _existing(platform, dataset)
    require_text(id or tag, "artifact id or tag")
    found = await platform.store.artifacts.page(ArtifactQuery(dataset, id=id, tag=tag))
    if not found:
        raise _no_artifact(dataset, id or tag)
    return found[0]


def _refuse_engines(id: DatasetId) -> None:
    if is_of_task(id.name):
        raise engine_entries.refuse_change(f"dataset `{id}`")


def _checked_data(artifact: datacatalog_pb2.Artifact) -> bytes:
    check_size(artifact, f"artifact `{artifact.id}`", ARTIFACT_MAX_BYTES)
    return datacatalog_pb2.Artifact(data=artifact.data).SerializeToString(deterministic=True)


def _page(given: datacatalog_pb2.PaginationOptions) -> Query:
    limit = min(given.limit or PAGE_ROWS, PAGE_MAX_ROWS)
    descending = given.sortOrder == datacatalog_pb2.PaginationOptions.DESCENDING
    return go_on(Query(limit, descending=descending), given.token)


def _dataset_filter(given: datacatalog_pb2.SinglePropertyFilter) -> Filter | None:
    """The condition on the list, or None for a filter on the organisation: there is only one."""
    if given.WhichOneof("property_filter") != "dataset_filter":
        raise InvalidInput("BadFilter", "datasets are filtered by their own properties only", fix="use dataset_filter")
    field = given.dataset_filter.WhichOneof("property")
    if field is None:
        raise InvalidInput("BadFilter", "a filter of datasets names no property")
    return None if field == "org" else Filter(field, "eq", (require_text(getattr(given.dataset_filter, field), field),))


def _artifact_query(query: ArtifactQuery, given: datacatalog_pb2.FilterExpression) -> ArtifactQuery | None:
    """None where two filters exclude each other."""
    filters.require_few(len(given.filters))
    for each in given.filters:
        kind = each.WhichOneof("property_filter")
        if kind == "partition_filter":
            pair = each.partition_filter.key_val
            wanted = (require_text(pair.key, "partition key"), require_text(pair.value, "partition value"))
            query = msgspec.structs.replace(query, partitions=(*query.partitions, wanted))
        elif kind in ("tag_filter", "artifact_filter"):
            field, value = (
                ("tag", each.tag_filter.tag_name) if kind == "tag_filter" else ("id", each.artifact_filter.artifact_id)
            )
            if getattr(query, field) not in ("", require_text(value, f"{field} in a filter")):
                return None
            query = msgspec.structs.replace(query, **{field: value})
        else:
            raise InvalidInput("BadFilter", "artifacts are filtered by id, tag and partition only")
    return query


def _identifier(id: DatasetId, uuid: str = "") -> datacatalog_pb2.DatasetID:
    return datacatalog_pb2.DatasetID(project=id.project, domain=id.domain, name=id.name, version=id.version, UUID=uuid)


def _dataset(record: DatasetRecord) -> datacatalog_pb2.Dataset:
    return datacatalog_pb2.Dataset(
        id=_identifier(record.id, record.uuid),
        metadata=datacatalog_pb2.Metadata(key_map=record.metadata),
        partitionKeys=record.partition_keys,
    )


def _artifact(record: ArtifactRecord) -> datacatalog_pb2.Artifact:
    dataset = _identifier(record.dataset)
    return datacatalog_pb2.Artifact(
        id=record.id,
        dataset=dataset,
        data=datacatalog_pb2.Artifact.FromString(record.data).data,
        metadata=datacatalog_pb2.Metadata(key_map=record.metadata),
        partitions=[datacatalog_pb2.Partition(key=key, value=value) for key, value in record.partitions.items()],
        tags=[datacatalog_pb2.Tag(name=tag, artifact_id=record.id, dataset=dataset) for tag in record.tags],
        created_at=timestamp(record.created_at),
    )


def _audit(platform: Platform, caller: Caller, action: str, id: DatasetId, detail: str = "") -> Audit:
    return platform.audit(caller, action, f"dataset {id}", project=id.project, domain=id.domain, detail=detail)


def _no_dataset(id: DatasetId) -> NotFound:
    return NotFound("DatasetNotFound", f"there is no dataset `{id}`")


def _no_artifact(dataset: DatasetId, handle: str) -> NotFound:
    return NotFound("ArtifactNotFound", f"dataset `{dataset}` has no artifact `{handle}`")
