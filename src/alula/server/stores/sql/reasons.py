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

MANY = 10
"""Reasons of one execution that are numbered here: the database looks up the number before for each of fewer."""
_REASON = [column.name for column in reasons.columns if column.name != "number"]
_LAST = select(func.coalesce(func.max(reasons.c.number), literal_column("0"))).where(
    reasons.c.project == bindparam("of_project"),
    reasons.c.domain == bindparam("of_domain"),
    reasons.c.execution == bindparam("of_execution"),
)
"""The number of the last reason of an execution."""


class Reasons:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._append = database.sql.bulk(
            _append_reason(),
            ["project", "domain", "execution", "of_project", "of_domain", "of_execution", *_REASON[3:]],
        )
        self._append_many = database.sql.insert(reasons)

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
        few = [(id, one.reasons) for id, _, one in merged if len(one.reasons) < MANY]
        self._append.run(connection, [(*id, *id, *_said(row)) for id, told in few for row in told])
        for id, _, one in merged:
            if len(one.reasons) >= MANY:
                of = {"of_project": id.project, "of_domain": id.domain, "of_execution": id.name}
                first = connection.execute(_LAST, of).scalar_one() + 1
                rows = [(*id, first + i, *_said(row)) for i, row in enumerate(one.reasons)]
                self._append_many.run(connection, rows)


def _append_reason() -> Insert:
    """Numbered within the execution; the fence that was passed before keeps others from numbering too."""
    last = _LAST.scalar_subquery()
    given: dict[str, ColumnElement[Any]] = {name: bindparam(name) for name in _REASON}
    return insert(reasons).values({**given, "number": last + literal_column("1")}).inline()


def _said(reason: Reason) -> Cells:
    said = msgspec.json.encode((reason.text, reason.facts))
    return (reason.node_id, reason.attempt, reason.index, reason.at, reason.code, said)


# `Any`: of the selected columns, which stand in the schema.
def _record(row: Row[Any]) -> Reason:
    text, facts = msgspec.json.decode(row.said, type=tuple[str, dict[str, str]])
    return Reason(row.at, row.node_id, row.attempt, row.item_index, row.code, text, facts)
