"""Items of array nodes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Table, case, func

from alula.core.engine.records import AttemptPhase, Changes, ItemRecord
from alula.core.ids import ExecutionId
from alula.server.store.items import ITEMS
from alula.server.store.query import Query
from alula.server.stores.checking import check
from alula.server.stores.sql import cells
from alula.server.stores.sql.database import Database
from alula.server.stores.sql.dialect import Cells, Excluded
from alula.server.stores.sql.execution_keys import rows_of
from alula.server.stores.sql.listing import Columns, paged
from alula.server.stores.sql.tables import items

_COLUMNS: Columns = {"index": items.c.item_index, "phase": items.c.phase, "updated_at": items.c.updated_at}


class Items:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._put = database.sql.upsert(items, _newest_attempt, unless_older="attempt")

    async def page(self, execution: ExecutionId, node_id: str, query: Query) -> list[ItemRecord]:
        page = check(query, ITEMS)

        def read(connection: Connection) -> list[ItemRecord]:
            among = rows_of(items, execution).where(items.c.node_id == node_id)
            statement = paged(among, page, _COLUMNS, self._database.sql)
            return [_record(row) for row in connection.execute(statement)]

        return await self._database.read(read)

    async def phases(self, execution: ExecutionId, node_id: str) -> dict[AttemptPhase, int]:
        phase = items.c.phase

        def read(connection: Connection) -> dict[AttemptPhase, int]:
            statement = (
                rows_of(items, execution)
                .with_only_columns(phase, func.count())
                .where(items.c.node_id == node_id)
                .group_by(phase)
            )
            return {AttemptPhase(number): count for number, count in connection.execute(statement)}

        return await self._database.read(read)

    def write(self, connection: Connection, merged: Sequence[tuple[ExecutionId, Changes]]) -> None:
        """Changes of executions, at most one for each and with at most one row for each thing."""
        self._put.run(connection, [_row(id, row) for id, one in merged for row in one.items])


def _newest_attempt(table: Table, excluded: Excluded, name: str) -> ColumnElement[Any]:
    """`merging.overlay_item`: NULL means as before, but only within one attempt."""
    if not table.c[name].nullable:
        return excluded[name]
    same_attempt = excluded.attempt == table.c.attempt
    return case((same_attempt, func.coalesce(excluded[name], table.c[name])), else_=excluded[name])


def _row(execution: ExecutionId, item: ItemRecord) -> Cells:
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
