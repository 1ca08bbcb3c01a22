"""Statements on the catalog: outputs that may stand in for a run, and who computes those that are not there yet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, bindparam, delete, exists, select, update

from alula.core.engine.records import CacheEntry, Released
from alula.core.ids import ExecutionId
from alula.core.policy.cache_key import CacheKey
from alula.core.policy.task_datasets import TaskDataset, is_listed
from alula.server.stores.addressee import node_of
from alula.server.stores.fields import Condition, Page
from alula.server.stores.sql import cells
from alula.server.stores.sql.dialect import Cells, Sql, newest
from alula.server.stores.sql.listing import Columns, holds, paged
from alula.server.stores.sql.tables import (
    ENDED_NODE_PHASES,
    ENDED_PHASES,
    catalog,
    datasets,
    executions,
    node_executions,
    reservations,
)

_COLUMNS: Columns = {
    name: catalog.c[name]
    for name in ("project", "domain", "task", "cache_version", "interface", "source", "digest", "created_at")
}
_KEY = ("project", "domain", "digest")


class Catalog:
    def __init__(self, sql: Sql) -> None:
        self._sql = sql
        self._put = sql.upsert(catalog, newest)
        self._keep_dataset = sql.insert_if_absent(datasets)
        self._reserve = sql.insert_if_absent(reservations)
        self._release = sql.bulk(
            delete(reservations).where(*(column == bindparam(f"by_{column.name}") for column in reservations.c)),
            [f"by_{column.name}" for column in reservations.c],
        )

    def put(self, connection: Connection, entries: Sequence[CacheEntry]) -> None:
        """At most one for each key."""
        rows = [
            (
                entry.key.project,
                entry.key.domain,
                entry.key.digest,
                entry.key.task,
                entry.key.cache_version,
                entry.key.interface,
                cells.from_words(entry.key.inputs),
                cells.from_prose(cells.from_words(entry.key.shown)),
                entry.source,
                entry.created_at,
                entry.outputs,
            )
            for entry in entries
        ]
        # One order for all writers: two that publish the same keys wait for each other, and never both.
        self._put.run(connection, sorted(rows))
        self._keep_dataset.run(connection, sorted(_dataset_rows(entries)))

    def get(self, connection: Connection, key: CacheKey) -> CacheEntry | None:
        row = connection.execute(select(catalog).where(_is(catalog.c, key))).first()
        return None if row is None else _entry(row, row.outputs)

    def page(self, connection: Connection, page: Page, *, with_outputs: bool) -> list[CacheEntry]:
        columns = [column for column in catalog.c if with_outputs or column.name != "outputs"]
        identity = [catalog.c[name] for name in _KEY]
        statement = paged(select(*columns), page, _COLUMNS, identity, self._sql)
        return [_entry(row, row.outputs if with_outputs else b"") for row in connection.execute(statement)]

    def evict(self, connection: Connection, conditions: Sequence[Condition]) -> int:
        meets = (holds(given, _COLUMNS[given.field], self._sql) for given in conditions)
        return connection.execute(delete(catalog).where(*meets)).rowcount

    def reserve(self, connection: Connection, key: CacheKey, holder: str) -> str:
        """Empty when `holder` has it now, else who has."""
        if self._reserve.run(connection, [(key.project, key.domain, key.digest, holder)]) == 1:
            return ""
        reserved = _is(reservations.c, key)
        before = connection.execute(select(reservations.c.holder).where(reserved).with_for_update()).scalar()
        if before is None:  # it was released meanwhile
            return self.reserve(connection, key, holder)
        if before != holder and _is_open(connection, *node_of(before)):
            return before
        connection.execute(update(reservations).where(reserved).values(holder=holder))
        return ""

    def reserved_by(self, connection: Connection, key: CacheKey) -> str:
        holder = connection.execute(select(reservations.c.holder).where(_is(reservations.c, key))).scalar()
        return holder if holder is not None and _is_open(connection, *node_of(holder)) else ""

    def release(self, connection: Connection, released: Sequence[Released]) -> None:
        """Reservations that have come to somebody else stay."""
        rows = [(one.key.project, one.key.domain, one.key.digest, one.holder) for one in released]
        self._release.run(connection, sorted(rows))


def _dataset_rows(entries: Sequence[CacheEntry]) -> list[Cells]:
    """A row for each dataset, so that to list datasets costs nothing for each entry."""
    first: dict[tuple[str, ...], int] = {}
    for entry in entries:
        id = (entry.key.project, entry.key.domain, *TaskDataset.of(entry.key))
        if id not in first and is_listed(entry.key):
            first[id] = entry.created_at
    return [(*id, "", "[]", cells.from_words({}), created_at) for id, created_at in first.items()]


def _is(columns: Any, key: CacheKey) -> ColumnElement[bool]:  # `Any`: the columns of either table
    return and_(columns.project == key.project, columns.domain == key.domain, columns.digest == key.digest)


def _is_open(connection: Connection, execution: ExecutionId, node_id: str) -> bool:
    ended = exists().where(
        node_executions.c.project == execution.project,
        node_executions.c.domain == execution.domain,
        node_executions.c.execution == execution.name,
        node_executions.c.node_id == node_id,
        node_executions.c.phase.in_(ENDED_NODE_PHASES),
    )
    statement = select(executions.c.name).where(
        executions.c.project == execution.project,
        executions.c.domain == execution.domain,
        executions.c.name == execution.name,
        executions.c.phase.not_in(ENDED_PHASES),
        ~ended,
    )
    return connection.execute(statement).first() is not None


def _entry(row: Row[Any], outputs: bytes) -> CacheEntry:  # `Any`: of the selected columns
    key = CacheKey(
        project=row.project,
        domain=row.domain,
        task=row.task,
        cache_version=row.cache_version,
        interface=row.interface,
        inputs=cells.to_words(row.inputs),
        digest=row.digest,
        shown=cells.to_words(row.shown),
    )
    return CacheEntry(key, outputs, row.source, row.created_at)
