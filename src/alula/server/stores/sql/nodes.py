"""Nodes of executions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, case, func, null, or_, select, union

from alula.core.engine.records import CacheStatus, NodePhase, NodeRecord
from alula.core.ids import ExecutionId
from alula.server.store.nodes import NODES, TAKERS, NodeColumns, NodeFlag, Taker
from alula.server.store.query import Query
from alula.server.stores.checking import Page, check
from alula.server.stores.merging import Merged
from alula.server.stores.sql import cells
from alula.server.stores.sql.database import Database
from alula.server.stores.sql.dialect import Cells, columns_of, newest_known
from alula.server.stores.sql.execution_keys import changed, is_one_of, portions, rows_of
from alula.server.stores.sql.listing import Columns, paged
from alula.server.stores.sql.tables import node_executions, task_executions

_COLUMNS: Columns = {
    name: node_executions.c[name]
    for name in ("node_id", "phase", "cache_status", "created_at", "started_at", "updated_at")
}
_WITH_NODES = (node_executions, task_executions)
_WITHOUT_VALUES = [
    null().label(column.name) if column.name in ("inputs", "outputs") else column for column in node_executions.columns
]

_EXECUTION = (node_executions.c.project, node_executions.c.domain, node_executions.c.execution)
_COUNTS = (
    select(*_EXECUTION, node_executions.c.phase, func.count())
    .where(is_one_of(*_EXECUTION))
    .group_by(*_EXECUTION, node_executions.c.phase)
)

_TAKEN: Columns = {
    "source": node_executions.c.cache_source,
    "updated_at": node_executions.c.updated_at,
    **{name: node_executions.c[name] for name in ("project", "domain", "execution", "node_id")},
}
_TAKERS = select(*_TAKEN.values()).where(
    node_executions.c.cache_source.is_not(None), node_executions.c.cache_status == CacheStatus.HIT.value
)

_ATTEMPTS_OF_IT = (
    select(func.coalesce(func.max(task_executions.c.attempt) + 1, 0))
    .where(
        *(task_executions.c[name] == node_executions.c[name] for name in ("project", "domain", "execution", "node_id"))
    )
    .scalar_subquery()
)
_FLAGS = (
    func.coalesce(node_executions.c.is_parent, 0) * NodeFlag.PARENT.value
    + func.coalesce(node_executions.c.is_dynamic, 0) * NodeFlag.DYNAMIC.value
    + func.coalesce(node_executions.c.is_array, 0) * NodeFlag.ARRAY.value
    + case((node_executions.c.deck_uri.is_(None), 0), else_=NodeFlag.DECK.value)
)
_AS_COLUMNS = (
    node_executions.c.node_id,
    node_executions.c.spec_node_id,
    node_executions.c.parent_id,
    node_executions.c.phase,
    node_executions.c.created_at,
    node_executions.c.started_at,
    node_executions.c.ended_at,
    _ATTEMPTS_OF_IT,
    node_executions.c.cache_status,
    _FLAGS,
    node_executions.c.child,
    node_executions.c.error,
)


class Nodes:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._put = database.sql.upsert(node_executions, newest_known, each_once=True)

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

    async def columns(
        self, execution: ExecutionId, parent_id: str | None = None, *, since: int = 0, after: str = "", limit: int
    ) -> NodeColumns:
        among = _below(rows_of(node_executions, execution), parent_id)
        if since:
            ids = union(*(changed(table, execution, since).with_only_columns(table.c.node_id) for table in _WITH_NODES))
            among = among.where(node_executions.c.node_id.in_(ids))
        if after:
            among = among.where(node_executions.c.node_id > after)
        statement = among.with_only_columns(*_AS_COLUMNS).order_by(node_executions.c.node_id).limit(limit)

        def read(connection: Connection) -> NodeColumns:
            columns = columns_of(connection, statement, len(_AS_COLUMNS))
            columns[-1] = [cells.to_error(error) for error in columns[-1]]
            return NodeColumns(*columns)

        return await self._database.read(read)

    async def takers(self, query: Query) -> list[Taker]:
        statement = paged(_TAKERS, check(query, TAKERS), _TAKEN, self._database.sql)

        def read(connection: Connection) -> list[Taker]:
            return [
                Taker(
                    ExecutionId(row.project, row.domain, row.execution), row.node_id, row.cache_source, row.updated_at
                )
                for row in connection.execute(statement)
            ]

        return await self._database.read(read)

    async def counts(self, executions: Sequence[ExecutionId]) -> dict[ExecutionId, dict[NodePhase, int]]:
        def read(connection: Connection) -> dict[ExecutionId, dict[NodePhase, int]]:
            found: dict[ExecutionId, dict[NodePhase, int]] = {id: {} for id in executions}
            for portion in portions(executions):
                for *id, phase, count in connection.execute(_COUNTS, portion):
                    found[ExecutionId(*id)][NodePhase(phase)] = count
            return found

        return await self._database.read(read)

    def write(self, connection: Connection, merged: Sequence[Merged]) -> None:
        """Changes of executions, at most one for each."""
        self._put.run(connection, [_row(id, seq, row) for id, seq, one in merged for row in one.nodes])

    def _page(
        self, connection: Connection, execution: ExecutionId, parent_id: str | None, page: Page, *, with_values: bool
    ) -> list[NodeRecord]:
        among = _below(rows_of(node_executions, execution), parent_id)
        if not with_values:
            among = among.with_only_columns(*_WITHOUT_VALUES)
        statement = paged(among, page, _COLUMNS, self._database.sql)
        return [_record(row) for row in connection.execute(statement)]


# `Any`: of the selected columns, which stand in the schema.
def _below(among: Select[Any], parent_id: str | None) -> Select[Any]:
    """Those whose parent it is; all with None."""
    parent = node_executions.c.parent_id
    if parent_id == "":
        return among.where(or_(parent == "", parent.is_(None)))
    return among if parent_id is None else among.where(parent == parent_id)


def _row(execution: ExecutionId, seq: int, node: NodeRecord) -> Cells:
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
        seq,
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
