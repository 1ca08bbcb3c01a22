"""Statements on what clients keep in the catalog themselves: datasets, artifacts, outputs, reservations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, and_, delete, select, update

from alula.server.store import ArtifactQuery, ArtifactRecord, DatasetId, DatasetRecord, Hold, KeptOutput
from alula.server.stores.fields import Page
from alula.server.stores.sql import cells
from alula.server.stores.sql.dialect import Excluded, Sql
from alula.server.stores.sql.listing import Columns, paged
from alula.server.stores.sql.tables import artifact_partitions, artifact_tags, artifacts, datasets, holds, kept_outputs

_DATASET_COLUMNS: Columns = {
    **{name: datasets.c[name] for name in ("project", "domain", "version", "created_at")},
    "name": datasets.c.dataset,
}
_keys_decoder = msgspec.json.Decoder(tuple[str, ...])


class Datasets:
    """Datasets with their artifacts."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql
        self._create = sql.insert_if_absent(datasets)
        self._create_artifact = sql.insert_if_absent(artifacts)
        self._partition = sql.insert(artifact_partitions)
        self._tag = sql.insert_if_absent(artifact_tags)

    def create(self, connection: Connection, dataset: DatasetRecord) -> bool:
        keys = msgspec.json.encode(dataset.partition_keys).decode()
        row = (*dataset.id, dataset.uuid, keys, cells.from_words(dataset.metadata), dataset.created_at)
        return self._create.run(connection, [row]) == 1

    def page(self, connection: Connection, page: Page) -> list[DatasetRecord]:
        identity = datasets.primary_key.columns
        statement = paged(select(datasets), page, _DATASET_COLUMNS, identity, self._sql)
        return [
            DatasetRecord(
                id=DatasetId(row.project, row.domain, row.dataset, row.version),
                uuid=row.uuid,
                partition_keys=_keys_decoder.decode(row.partition_keys),
                metadata=cells.to_words(row.metadata),
                created_at=row.created_at,
            )
            for row in connection.execute(statement)
        ]

    def create_artifact(self, connection: Connection, artifact: ArtifactRecord) -> bool:
        partitions, metadata = cells.from_words(artifact.partitions), cells.from_words(artifact.metadata)
        row = (*artifact.dataset, artifact.id, partitions, metadata, artifact.created_at, artifact.data)
        if self._create_artifact.run(connection, [row]) != 1:
            return False
        rows = [(*artifact.dataset, key, value, artifact.id) for key, value in artifact.partitions.items()]
        self._partition.run(connection, rows)
        return True

    def update_artifact(self, connection: Connection, artifact: ArtifactRecord) -> bool:
        changed = {"metadata": cells.from_words(artifact.metadata), "data": artifact.data}
        meant = and_(_in(artifacts.c, artifact.dataset), artifacts.c.artifact == artifact.id)
        return connection.execute(update(artifacts).where(meant).values(changed)).rowcount == 1

    def tag(self, connection: Connection, dataset: DatasetId, id: str, tag: str) -> bool:
        return self._tag.run(connection, [(*dataset, tag, id)]) == 1

    def artifacts(self, connection: Connection, query: ArtifactQuery) -> list[ArtifactRecord]:
        statement = (
            select(artifacts)
            .where(_in(artifacts.c, query.dataset), *_conditions(query))
            .order_by(self._sql.ordered(artifacts.c.created_at, descending=query.descending), artifacts.c.artifact)
            .limit(query.limit)
            .offset(query.offset)
        )
        rows = connection.execute(statement).all()
        tags = _tags(connection, query.dataset, [row.artifact for row in rows])
        return [_artifact(row, query.dataset, tuple(tags.get(row.artifact, ()))) for row in rows]


class Outputs:
    """What clients keep under keys of their own, and what they have reserved."""

    def __init__(self, sql: Sql) -> None:
        self._keep = sql.insert_if_absent(kept_outputs)
        self._overwrite = sql.upsert(kept_outputs, _created_once)
        self._hold = sql.insert_if_absent(holds)

    def get(self, connection: Connection, key: str) -> KeptOutput | None:
        row = connection.execute(select(kept_outputs).where(kept_outputs.c.key == key)).first()
        return None if row is None else KeptOutput(row.key, row.output, row.created_at, row.updated_at)

    def keep(self, connection: Connection, kept: KeptOutput, *, overwrite: bool) -> bool:
        row = (kept.key, kept.created_at, kept.updated_at, kept.output)
        return (self._overwrite if overwrite else self._keep).run(connection, [row]) == 1

    def drop(self, connection: Connection, key: str) -> bool:
        return connection.execute(delete(kept_outputs).where(kept_outputs.c.key == key)).rowcount == 1

    def hold(self, connection: Connection, wanted: Hold, now: int) -> tuple[Hold, bool]:
        """The reservation that holds then, and whether it has come to `wanted.owner` just now."""
        row = (wanted.name, wanted.owner, wanted.heartbeat_us, wanted.expires_at)
        if self._hold.run(connection, [row]) == 1:
            return wanted, True
        is_it = holds.c.name == wanted.name
        before = connection.execute(select(holds).where(is_it).with_for_update()).first()
        if before is None:  # it was released meanwhile
            return self.hold(connection, wanted, now)
        if before.owner != wanted.owner and before.expires_at > now:
            return Hold(*before), False
        connection.execute(update(holds).where(is_it).values(msgspec.structs.asdict(wanted)))
        return wanted, before.owner != wanted.owner

    def let_go(self, connection: Connection, name: str, owner: str) -> bool:
        statement = delete(holds).where(holds.c.name == name, holds.c.owner == owner)
        return connection.execute(statement).rowcount == 1


def _created_once(table: Any, excluded: Excluded, name: str) -> ColumnElement[Any]:
    return table.c[name] if name == "created_at" else excluded[name]


def _in(columns: Any, dataset: DatasetId) -> ColumnElement[bool]:  # `Any`: the columns of any of these tables
    return and_(
        columns.project == dataset.project,
        columns.domain == dataset.domain,
        columns.dataset == dataset.name,
        columns.version == dataset.version,
    )


def _conditions(query: ArtifactQuery) -> Iterator[ColumnElement[bool]]:
    if query.id:
        yield artifacts.c.artifact == query.id
    if query.tag:
        tags = artifact_tags.c
        yield artifacts.c.artifact.in_(select(tags.artifact).where(_in(tags, query.dataset), tags.tag == query.tag))
    for key, value in query.partitions:
        parts = artifact_partitions.c
        those = select(parts.artifact).where(_in(parts, query.dataset), parts.key == key, parts.value == value)
        yield artifacts.c.artifact.in_(those)


def _tags(connection: Connection, dataset: DatasetId, ids: list[str]) -> dict[str, list[str]]:
    columns = artifact_tags.c
    statement = (
        select(columns.artifact, columns.tag)
        .where(_in(columns, dataset), columns.artifact.in_(ids))
        .order_by(columns.tag)
    )
    tags: dict[str, list[str]] = {}
    for row in connection.execute(statement):
        tags.setdefault(row.artifact, []).append(row.tag)
    return tags


def _artifact(row: Row[Any], dataset: DatasetId, tags: tuple[str, ...]) -> ArtifactRecord:  # `Any`: a whole row
    return ArtifactRecord(
        dataset=dataset,
        id=row.artifact,
        partitions=cells.to_words(row.partitions),
        metadata=cells.to_words(row.metadata),
        data=row.data,
        created_at=row.created_at,
        tags=tags,
    )
