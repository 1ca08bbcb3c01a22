"""Items of array nodes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Table, case, func, tuple_

from alula.core.engine.records import AttemptPhase, ItemRecord
from alula.core.ids import ExecutionId
from alula.server.store.items import ITEMS, ItemColumns
from alula.server.store.query import Query
from alula.server.stores.checking import check
from alula.server.stores.merging import Merged
from alula.server.stores.sql import cells
from alula.server.stores.sql.database import Database
from alula.server.stores.sql.dialect import Cells, Excluded, columns_of
from alula.server.stores.sql.execution_keys import changed, in_order, rows_of
from alula.server.stores.sql.listing import Columns, paged
from alula.server.stores.sql.tables import items

_COLUMNS: Columns = {"index": items.c.item_index, "phase": items.c.phase, "updated_at": items.c.updated_at}
_AS_COLUMNS = tuple(
    items.c[name] for name in ("node_id", "item_index", "attempt", "phase", "cache_status", "started_at", "ended_at")
)


class Items:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._put = database.sql.upsert(items, _newest_attempt, unless_older="attempt", each_once=True)

    async def page(self, execution: ExecutionId, node_id: str, query: Query) -> list[ItemRecord]:
        page = check(query, ITEMS)

        def read(connection: Connection) -> list[ItemRecord]:
            among = rows_of(items, execution).where(items.c.node_id == node_id)
            statement = paged(among, page, _COLUMNS, self._database.sql)
            return [_record(row) for row in connection.execute(statement)]

        return await self._database.read(read)

    async def portion(
        self, execution: ExecutionId, *, after: tuple[str, int] = ("", -1), limit: int
    ) -> list[ItemRecord]:
        key = tuple_(items.c.node_id, items.c.item_index)
        statement = rows_of(items, execution).where(key > after).order_by(*key).limit(limit)

        def read(connection: Connection) -> list[ItemRecord]:
            return [_record(row) for row in connection.execute(statement)]

        return await self._database.read(read)

    async def columns(
        self, execution: ExecutionId, node_id: str | None = None, *, since: int = 0, limit: int | None = None
    ) -> ItemColumns:
        among = changed(items, execution, since)
        if node_id is not None:
            among = among.where(items.c.node_id == node_id)
        statement = (
            among.with_only_columns(*_AS_COLUMNS)
            .order_by(*in_order(since, items.c.node_id, items.c.item_index))
            .limit(limit)
        )

        def read(connection: Connection) -> ItemColumns:
            return ItemColumns(*columns_of(connection, statement, len(_AS_COLUMNS)))

        return await self._database.read(read)

    async def counts(
        self, execution: ExecutionId, nodes: Collection[str] | None = None
    ) -> dict[str, dict[AttemptPhase, int]]:
        key = (items.c.node_id, items.c.phase)
        statement = rows_of(items, execution).with_only_columns(*key, func.count()).group_by(*key)
        if nodes is not None:
            statement = statement.where(items.c.node_id.in_(sorted(nodes)))

        def read(connection: Connection) -> dict[str, dict[AttemptPhase, int]]:
            found: dict[str, dict[AttemptPhase, int]] = {}
            for node_id, phase, count in connection.execute(statement):
                found.setdefault(node_id, {})[AttemptPhase(phase)] = count
            return found

        return await self._database.read(read)

    def write(self, connection: Connection, merged: Sequence[Merged]) -> None:
        """Changes of executions, at most one for each."""
        self._put.run(connection, [_row(id, seq, row) for id, seq, one in merged for row in one.items])


def _newest_attempt(table: Table, excluded: Excluded, name: str) -> ColumnElement[Any]:
    """`merging.overlay_item`: NULL means as before, but only within one attempt."""
    if not table.c[name].nullable:
        return excluded[name]
    same_attempt = excluded.attempt == table.c.attempt
    return case((same_attempt, func.coalesce(excluded[name], table.c[name])), else_=excluded[name])


def _row(execution: ExecutionId, seq: int, item: ItemRecord) -> Cells:
    return (
        *execution,
        item.node_id,
        item.index,
        item.attempt,
        int(item.phase),
        item.updated_at,
        item.started_at,
        item.ended_at,
        cells.from_error(item.error),
        cells.from_number(item.cache_status),
        cells.from_logs(item.logs),
        cells.from_info(item.info),
        cells.from_usage(item.usage),
        seq,
    )


# `Any`: of the selected columns, which stand in the schema.
def _record(row: Row[Any]) -> ItemRecord:
    return ItemRecord(
        node_id=row.node_id,
        index=row.item_index,
        attempt=row.attempt,
        phase=AttemptPhase(row.phase),
        updated_at=row.updated_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        error=cells.to_error(row.error),
        cache_status=cells.to_cache_status(row.cache_status),
        logs=cells.to_logs(row.logs),
        info=cells.to_info(row.info),
        usage=cells.to_usage(row.usage),
    )
