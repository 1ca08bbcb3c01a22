"""Conditions that name executions, for statements on their own table and on those of their parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, and_, bindparam, func, select, text

from alula.core.ids import ExecutionId
from alula.server.stores.portions import by_tenant
from alula.server.stores.sql.tables import ENDED, executions

KEY = (executions.c.project, executions.c.domain, executions.c.name)
# The words of the partial index, so that both databases see that it serves.
IS_OPEN = text(f"executions.phase NOT IN ({ENDED})")


def is_one_of(project: ColumnElement[str], domain: ColumnElement[str], name: ColumnElement[str]) -> ColumnElement[bool]:
    """Being one of those that the parameters of a `portion` name, for statements that are built once: building one
    takes longer than running it."""
    return and_(
        project == bindparam("of_project"),
        domain == bindparam("of_domain"),
        name.in_(bindparam("of_names", expanding=True)),
    )


# `Any`: a name, or a list of names.
def portions(ids: Sequence[ExecutionId]) -> Iterator[dict[str, Any]]:
    """The parameters of `is_one_of`; each execution is in one portion."""
    for project, domain, names in by_tenant(ids):
        yield {"of_project": project, "of_domain": domain, "of_names": names}


def is_execution(id: ExecutionId) -> ColumnElement[bool]:
    return and_(
        executions.c.project == id.project,
        executions.c.domain == id.domain,
        executions.c.name == id.name,
    )


# `Any`: of the selected columns, which stand in the schema.
def changed(table: FromClause, execution: ExecutionId, since: int) -> Select[Any]:
    """Those that have changed after the log of the execution had `since` events; all with 0."""
    among = rows_of(table, execution)
    return among.where(table.c.changed_seq > since) if since else among


def in_order(since: int, first: ColumnElement[Any], *then: ColumnElement[Any]) -> Iterator[ColumnElement[Any]]:
    """The order of rows by their key. Of changes by what equals it: else SQLite reads all rows in the order of their
    key, instead of the few that have changed by the index of these."""
    yield func.coalesce(first, "") if since else first
    yield from then


# `Any`: as above.
def rows_of(table: FromClause, execution: ExecutionId) -> Select[Any]:
    """The rows of a table that belong to an execution."""
    return select(table).where(
        table.c.project == execution.project,
        table.c.domain == execution.domain,
        table.c.execution == execution.name,
    )
