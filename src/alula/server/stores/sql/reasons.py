"""Causal records, which the engine writes: they tell why an execution is as it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Insert, Row, bindparam, func, insert, literal_column, select

from alula.core.engine.records import Reason
from alula.core.ids import ExecutionId
from alula.server.stores.merging import Merged
from alula.server.stores.sql.database import Database
from alula.server.stores.sql.dialect import Cells
from alula.server.stores.sql.execution_keys import rows_of
from alula.server.stores.sql.tables import reasons

_REASON = [column.name for column in reasons.columns if column.name != "number"]


class Reasons:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._append = database.sql.bulk(
            _append_reason(),
            ["project", "domain", "execution", "of_project", "of_domain", "of_execution", *_REASON[3:]],
        )

    async def page(
        self,
        execution: ExecutionId,
        *,
        node_id: str | None = None,
        index: int | None = None,
        code: str | None = None,
        after: int = 0,
        limit: int,
    ) -> list[tuple[int, Reason]]:
        given = ((reasons.c.node_id, node_id), (reasons.c.item_index, index), (reasons.c.code, code))
        statement = (
            rows_of(reasons, execution)
            .where(reasons.c.number > after, *(column == value for column, value in given if value is not None))
            .order_by(reasons.c.number)
            .limit(limit)
        )

        def read(connection: Connection) -> list[tuple[int, Reason]]:
            return [(row.number, _record(row)) for row in connection.execute(statement)]

        return await self._database.read(read)

    async def read(self, execution: ExecutionId, node_id: str | None = None) -> list[Reason]:
        def read(connection: Connection) -> list[Reason]:
            statement = rows_of(reasons, execution).order_by(reasons.c.number)
            if node_id is not None:
                statement = statement.where(reasons.c.node_id == node_id)
            return [_record(row) for row in connection.execute(statement)]

        return await self._database.read(read)

    def write(self, connection: Connection, merged: Sequence[Merged]) -> None:
        """Changes of executions, at most one for each."""
        self._append.run(connection, [_row(id, row) for id, _, one in merged for row in one.reasons])


def _append_reason() -> Insert:
    """Numbered within the execution; the fence that was passed before keeps others from numbering too."""
    last = (
        select(func.coalesce(func.max(reasons.c.number), literal_column("0")) + literal_column("1"))
        .where(
            reasons.c.project == bindparam("of_project"),
            reasons.c.domain == bindparam("of_domain"),
            reasons.c.execution == bindparam("of_execution"),
        )
        .scalar_subquery()
    )
    given: dict[str, ColumnElement[Any]] = {name: bindparam(name) for name in _REASON}
    return insert(reasons).values({**given, "number": last}).inline()


def _row(execution: ExecutionId, reason: Reason) -> Cells:
    said = msgspec.json.encode((reason.text, reason.facts))
    place = (reason.node_id, reason.attempt, reason.index)
    return (*execution, *execution, *place, reason.at, reason.code, said)


# `Any`: of the selected columns, which stand in the schema.
def _record(row: Row[Any]) -> Reason:
    text, facts = msgspec.json.decode(row.said, type=tuple[str, dict[str, str]])
    return Reason(row.at, row.node_id, row.attempt, row.item_index, row.code, text, facts)
