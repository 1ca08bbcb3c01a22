"""Attempts of task nodes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, or_, tuple_

from alula.core.engine.records import AttemptPhase, AttemptRecord
from alula.core.ids import ExecutionId
from alula.server.store.attempts import ATTEMPTS, ENDED_WITH_NODE, AttemptColumns
from alula.server.store.query import Query
from alula.server.stores.checking import check
from alula.server.stores.merging import Merged
from alula.server.stores.sql import cells
from alula.server.stores.sql.database import Database
from alula.server.stores.sql.dialect import Cells, columns_of, newest_known
from alula.server.stores.sql.execution_keys import changed, in_order, rows_of
from alula.server.stores.sql.listing import Columns, paged
from alula.server.stores.sql.tables import task_executions

_COLUMNS: Columns = {"attempt": task_executions.c.attempt}

_AS_COLUMNS = tuple(
    task_executions.c[name] for name in ("node_id", "attempt", "phase", "created_at", "started_at", "ended_at", "size")
)
_NODES_DO_NOT_TELL = or_(
    task_executions.c.attempt > 0,
    task_executions.c.phase.not_in([phase.value for phase in ENDED_WITH_NODE]),
    task_executions.c.size.is_not(None),
)


class Attempts:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._put = database.sql.upsert(task_executions, newest_known, each_once=True)

    async def page(self, execution: ExecutionId, node_id: str, query: Query) -> list[AttemptRecord]:
        page = check(query, ATTEMPTS)

        def read(connection: Connection) -> list[AttemptRecord]:
            among = rows_of(task_executions, execution).where(task_executions.c.node_id == node_id)
            statement = paged(among, page, _COLUMNS, self._database.sql)
            return [_record(row) for row in connection.execute(statement)]

        return await self._database.read(read)

    async def portion(
        self, execution: ExecutionId, *, after: tuple[str, int] = ("", -1), limit: int
    ) -> list[AttemptRecord]:
        key = tuple_(task_executions.c.node_id, task_executions.c.attempt)
        statement = rows_of(task_executions, execution).where(key > after).order_by(*key).limit(limit)

        def read(connection: Connection) -> list[AttemptRecord]:
            return [_record(row) for row in connection.execute(statement)]

        return await self._database.read(read)

    async def columns(self, execution: ExecutionId, *, since: int = 0, limit: int | None = None) -> AttemptColumns:
        among = changed(task_executions, execution, since)
        if not since:
            among = among.where(_NODES_DO_NOT_TELL)
        statement = (
            among.with_only_columns(*_AS_COLUMNS)
            .order_by(*in_order(since, task_executions.c.node_id, task_executions.c.attempt))
            .limit(limit)
        )

        def read(connection: Connection) -> AttemptColumns:
            return AttemptColumns(*columns_of(connection, statement, len(_AS_COLUMNS)))

        return await self._database.read(read)

    async def sizes(self, execution: ExecutionId, nodes: Collection[str]) -> dict[str, int]:
        key, size = task_executions.c.node_id, task_executions.c.size
        statement = (
            rows_of(task_executions, execution)
            .with_only_columns(key, func.max(size))
            .where(key.in_(sorted(nodes)), size.is_not(None))
            .group_by(key)
        )

        def read(connection: Connection) -> dict[str, int]:
            return {row[0]: row[1] for row in connection.execute(statement)}

        return await self._database.read(read)

    def write(self, connection: Connection, merged: Sequence[Merged]) -> None:
        """Changes of executions, at most one for each."""
        self._put.run(connection, [_row(id, seq, row) for id, seq, one in merged for row in one.attempts])


def _row(execution: ExecutionId, seq: int, attempt: AttemptRecord) -> Cells:
    return (
        *execution,
        attempt.node_id,
        attempt.attempt,
        int(attempt.phase),
        attempt.updated_at,
        *(attempt.task or (None, None, None, None)),
        attempt.task_type,
        attempt.created_at,
        attempt.started_at,
        attempt.ended_at,
        cells.from_error(attempt.error),
        cells.from_number(attempt.is_interruptible),
        attempt.size,
        attempt.executor,
        cells.from_logs(attempt.logs),
        cells.from_info(attempt.info),
        cells.from_usage(attempt.usage),
        seq,
    )


# `Any`: of the selected columns, which stand in the schema.
def _record(row: Row[Any]) -> AttemptRecord:
    return AttemptRecord(
        node_id=row.node_id,
        attempt=row.attempt,
        phase=AttemptPhase(row.phase),
        updated_at=row.updated_at,
        task=cells.to_entity_id(row.task_project, row.task_domain, row.task_name, row.task_version),
        task_type=row.task_type,
        created_at=row.created_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        error=cells.to_error(row.error),
        is_interruptible=cells.to_flag(row.is_interruptible),
        size=row.size,
        executor=row.executor,
        logs=cells.to_logs(row.logs),
        info=cells.to_info(row.info),
        usage=cells.to_usage(row.usage),
    )
