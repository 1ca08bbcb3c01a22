"""Ties of runs. A run and what holds it are locked in one order: the run that is to stay first."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, or_, select

from alula.core.errors import NotFound
from alula.core.ids import ExecutionId
from alula.server.store.audits import Audit
from alula.server.store.executions import ExecutionRecord
from alula.server.store.ties import KEPT
from alula.server.stores.sql.audits import Audits
from alula.server.stores.sql.database import Database
from alula.server.stores.sql.execution_keys import is_execution, is_one_of, portions
from alula.server.stores.sql.tables import executions, ties

_HOLDER_IS_THERE = or_(
    ties.c.holder == KEPT.name,
    exists().where(
        executions.c.project == ties.c.holder_project,
        executions.c.domain == ties.c.holder_domain,
        executions.c.name == ties.c.holder,
    ),
)
_HELD = (
    select(ties)
    .where(is_one_of(ties.c.project, ties.c.domain, ties.c.execution), _HOLDER_IS_THERE)
    .order_by(*ties.primary_key.columns)
)


class Ties:
    def __init__(self, database: Database, audits: Audits) -> None:
        self._database = database
        self._audits = audits
        self._insert = database.sql.insert_if_absent(ties)

    async def holders(self, runs: Sequence[ExecutionId]) -> dict[ExecutionId, list[ExecutionId]]:
        return await self._database.read(lambda connection: self.read(connection, runs))

    async def keep(self, run: ExecutionId, audit: Audit) -> bool:
        def keep(connection: Connection) -> bool:
            return is_there(connection, run) and self._insert.run(connection, [(*run, *KEPT)]) >= 0

        return await self._audits.change(audit, keep)

    async def let_go(self, run: ExecutionId, audit: Audit) -> bool:
        kept = delete(ties).where(_holds(run), ties.c.holder == KEPT.name)
        return await self._audits.change(audit, lambda connection: connection.execute(kept).rowcount > 0)

    def tie(self, connection: Connection, run: ExecutionRecord) -> None:
        """Write those of a new run. Raises `NotFound` if the run that it takes over from is gone."""
        if run.takes_over is not None:
            if not is_there(connection, run.takes_over):
                raise NotFound("ExecutionNotFound", f"there is no execution `{run.takes_over}` any more")
            self._insert.run(connection, [(*run.takes_over, *run.id)])
        if run.parent is not None:
            self._insert.run(connection, [(*run.id, *run.parent)])

    def read(self, connection: Connection, runs: Sequence[ExecutionId]) -> dict[ExecutionId, list[ExecutionId]]:
        """As `holders`."""
        found: dict[ExecutionId, list[ExecutionId]] = {}
        for portion in portions(runs):
            for project, domain, name, *holder in connection.execute(_HELD, portion):
                found.setdefault(ExecutionId(project, domain, name), []).append(ExecutionId(*holder))
        return found

    def remove(self, connection: Connection, run: ExecutionId) -> None:
        """Remove all of a run that goes."""
        as_holder = and_(
            ties.c.holder_project == run.project, ties.c.holder_domain == run.domain, ties.c.holder == run.name
        )
        connection.execute(delete(ties).where(_holds(run)))
        connection.execute(delete(ties).where(as_holder))


def is_there(connection: Connection, run: ExecutionId) -> bool:
    """True if there is such a run, which then stays there until the end of the transaction."""
    statement = select(executions.c.name).where(is_execution(run)).with_for_update(read=True)
    return connection.execute(statement).first() is not None


def _holds(run: ExecutionId) -> ColumnElement[bool]:
    return and_(ties.c.project == run.project, ties.c.domain == run.domain, ties.c.execution == run.name)
