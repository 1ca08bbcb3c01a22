"""Statements on what happens inside an execution: nodes, attempts, items of arrays, reasons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Insert,
    Row,
    Select,
    Table,
    and_,
    bindparam,
    case,
    func,
    insert,
    literal_column,
    null,
    or_,
    select,
)

from alula.core.engine.records import (
    AttemptPhase,
    AttemptRecord,
    Changes,
    ItemRecord,
    NodePhase,
    NodeRecord,
    Reason,
)
from alula.core.ids import ExecutionId
from alula.server.stores.fields import Page
from alula.server.stores.sql import cells
from alula.server.stores.sql.dialect import Cells, Excluded, Sql, newest_known
from alula.server.stores.sql.listing import Columns, paged
from alula.server.stores.sql.tables import items, node_executions, reasons, task_executions

_NODE_COLUMNS: Columns = {
    name: node_executions.c[name]
    for name in ("node_id", "phase", "cache_status", "created_at", "started_at", "updated_at")
}
_ATTEMPT_COLUMNS: Columns = {"attempt": task_executions.c.attempt}
_WITHOUT_VALUES = [
    null().label(column.name) if column.name in ("inputs", "outputs") else column for column in node_executions.columns
]
_ITEM_COLUMNS: Columns = {
    "index": items.c.item_index,
    "phase": items.c.phase,
    "updated_at": items.c.updated_at,
}
_REASON = [column.name for column in reasons.columns if column.name != "number"]


class Nodes:
    def __init__(self, sql: Sql) -> None:
        self._sql = sql
        self._put_nodes = sql.upsert(node_executions, newest_known)
        self._put_attempts = sql.upsert(task_executions, newest_known)
        self._put_items = sql.upsert(items, _newest_attempt, unless_older="attempt")
        self._append_reasons = sql.bulk(
            _append_reason(),
            ["project", "domain", "execution", "of_project", "of_domain", "of_execution", *_REASON[3:]],
        )

    def write(self, connection: Connection, merged: Sequence[tuple[ExecutionId, Changes]]) -> None:
        """Changes of executions, at most one for each and with at most one row for each thing."""
        self._put_nodes.run(connection, [_node_row(id, row) for id, one in merged for row in one.nodes])
        self._put_attempts.run(connection, [_attempt_row(id, row) for id, one in merged for row in one.attempts])
        self._put_items.run(connection, [_item_row(id, row) for id, one in merged for row in one.items])
        self._append_reasons.run(connection, [_reason_row(id, row) for id, one in merged for row in one.reasons])

    def node(self, connection: Connection, execution: ExecutionId, node_id: str) -> NodeRecord | None:
        statement = _of(node_executions, execution).where(node_executions.c.node_id == node_id)
        row = connection.execute(statement).first()
        return None if row is None else _node(row)

    def page(
        self, connection: Connection, execution: ExecutionId, parent_id: str | None, page: Page, *, with_values: bool
    ) -> list[NodeRecord]:
        among = _of(node_executions, execution)
        if not with_values:
            among = among.with_only_columns(*_WITHOUT_VALUES)
        parent = node_executions.c.parent_id
        if parent_id == "":
            among = among.where(or_(parent == "", parent.is_(None)))
        elif parent_id is not None:
            among = among.where(parent == parent_id)
        statement = paged(among, page, _NODE_COLUMNS, [node_executions.c.node_id], self._sql)
        return [_node(row) for row in connection.execute(statement)]

    def attempts(self, connection: Connection, execution: ExecutionId, node_id: str, page: Page) -> list[AttemptRecord]:
        among = _of(task_executions, execution).where(task_executions.c.node_id == node_id)
        statement = paged(among, page, _ATTEMPT_COLUMNS, [], self._sql)
        return [_attempt(row) for row in connection.execute(statement)]

    def items(self, connection: Connection, execution: ExecutionId, node_id: str, page: Page) -> list[ItemRecord]:
        among = _of(items, execution).where(items.c.node_id == node_id)
        statement = paged(among, page, _ITEM_COLUMNS, [items.c.item_index], self._sql)
        return [_item(row) for row in connection.execute(statement)]

    def item_phases(self, connection: Connection, execution: ExecutionId, node_id: str) -> dict[AttemptPhase, int]:
        phase = items.c.phase
        statement = (
            _of(items, execution)
            .with_only_columns(phase, func.count())
            .where(items.c.node_id == node_id)
            .group_by(phase)
        )
        return {AttemptPhase(number): count for number, count in connection.execute(statement)}

    def reasons(self, connection: Connection, execution: ExecutionId, node_id: str | None) -> list[Reason]:
        statement = _of(reasons, execution).order_by(reasons.c.number)
        if node_id is not None:
            statement = statement.where(reasons.c.node_id == node_id)
        return [_reason(row) for row in connection.execute(statement)]


def _newest_attempt(table: Table, excluded: Excluded, name: str) -> ColumnElement[Any]:
    """`merging.overlay_item`: NULL means as before, but only within one attempt."""
    if not table.c[name].nullable:
        return excluded[name]
    same_attempt = excluded.attempt == table.c.attempt
    return case((same_attempt, func.coalesce(excluded[name], table.c[name])), else_=excluded[name])


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


def _of(table: FromClause, execution: ExecutionId) -> Select[Any]:
    return select(table).where(
        and_(
            table.c.project == execution.project,
            table.c.domain == execution.domain,
            table.c.execution == execution.name,
        )
    )


# Rows: in the order of the table's columns.


def _node_row(execution: ExecutionId, node: NodeRecord) -> Cells:
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


def _attempt_row(execution: ExecutionId, attempt: AttemptRecord) -> Cells:
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
    )


def _item_row(execution: ExecutionId, item: ItemRecord) -> Cells:
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
    )


def _reason_row(execution: ExecutionId, reason: Reason) -> Cells:
    said = msgspec.json.encode((reason.text, reason.facts))
    place = (reason.node_id, reason.attempt, reason.index)
    return (*execution, *execution, *place, reason.at, reason.code, said)


# Records. `Any`: of the selected columns, which stand in the schema.


def _node(row: Row[Any]) -> NodeRecord:
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


def _attempt(row: Row[Any]) -> AttemptRecord:
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
    )


def _item(row: Row[Any]) -> ItemRecord:
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
    )


def _reason(row: Row[Any]) -> Reason:
    text, facts = msgspec.json.decode(row.said, type=tuple[str, dict[str, str]])
    return Reason(row.at, row.node_id, row.attempt, row.item_index, row.code, text, facts)
