"""Executions as a whole, from their creation on, and lists of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, and_, bindparam, exists, select, update

from alula.core.engine.records import ExecutionPhase
from alula.core.ids import EntityId, ExecutionId
from alula.server.store.audits import Audit
from alula.server.store.executions import EXECUTIONS, LABEL_KEY, LABEL_VALUE, ExecutionRecord, being_removed
from alula.server.store.news import News
from alula.server.store.query import Query
from alula.server.stores.checking import Condition, check
from alula.server.stores.merging import Merged
from alula.server.stores.sql import cells
from alula.server.stores.sql.audits import Audits
from alula.server.stores.sql.database import Database
from alula.server.stores.sql.dialect import Cells
from alula.server.stores.sql.execution_keys import IS_OPEN, KEY, is_execution, is_one_of, portions
from alula.server.stores.sql.listing import Columns, holds, paged
from alula.server.stores.sql.news import NewsLine
from alula.server.stores.sql.outbox import Outbox
from alula.server.stores.sql.tables import events, execution_data, execution_labels, executions, removals
from alula.server.stores.sql.ties import Ties
from alula.server.stores.sql.wake_ups import WakeUps

_COLUMNS: Columns = {
    **{
        name: executions.c[name]
        for name in (
            "project",
            "domain",
            "name",
            "phase",
            "archived",
            "launch_entity",
            "principal",
            "mode",
            "created_at",
            "updated_at",
            "started_at",
            "ended_at",
            "abort_cause",
            "abort_principal",
        )
    },
    **{
        f"{entity}.{part}": executions.c[f"{entity}_{part}"]
        for entity in ("workflow", "launch_plan")
        for part in ("project", "domain", "name", "version")
    },
    "state": executions.c.archived,
}
_LABEL_COLUMNS: Columns = {
    LABEL_KEY: execution_labels.c.key,
    LABEL_VALUE: execution_labels.c.value,
}
_OF_IT = and_(
    execution_data.c.project == executions.c.project,
    execution_data.c.domain == executions.c.domain,
    execution_data.c.execution == executions.c.name,
)
_WHOLE = select(
    executions,
    execution_data.c.spec,
    execution_data.c.inputs,
    execution_data.c.user_inputs,
    execution_data.c.task_resources,
    execution_data.c.outputs,
    execution_data.c.incarnation,
).join(execution_data, _OF_IT)
_WITHOUT_VALUES = select(executions, execution_data.c.spec).join(execution_data, _OF_IT)
"""For lists: the columns that are left out may be a megabyte a row."""
_IS_NAMED = and_(
    executions.c.project == bindparam("of_project"),
    executions.c.domain == bindparam("of_domain"),
    executions.c.name == bindparam("of_name"),
)
"""The one that `_name` names, for statements that are built once: building one takes as long as running it."""
_IS_BEING_REMOVED = select(removals.c.finished).where(
    removals.c.project == bindparam("of_project"),
    removals.c.domain == bindparam("of_domain"),
    removals.c.execution == bindparam("of_name"),
    removals.c.finished == 0,
)
_ONE = _WHOLE.where(_IS_NAMED)
_SOME = _WHOLE.where(is_one_of(*KEY))
_ONE_WITHOUT_VALUES = _WITHOUT_VALUES.where(_IS_NAMED)


class Executions:
    def __init__(
        self, database: Database, audits: Audits, ties: Ties, outbox: Outbox, wake_ups: WakeUps, news: NewsLine
    ) -> None:
        self._database = database
        self._audits = audits
        self._ties = ties
        self._outbox = outbox
        self._wake_ups = wake_ups
        self._news = news
        sql = database.sql
        self._insert = sql.insert_if_absent(executions)
        self._insert_data = sql.insert(execution_data)
        self._insert_label = sql.insert(execution_labels)
        self._insert_event = sql.insert(events)
        self._put_outputs = sql.bulk(
            update(execution_data)
            .where(
                execution_data.c.project == bindparam("in_project"),
                execution_data.c.domain == bindparam("in_domain"),
                execution_data.c.execution == bindparam("in_execution"),
            )
            .values(outputs=bindparam("new_outputs", type_=execution_data.c.outputs.type)),
            ["new_outputs", "in_project", "in_domain", "in_execution"],
        )

    async def create(self, execution: ExecutionRecord, event: bytes, audit: Audit, *, owner: str = "") -> bool:
        def tell(created: bool) -> None:
            if created:
                self.tell_launched(execution)

        return await self._database.write(
            lambda connection: self.launch(connection, execution, event, audit, owner), after=tell
        )

    def launch(
        self, connection: Connection, execution: ExecutionRecord, event: bytes, audit: Audit, owner: str = ""
    ) -> bool:
        """Create one in a transaction of the caller's, which then calls `tell_launched`. False if the id exists."""
        created = self._create(connection, execution, event, owner)
        if created:
            self._audits.append(connection, [audit])
            self._outbox.tell_launch(connection, execution)
            self._wake_ups.note(connection, execution.id)
        return created

    def tell_launched(self, execution: ExecutionRecord) -> None:
        """Tell this process of one that was created. On the event loop's thread."""
        self._wake_ups.wake(execution.id)
        self._news.tell(News(execution.id, 1, execution.phase))

    async def get(self, id: ExecutionId, *, with_values: bool = True) -> ExecutionRecord | None:
        def read(connection: Connection) -> ExecutionRecord | None:
            row = connection.execute(_ONE if with_values else _ONE_WITHOUT_VALUES, _name(id)).first()
            return None if row is None else _record(row, with_values=with_values)

        return await self._database.read(read)

    async def page(self, query: Query, *, with_values: bool = False) -> list[ExecutionRecord]:
        page = check(query, EXECUTIONS)
        of_labels = tuple(given for given in page.conditions if given.field in EXECUTIONS.only_filters)
        of_rows = tuple(given for given in page.conditions if given.field in EXECUTIONS.fields)
        page = msgspec.structs.replace(page, conditions=of_rows)
        among = _WHOLE if with_values else _WITHOUT_VALUES
        if of_labels:
            among = among.where(self._labelled(of_labels))

        def read(connection: Connection) -> list[ExecutionRecord]:
            rows = connection.execute(paged(among, page, _COLUMNS, self._database.sql))
            return [_record(row, with_values=with_values) for row in rows]

        return await self._database.read(read)

    async def open_of(self, project: str, domain: str, plan: str, *, limit: int) -> list[ExecutionRecord]:
        is_of_plan = and_(
            executions.c.launch_plan_project == project,
            executions.c.launch_plan_domain == domain,
            executions.c.launch_plan_name == plan,
            executions.c.launch_entity == "launch_plan",
        )
        statement = _WITHOUT_VALUES.where(IS_OPEN, is_of_plan).order_by(executions.c.created_at).limit(limit)

        def read(connection: Connection) -> list[ExecutionRecord]:
            return [_record(row, with_values=False) for row in connection.execute(statement)]

        return await self._database.read(read)

    async def set_archived(self, id: ExecutionId, *, archived: bool, audit: Audit) -> bool:
        statement = update(executions).where(is_execution(id)).values(archived=int(archived))
        return await self._audits.change(audit, lambda connection: connection.execute(statement).rowcount > 0)

    def write(self, connection: Connection, merged: Sequence[Merged]) -> None:
        """Changes of executions, as far as they are not written with the fence: outputs."""
        outputs = [
            (changes.execution.outputs, *id)
            for id, _, changes in merged
            if changes.execution is not None and changes.execution.outputs is not None
        ]
        self._put_outputs.run(connection, outputs)

    def with_lengths(
        self, connection: Connection, ids: Sequence[ExecutionId]
    ) -> dict[ExecutionId, tuple[ExecutionRecord, int]]:
        """Those that exist, with how many events their logs have."""
        found: dict[ExecutionId, tuple[ExecutionRecord, int]] = {}
        for portion in portions(ids):
            for row in connection.execute(_SOME, portion):
                record = _record(row)
                found[record.id] = record, row.next_seq
        return found

    def phase(self, connection: Connection, id: ExecutionId) -> ExecutionPhase | None:
        """The phase, which stays so until the end of the transaction; None if there is no such execution."""
        statement = select(executions.c.phase).where(is_execution(id)).with_for_update(read=True)
        phase = connection.execute(statement).scalar()
        return None if phase is None else ExecutionPhase(phase)

    def _create(self, connection: Connection, execution: ExecutionRecord, event: bytes, owner: str) -> bool:
        if not self.insert(connection, execution, owner):
            return False
        self._insert_event.run(connection, [(*execution.id, 0, event)])
        return True

    def insert(self, connection: Connection, execution: ExecutionRecord, owner: str = "") -> bool:
        """Write the rows of its own, without any of its log. False if the id exists."""
        if self._insert.run(connection, [_row(execution, owner)]) == 0:
            return False
        if connection.execute(_IS_BEING_REMOVED, _name(execution.id)).first() is not None:
            raise being_removed(execution.id)
        self._ties.tie(connection, execution)
        given = (execution.spec, execution.inputs, execution.user_inputs, execution.task_resources)
        self._insert_data.run(connection, [(*execution.id, *given, execution.outputs, execution.incarnation)])
        labels = [(*execution.id, key, value) for key, value in execution.labels.items()]
        self._insert_label.run(connection, labels)
        return True

    def _labelled(self, conditions: Sequence[Condition]) -> ColumnElement[bool]:
        return exists().where(
            execution_labels.c.project == executions.c.project,
            execution_labels.c.domain == executions.c.domain,
            execution_labels.c.execution == executions.c.name,
            *(holds(given, _LABEL_COLUMNS[given.field], self._database.sql) for given in conditions),
        )


def _name(id: ExecutionId) -> dict[str, str]:
    return {"of_project": id.project, "of_domain": id.domain, "of_name": id.name}


def _row(execution: ExecutionRecord, owner: str) -> Cells:
    return (
        *execution.id,
        execution.seq,
        owner,
        int(execution.phase),
        execution.created_at,
        execution.updated_at,
        execution.started_at,
        execution.ended_at,
        int(execution.archived),
        execution.mode,
        execution.launch_entity,
        cells.from_prose(execution.principal),
        *execution.workflow,
        *execution.launch_plan,
        cells.from_words(execution.labels),
        cells.from_prose_if_any(execution.abort_cause),
        cells.from_prose_if_any(execution.abort_principal),
        cells.from_error(execution.error),
    )


# `Any`: of the selected columns, which stand in the schema.
def _record(row: Row[Any], *, with_values: bool = True) -> ExecutionRecord:
    return ExecutionRecord(
        id=ExecutionId(row.project, row.domain, row.name),
        spec=row.spec,
        inputs=row.inputs if with_values else b"",
        user_inputs=row.user_inputs if with_values else b"",
        workflow=EntityId(row.workflow_project, row.workflow_domain, row.workflow_name, row.workflow_version),
        launch_entity=row.launch_entity,
        launch_plan=EntityId(
            row.launch_plan_project,
            row.launch_plan_domain,
            row.launch_plan_name,
            row.launch_plan_version,
        ),
        principal=row.principal,
        mode=row.mode,
        created_at=row.created_at,
        updated_at=row.updated_at,
        phase=ExecutionPhase(row.phase),
        started_at=row.started_at,
        ended_at=row.ended_at,
        error=cells.to_error(row.error),
        outputs=row.outputs if with_values else None,
        abort_cause=row.abort_cause,
        abort_principal=row.abort_principal,
        archived=bool(row.archived),
        labels=cells.to_words(row.labels),
        task_resources=row.task_resources if with_values else b"",
        incarnation=(row.incarnation or "") if with_values else "",
        seq=row.next_seq,
    )
