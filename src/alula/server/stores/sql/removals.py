"""Removals of runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Row,
    Table,
    and_,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    tuple_,
    union_all,
    update,
)

from alula.core.engine.records import ExecutionPhase
from alula.core.ids import ExecutionId
from alula.core.policy.retention import RunOutline
from alula.server.store.audits import Audit
from alula.server.store.leases import Lease
from alula.server.store.removals import Mentions, Removal, Tries
from alula.server.stores.sql.audits import Audits
from alula.server.stores.sql.database import Database
from alula.server.stores.sql.execution_keys import KEY, is_execution
from alula.server.stores.sql.leases import Leases
from alula.server.stores.sql.mentions import read_mentions
from alula.server.stores.sql.tables import (
    ENDED_PHASES,
    events,
    execution_data,
    execution_labels,
    executions,
    inbox,
    items,
    jobs,
    left_objects,
    node_executions,
    reasons,
    removals,
    signals,
    task_executions,
)
from alula.server.stores.sql.ties import Ties

_AT_ONCE = (execution_labels, execution_data)
"""Tables with few rows of a run, which go with it."""
_LATER = (events, node_executions, task_executions, items, reasons, signals, inbox)
"""Tables with any number of rows of a run."""
_OF_RUN = ("project", "domain", "execution")
# `Any`: columns of several types.
_OUTLINE: Sequence[Column[Any]] = (
    *KEY,
    *(executions.c[name] for name in ("workflow_name", "phase", "created_at", "ended_at")),
)
_ORDER = (executions.c.project, executions.c.domain, executions.c.created_at, executions.c.name)


class Removals:
    def __init__(self, database: Database, audits: Audits, leases: Leases, ties: Ties) -> None:
        self._database = database
        self._audits = audits
        self._leases = leases
        self._ties = ties
        self._leave = database.sql.insert_if_absent(left_objects)

    async def outlines(self, after: RunOutline | None, *, limit: int) -> list[RunOutline]:
        statement = select(*_OUTLINE).order_by(*(column.desc() for column in _ORDER)).limit(limit)
        if after is not None:
            place = (after.id.project, after.id.domain, after.created_at, after.id.name)
            statement = statement.where(tuple_(*_ORDER) < place)
        return await self._database.read(lambda connection: [_outline(row) for row in connection.execute(statement)])

    async def begin(self, lease: Lease, removals: Sequence[tuple[Removal, Audit]]) -> list[ExecutionId]:
        def begin(connection: Connection) -> list[ExecutionId]:
            begun = [(removal.id, audit) for removal, audit in removals if self._begin(connection, removal)]
            self._audits.append(connection, [audit for _, audit in begun])
            return [id for id, _ in begun]

        return await self._leases.under(lease, begin)

    async def unfinished(self, *, limit: int) -> list[Removal]:
        statement = select(removals).where(removals.c.finished == 0).order_by(removals.c.removed_at).limit(limit)
        return await self._database.read(lambda connection: [_removal(row) for row in connection.execute(statement)])

    async def tries(self, run: ExecutionId, after: Tries | None, *, limit: int) -> list[Tries]:
        of_nodes = select(
            task_executions.c.node_id,
            literal(-1).label("item_index"),
            func.max(task_executions.c.attempt).label("last"),
        ).where(_are_of(task_executions, run))
        of_items = select(items.c.node_id, items.c.item_index, items.c.attempt).where(_are_of(items, run))
        if after is not None:
            of_nodes = of_nodes.where(task_executions.c.node_id > after.node_id)
            of_items = of_items.where(tuple_(items.c.node_id, items.c.item_index) > (after.node_id, after.item))
        both = union_all(of_nodes.group_by(task_executions.c.node_id), of_items).subquery()
        statement = select(both).order_by(both.c.node_id, both.c.item_index).limit(limit)
        return await self._database.read(lambda connection: [Tries(*row) for row in connection.execute(statement)])

    async def mentions(self, after: str, *, limit: int) -> Mentions:
        return await self._database.read(lambda connection: read_mentions(connection, after, limit))

    async def leave(self, lease: Lease, uris: Sequence[str]) -> None:
        rows = [(uri,) for uri in uris]
        await self._leases.under(lease, lambda connection: self._leave.run(connection, rows))

    async def left(self, after: str, *, limit: int) -> list[str]:
        uri = left_objects.c.uri
        statement = select(uri).where(uri > after).order_by(uri).limit(limit)
        return await self._database.read(lambda connection: list(connection.execute(statement).scalars()))

    async def forget_left(self, lease: Lease, uris: Sequence[str]) -> None:
        statement = delete(left_objects).where(left_objects.c.uri.in_(uris))
        await self._leases.under(lease, lambda connection: connection.execute(statement))

    async def remove_rows(self, lease: Lease, run: ExecutionId, *, limit: int) -> int:
        def remove(connection: Connection) -> int:
            removed = 0
            for table in _LATER:
                if removed < limit:
                    removed += connection.execute(_delete_some(table, run, limit - removed)).rowcount
            return removed

        return await self._leases.under(lease, remove)

    async def finish(self, lease: Lease, removal: Removal) -> None:
        is_it = and_(_are_of(removals, removal.id), removals.c.incarnation == removal.incarnation)
        statement = update(removals).where(is_it).values(finished=1)
        await self._leases.under(lease, lambda connection: connection.execute(statement))

    async def find(self, run: ExecutionId) -> Removal | None:
        statement = select(removals).where(_are_of(removals, run)).order_by(removals.c.removed_at.desc()).limit(1)

        def read(connection: Connection) -> Removal | None:
            row = connection.execute(statement).first()
            return None if row is None else _removal(row)

        return await self._database.read(read)

    async def forget(self, lease: Lease, before: int, *, limit: int) -> int:
        key = tuple(removals.primary_key.columns)
        some = select(*key).where(removals.c.finished == 1, removals.c.removed_at < before).limit(limit)
        statement = delete(removals).where(tuple_(*key).in_(some))
        return await self._leases.under(lease, lambda connection: connection.execute(statement).rowcount)

    def _begin(self, connection: Connection, removal: Removal) -> bool:
        run = removal.id
        ended = select(executions.c.name).where(is_execution(run), executions.c.phase.in_(ENDED_PHASES))
        # Locked before anything is asked of it: what needs it is tied to it by now, or waits and finds it gone.
        if connection.execute(ended.with_for_update()).first() is None or self._ties.read(connection, [run]):
            return False
        if connection.execute(select(exists().where(_are_of(jobs, run)))).scalar():
            return False
        row = (*run, removal.incarnation, removal.rule, removal.raw_prefix, removal.removed_at, 0)
        connection.execute(insert(removals).values(dict(zip(removals.c.keys(), row, strict=True))))
        for table in _AT_ONCE:
            connection.execute(delete(table).where(_are_of(table, run)))
        self._ties.remove(connection, run)
        connection.execute(delete(executions).where(is_execution(run)))
        return True


def _are_of(table: Table, run: ExecutionId) -> ColumnElement[bool]:
    return and_(*(table.c[column] == value for column, value in zip(_OF_RUN, run, strict=True)))


def _delete_some(table: Table, run: ExecutionId, limit: int) -> Any:  # `Any`: a statement
    key = tuple(table.primary_key.columns)
    some = select(*key).where(_are_of(table, run)).limit(limit)
    return delete(table).where(tuple_(*key).in_(some))


def _outline(row: Row[Any]) -> RunOutline:  # `Any`: of the selected columns
    ended_at = (row.ended_at or row.created_at) if row.phase in ENDED_PHASES else None
    id = ExecutionId(row.project, row.domain, row.name)
    return RunOutline(id, row.workflow_name, ExecutionPhase(row.phase).name, row.created_at, ended_at)


def _removal(row: Row[Any]) -> Removal:  # `Any`: a whole row
    id = ExecutionId(row.project, row.domain, row.execution)
    return Removal(id, row.incarnation, row.rule, row.removed_at, row.raw_prefix)
