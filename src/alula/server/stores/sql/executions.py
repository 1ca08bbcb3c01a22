"""Statements on executions as a whole: creation, lists, and who runs them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Row,
    and_,
    bindparam,
    delete,
    exists,
    extract,
    func,
    select,
    text,
    update,
)

from alula.core.engine.records import ExecutionPhase
from alula.core.ids import EntityId, ExecutionId
from alula.server.store import ExecutionRecord
from alula.server.stores.fields import Condition, Page
from alula.server.stores.portions import by_tenant
from alula.server.stores.sql import cells
from alula.server.stores.sql.dialect import Cells, Sql, newest
from alula.server.stores.sql.listing import Columns, holds, paged
from alula.server.stores.sql.tables import (
    ENDED,
    events,
    execution_data,
    execution_labels,
    executions,
    runners,
)

_KEY = (executions.c.project, executions.c.domain, executions.c.name)
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
    "execution_tag.key": execution_labels.c.key,
    "execution_tag.value": execution_labels.c.value,
}
_WHOLE = select(
    executions,
    execution_data.c.spec,
    execution_data.c.inputs,
    execution_data.c.user_inputs,
    execution_data.c.task_resources,
    execution_data.c.outputs,
    execution_data.c.incarnation,
).join(
    execution_data,
    and_(
        execution_data.c.project == executions.c.project,
        execution_data.c.domain == executions.c.domain,
        execution_data.c.execution == executions.c.name,
    ),
)
_NAMED = and_(
    executions.c.project == bindparam("of_project"),
    executions.c.domain == bindparam("of_domain"),
    executions.c.name == bindparam("of_name"),
)
"""The one that `_name` names, for statements that are built once: building one takes as long as running it."""
_ONE = _WHOLE.where(_NAMED)
# The words of the partial index, so that both databases see that it serves.
_OPEN = text(f"executions.phase NOT IN ({ENDED})")


class Executions:
    def __init__(self, sql: Sql) -> None:
        self._sql = sql
        self._insert = sql.insert_if_absent(executions)
        self._insert_data = sql.insert(execution_data)
        self._insert_label = sql.insert(execution_labels)
        self._insert_event = sql.insert(events)
        self._put_lease = sql.upsert(runners, newest)
        self._take = sql.bulk(
            update(executions)
            .where(*(column == bindparam(f"in_{column.name}") for column in _KEY), _is_free(bindparam("by_owner")))
            .values(owner=bindparam("new_owner")),
            ["new_owner", *(f"in_{column.name}" for column in _KEY), "by_owner"],
        )

    def create(self, connection: Connection, execution: ExecutionRecord, event: bytes, owner: str) -> bool:
        if self._insert.run(connection, [_row(execution, owner)]) == 0:
            return False
        given = (execution.spec, execution.inputs, execution.user_inputs, execution.task_resources)
        self._insert_data.run(connection, [(*execution.id, *given, execution.outputs, execution.incarnation)])
        labels = [(*execution.id, key, value) for key, value in execution.labels.items()]
        self._insert_label.run(connection, labels)
        self._insert_event.run(connection, [(*execution.id, 0, event)])
        return True

    def get(self, connection: Connection, id: ExecutionId) -> ExecutionRecord | None:
        row = connection.execute(_ONE, _name(id)).first()
        return None if row is None else _record(row)

    def with_lengths(
        self, connection: Connection, ids: Sequence[ExecutionId]
    ) -> dict[ExecutionId, tuple[ExecutionRecord, int]]:
        """Those that exist, with how many events their logs have."""
        found: dict[ExecutionId, tuple[ExecutionRecord, int]] = {}
        for named in _named(ids):
            for row in connection.execute(_WHOLE.where(named)):
                record = _record(row)
                found[record.id] = record, row.next_seq
        return found

    def phase(self, connection: Connection, id: ExecutionId) -> ExecutionPhase | None:
        """It stays so until the end of the transaction; None where there is no such execution."""
        statement = select(executions.c.phase).where(_is(id)).with_for_update(read=True)
        phase = connection.execute(statement).scalar()
        return None if phase is None else ExecutionPhase(phase)

    def page(self, connection: Connection, page: Page, of_labels: Sequence[Condition]) -> list[ExecutionRecord]:
        """`of_labels`: conditions that one and the same label must meet."""
        among = _WHOLE
        if of_labels:
            among = among.where(self._labelled(of_labels))
        statement = paged(among, page, _COLUMNS, _KEY, self._sql)
        return [_record(row) for row in connection.execute(statement)]

    def set_archived(self, connection: Connection, id: ExecutionId, *, archived: bool) -> bool:
        statement = update(executions).where(_is(id)).values(archived=int(archived))
        return connection.execute(statement).rowcount > 0

    # Who runs what

    def claim(
        self,
        connection: Connection,
        owner: str,
        *,
        now: int,
        lease_us: int,
        limit: int,
        among: Sequence[ExecutionId] | None = None,
    ) -> list[ExecutionId]:
        self.renew(connection, owner, now=now, lease_us=lease_us)
        # An owner whose lease ended has none of the rights of one, so its row can go.
        connection.execute(delete(runners).where(runners.c.lease_until <= now))
        free = (
            select(*_KEY)
            .where(_OPEN, _is_free(owner))
            .order_by(executions.c.created_at, *_KEY)
            # Two runners that claim at once share what is free; neither waits for the other.
            .with_for_update(skip_locked=True)
        )
        asked = [free] if among is None else [free.where(named) for named in _named(among)]
        ids = [ExecutionId(*row) for statement in asked for row in connection.execute(statement.limit(limit))][:limit]
        # Whether it is free is asked again now that the row is locked: PostgreSQL may have looked for the lease of
        # an owner that claimed it meanwhile in a snapshot from before.
        with connection.begin_nested() as attempt:
            if self._take.run(connection, [(owner, *id, owner) for id in ids]) == len(ids):
                return ids
            attempt.rollback()
        # The driver gives one count for all: go again, one by one, to learn which.
        return [id for id in ids if self._take.run(connection, [(owner, *id, owner)]) == 1]

    def claimed(self, connection: Connection, owner: str) -> list[ExecutionId]:
        return [
            ExecutionId(*row) for row in connection.execute(select(*_KEY).where(_OPEN, executions.c.owner == owner))
        ]

    def now(self, connection: Connection) -> int:
        """By the clock of a PostgreSQL database."""
        return round(connection.execute(select(extract("epoch", func.clock_timestamp()))).scalar_one() * 1_000_000)

    def renew(self, connection: Connection, owner: str, *, now: int, lease_us: int) -> None:
        self._put_lease.run(connection, [(owner, now + lease_us)])

    def owner(self, connection: Connection, execution: ExecutionId) -> str:
        return connection.execute(select(executions.c.owner).where(_is(execution))).scalar() or ""

    def next_seq(self, connection: Connection, execution: ExecutionId) -> int:
        return connection.execute(select(executions.c.next_seq).where(_is(execution))).scalar() or 0

    def release(self, connection: Connection, owner: str | None) -> None:
        mine = executions.c.owner != "" if owner is None else executions.c.owner == owner
        connection.execute(update(executions).where(mine, _OPEN).values(owner=""))

    def unattended(self, connection: Connection) -> list[ExecutionId]:
        """Open executions that nobody has claimed."""
        return [ExecutionId(*r) for r in connection.execute(select(*_KEY).where(_OPEN, executions.c.owner == ""))]

    def _labelled(self, conditions: Sequence[Condition]) -> ColumnElement[bool]:
        return exists().where(
            execution_labels.c.project == executions.c.project,
            execution_labels.c.domain == executions.c.domain,
            execution_labels.c.execution == executions.c.name,
            *(holds(given, _LABEL_COLUMNS[given.field], self._sql) for given in conditions),
        )


def _is_free(owner: str | BindParameter[str]) -> ColumnElement[bool]:
    """Neither this owner's nor that of another whose lease holds."""
    return and_(executions.c.owner != owner, ~exists().where(runners.c.owner == executions.c.owner))


def _named(ids: Sequence[ExecutionId]) -> Iterator[ColumnElement[bool]]:
    """Conditions of which each execution meets one."""
    for project, domain, names in by_tenant(ids):
        yield and_(executions.c.project == project, executions.c.domain == domain, executions.c.name.in_(names))


def _name(id: ExecutionId) -> dict[str, str]:
    return {"of_project": id.project, "of_domain": id.domain, "of_name": id.name}


def _is(id: ExecutionId) -> ColumnElement[bool]:
    return and_(
        executions.c.project == id.project,
        executions.c.domain == id.domain,
        executions.c.name == id.name,
    )


def _row(execution: ExecutionRecord, owner: str) -> Cells:
    return (
        *execution.id,
        1,
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
def _record(row: Row[Any]) -> ExecutionRecord:
    return ExecutionRecord(
        id=ExecutionId(row.project, row.domain, row.name),
        spec=row.spec,
        inputs=row.inputs,
        user_inputs=row.user_inputs,
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
        outputs=row.outputs,
        abort_cause=row.abort_cause,
        abort_principal=row.abort_principal,
        archived=bool(row.archived),
        labels=cells.to_words(row.labels),
        task_resources=row.task_resources,
        incarnation=row.incarnation or "",
    )
