"""Jobs that other systems have for attempts."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, and_, bindparam, delete, exists, func, select, tuple_

from alula.core.engine.records import AttemptPhase
from alula.core.ids import AttemptId, ExecutionId
from alula.server.store.jobs import Job
from alula.server.stores.merging import Merged
from alula.server.stores.sql.database import Database
from alula.server.stores.sql.dialect import newest
from alula.server.stores.sql.tables import execution_data, items, jobs, task_executions

_ENDED = [int(phase) for phase in AttemptPhase if phase.is_terminal]
_OF_EXECUTION = ("project", "domain", "execution", "node_id")
_ATTEMPT_IS_IN_FLIGHT = exists().where(
    *(task_executions.c[name] == jobs.c[name] for name in (*_OF_EXECUTION, "attempt")),
    jobs.c.item_index < 0,
    task_executions.c.phase.not_in(_ENDED),
)
_ITEM_IS_IN_FLIGHT = exists().where(
    *(items.c[name] == jobs.c[name] for name in (*_OF_EXECUTION, "item_index", "attempt")),
    items.c.phase.not_in(_ENDED),
)
_UNWANTED = (
    select(jobs, func.coalesce(execution_data.c.incarnation, "").label("incarnation"))
    .outerjoin_from(
        jobs,
        execution_data,
        and_(*(execution_data.c[name] == jobs.c[name] for name in ("project", "domain", "execution"))),
    )
    .where(~_ATTEMPT_IS_IN_FLIGHT, ~_ITEM_IS_IN_FLIGHT)
    .order_by(*jobs.primary_key.columns)
)
_KEY = tuple(column.name for column in jobs.primary_key.columns)


def _key(attempt: AttemptId) -> tuple[str | int, ...]:
    return (*attempt.execution, attempt.node_id, attempt.index, attempt.attempt)


class Jobs:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._put = database.sql.upsert(jobs, newest)
        is_it = (jobs.c[name] == bindparam(f"of_{name}") for name in _KEY)
        self._delete = database.sql.bulk(delete(jobs).where(*is_it), [f"of_{name}" for name in _KEY])

    async def unwanted(self, *, limit: int, after: AttemptId | None = None) -> list[Job]:
        statement = _UNWANTED if after is None else _UNWANTED.where(tuple_(*jobs.primary_key.columns) > _key(after))

        def read(connection: Connection) -> list[Job]:
            return [
                Job(
                    AttemptId(
                        ExecutionId(row.project, row.domain, row.execution), row.node_id, row.attempt, row.item_index
                    ),
                    row.incarnation,
                    row.executor,
                    row.handle,
                )
                for row in connection.execute(statement.limit(limit))
            ]

        return await self._database.read(read)

    async def remove(self, attempts: Sequence[AttemptId]) -> None:
        rows = [_key(attempt) for attempt in attempts]
        await self._database.write(lambda connection: self._delete.run(connection, rows))

    def write(self, connection: Connection, merged: Sequence[Merged]) -> None:
        """Changes of executions, at most one for each."""
        told = [(id, job) for id, _, one in merged for job in one.jobs]
        if told:
            keys = [(*id, job.node_id, job.index, job.attempt) for id, job in told]
            self._put.run(
                connection,
                [(*key, job.executor, job.handle) for key, (_, job) in zip(keys, told, strict=True) if job.handle],
            )
            self._delete.run(connection, [key for key, (_, job) in zip(keys, told, strict=True) if not job.handle])
