"""The runner that owns each open execution, and the time for which it may be silent."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, and_, bindparam, exists, select, update

from alula.core.ids import ExecutionId
from alula.server.store.leases import Lease
from alula.server.stores.sql.database import Database
from alula.server.stores.sql.dialect import newest
from alula.server.stores.sql.execution_keys import IS_OPEN, KEY, is_execution, is_one_of, portions
from alula.server.stores.sql.leases import Leases
from alula.server.stores.sql.tables import executions, runners

_IS_FREE = and_(
    executions.c.owner != bindparam("by_owner"),
    ~exists().where(runners.c.owner == executions.c.owner, runners.c.lease_until > bindparam("at_time")),
)
"""Neither this owner's nor that of another whose lease holds."""
_FREE = (
    select(*KEY)
    .where(IS_OPEN, _IS_FREE)
    .order_by(executions.c.created_at, *KEY)
    .limit(bindparam("at_most"))
    # Two runners that claim at once share the free ones; neither waits for the other.
    .with_for_update(skip_locked=True)
)
_FREE_AMONG = _FREE.where(is_one_of(*KEY))
"""Built once: building them takes longer than running them."""


class Ownership:
    def __init__(self, database: Database, leases: Leases) -> None:
        self._database = database
        self._leases = leases
        self._put_lease = database.sql.upsert(runners, newest)
        self._take = database.sql.bulk(
            update(executions)
            .where(
                *(column == bindparam(f"in_{column.name}") for column in KEY),
                _IS_FREE,
            )
            .values(owner=bindparam("new_owner")),
            ["new_owner", *(f"in_{column.name}" for column in KEY), "by_owner", "at_time"],
        )

    async def claim(
        self, owner: str, *, now: int, lease_us: int, limit: int, among: Sequence[ExecutionId] | None = None
    ) -> list[ExecutionId]:
        def claim(connection: Connection) -> list[ExecutionId]:
            self._renew(connection, owner, now + lease_us)
            return self._claim(connection, owner, now, limit, among)

        return await self._database.write(claim)

    async def claimed(self, owner: str) -> list[ExecutionId]:
        return await self._database.read(lambda connection: _open(connection, owner))

    async def renew(self, owner: str, *, now: int, lease_us: int) -> None:
        await self._database.write(lambda connection: self._renew(connection, owner, now + lease_us))

    async def release(self, owner: str | None = None) -> None:
        mine = executions.c.owner != "" if owner is None else executions.c.owner == owner
        statement = update(executions).where(mine, IS_OPEN).values(owner="")
        await self._database.write(lambda connection: connection.execute(statement))

    async def owner(self, execution: ExecutionId) -> str:
        statement = select(executions.c.owner).where(is_execution(execution))
        return await self._database.read(lambda connection: connection.execute(statement).scalar()) or ""

    async def remove_expired(self, lease: Lease, *, limit: int) -> int:
        return await self._leases.remove_some(lease, runners.c.owner, lambda now: runners.c.lease_until <= now, limit)

    def unattended(self, connection: Connection) -> list[ExecutionId]:
        """Open executions that nobody has claimed."""
        return _open(connection, "")

    def _renew(self, connection: Connection, owner: str, lease_until: int) -> None:
        self._put_lease.run(connection, [(owner, lease_until)])

    def _claim(
        self, connection: Connection, owner: str, now: int, limit: int, among: Sequence[ExecutionId] | None
    ) -> list[ExecutionId]:
        by = {"by_owner": owner, "at_time": now, "at_most": limit}
        if among is None:
            rows = list(connection.execute(_FREE, by))
        else:
            rows = [row for portion in portions(among) for row in connection.execute(_FREE_AMONG, {**by, **portion})]
        ids = [ExecutionId(*row) for row in rows[:limit]]
        # Whether it is free is asked again now that the row is locked: PostgreSQL may have looked for the lease of
        # an owner that claimed it meanwhile in a snapshot from before.
        with connection.begin_nested() as attempt:
            if self._take.run(connection, [(owner, *id, owner, now) for id in ids]) == len(ids):
                return ids
            attempt.rollback()
        # The driver gives one count for all: go again, one by one, to learn which.
        return [id for id in ids if self._take.run(connection, [(owner, *id, owner, now)]) == 1]


def _open(connection: Connection, owner: str) -> list[ExecutionId]:
    return [ExecutionId(*row) for row in connection.execute(select(*KEY).where(IS_OPEN, executions.c.owner == owner))]
