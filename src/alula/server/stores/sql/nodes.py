"""Nodes of executions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, null, or_

from alula.core.engine.records import Changes, NodePhase, NodeRecord
from alula.core.ids import ExecutionId
from alula.server.store.nodes import NODES
from alula.server.store.query import Query
from alula.server.stores.checking import Page, check
from alula.server.stores.sql import cells
from alula.server.stores.sql.database import Database
from alula.server.stores.sql.dialect import Cells, newest_known
from alula.server.stores.sql.execution_keys import rows_of
from alula.server.stores.sql.listing import Columns, paged
from alula.server.stores.sql.tables import node_executions

_COLUMNS: Columns = {
    name: node_executions.c[name]
    for name in ("node_id", "phase", "cache_status", "created_at", "started_at", "updated_at")
}
_WITHOUT_VALUES = [
    null().label(column.name) if column.name in ("inputs", "outputs") else column for column in node_executions.columns
]


class Nodes:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._put = database.sql.upsert(node_executions, newest_known)

    async def get(self, execution: ExecutionId, node_id: str) -> NodeRecord | None:
        def read(connection: Connection) -> NodeRecord | None:
            statement = rows_of(node_executions, execution).where(node_executions.c.node_id == node_id)
            row = connection.execute(statement).first()
            return None if row is None else _record(row)

        return await self._database.read(read)

    async def page(
        self, execution: ExecutionId, parent_id: str | None, query: Query, *, with_values: bool = False
    ) -> list[NodeRecord]:
        page = check(query, NODES)

        def read(connection: Connection) -> list[NodeRecord]:
            return self._page(connection, execution, parent_id, page, with_values=with_values)

        return await self._database.read(read)

    def write(self, connection: Connection, merged: Sequence[tuple[ExecutionId, Changes]]) -> None:
        """Changes of executions, at most one for each and with at most one row for each thing."""
        self._put.run(connection, [_row(id, row) for id, one in merged for row in one.nodes])

    def _page(
        self, connection: Connection, execution: ExecutionId, parent_id: str | None, page: Page, *, with_values: bool
    ) -> list[NodeRecord]:
        among = rows_of(node_executions, execution)
        if not with_values:
            among = among.with_only_columns(*_WITHOUT_VALUES)
        parent = node_executions.c.parent_id
        if parent_id == "":
            among = among.where(or_(parent == "", parent.is_(None)))
        elif parent_id is not None:
            among = among.where(parent == parent_id)
        statement = paged(among, page, _COLUMNS, self._database.sql)
        return [_record(row) for row in connection.execute(statement)]


def _row(execution: ExecutionId, node: NodeRecord) -> Cells:
    return (
        *execution,
        node.node_id,
        int(node.phase),
        node.updated_at,
        node.spec_node_id,
        node.parent_id,
        node.created_at,
        node.started_at,
        node.ended_at,
        cells.from_number(node.cache_status),
        node.cache_source,
        node.deck_uri,
        node.dynamic_uri,
        node.child,
        cells.from_number(node.is_parent),
        cells.from_number(node.is_dynamic),
        cells.from_number(node.is_array),
        cells.from_error(node.error),
        node.inputs,
        node.outputs,
    )


# `Any`: of the selected columns, which stand in the schema.
def _record(row: Row[Any]) -> NodeRecord:
    return NodeRecord(
        node_id=row.node_id,
        phase=NodePhase(row.phase),
        updated_at=row.updated_at,
        spec_node_id=row.spec_node_id,
        parent_id=row.parent_id,
        created_at=row.created_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        inputs=row.inputs,
        outputs=row.outputs,
        error=cells.to_error(row.error),
        cache_status=cells.to_cache_status(row.cache_status),
        cache_source=row.cache_source,
        deck_uri=row.deck_uri,
        dynamic_uri=row.dynamic_uri,
        child=row.child,
        is_parent=cells.to_flag(row.is_parent),
        is_dynamic=cells.to_flag(row.is_dynamic),
        is_array=cells.to_flag(row.is_array),
    )
