"""Artifacts that clients keep in datasets, with their partitions and tags."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, select, update

from alula.server.store.artifacts import ARTIFACTS, ArtifactQuery, ArtifactRecord
from alula.server.store.audits import Audit
from alula.server.store.datasets import DatasetId
from alula.server.stores.checking import check
from alula.server.stores.sql import cells
from alula.server.stores.sql.audits import Audits
from alula.server.stores.sql.database import Database
from alula.server.stores.sql.listing import Columns, paged
from alula.server.stores.sql.tables import artifact_partitions, artifact_tags, artifacts

_COLUMNS: Columns = {"id": artifacts.c.artifact, "created_at": artifacts.c.created_at}


class Artifacts:
    def __init__(self, database: Database, audits: Audits) -> None:
        self._database = database
        self._sql = database.sql
        self._audits = audits
        self._create = database.sql.insert_if_absent(artifacts)
        self._partition = database.sql.insert(artifact_partitions)
        self._tag = database.sql.insert_if_absent(artifact_tags)

    async def create(self, artifact: ArtifactRecord, audit: Audit) -> bool:
        def create(connection: Connection) -> bool:
            partitions, metadata = cells.from_words(artifact.partitions), cells.from_words(artifact.metadata)
            row = (*artifact.dataset, artifact.id, partitions, metadata, artifact.created_at, artifact.data)
            if self._create.run(connection, [row]) != 1:
                return False
            rows = [(*artifact.dataset, key, value, artifact.id) for key, value in artifact.partitions.items()]
            self._partition.run(connection, rows)
            return True

        return await self._audits.change(audit, create)

    async def update(self, artifact: ArtifactRecord, audit: Audit) -> bool:
        changed = {"metadata": cells.from_words(artifact.metadata), "data": artifact.data}
        meant = and_(_in(artifacts.c, artifact.dataset), artifacts.c.artifact == artifact.id)
        statement = update(artifacts).where(meant).values(changed)
        return await self._audits.change(audit, lambda connection: connection.execute(statement).rowcount == 1)

    async def tag(self, dataset: DatasetId, id: str, tag: str, audit: Audit) -> bool:
        row = (*dataset, tag, id)
        return await self._audits.change(audit, lambda connection: self._tag.run(connection, [row]) == 1)

    async def page(self, query: ArtifactQuery) -> list[ArtifactRecord]:
        page = check(query.page, ARTIFACTS)

        def read(connection: Connection) -> list[ArtifactRecord]:
            among = select(artifacts).where(_in(artifacts.c, query.dataset), *_conditions(query))
            rows = connection.execute(paged(among, page, _COLUMNS, self._sql)).all()
            tags = _tags(connection, query.dataset, [row.artifact for row in rows])
            return [_artifact(row, query.dataset, tuple(tags.get(row.artifact, ()))) for row in rows]

        return await self._database.read(read)


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
