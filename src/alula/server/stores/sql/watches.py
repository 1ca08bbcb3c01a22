"""Watches over objects, and sightings of these."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, exists, select, update

from alula.core.ids import Place, watch_id
from alula.core.policy.watching import Sighting
from alula.server.store.leases import Lease
from alula.server.store.trigger_records import TriggerRecord
from alula.server.store.watches import WatchRecord
from alula.server.stores.sql.cells import from_prose
from alula.server.stores.sql.database import Database
from alula.server.stores.sql.dialect import newest
from alula.server.stores.sql.leases import Leases
from alula.server.stores.sql.tables import sightings, watches


class Watches:
    def __init__(self, database: Database, leases: Leases) -> None:
        self._database = database
        self._leases = leases
        self._put = database.sql.upsert(sightings, newest)

    async def of(self, project: str, domain: str, name: str) -> WatchRecord | None:
        return next(iter(await self._read(and_(_is_of(project, domain), watches.c.name == name))), None)

    async def within(self, place: Place) -> list[WatchRecord]:
        return await self._read(_is_of(*place))

    async def sightings(self, watch: str, after: str, *, limit: int) -> list[Sighting]:
        later = and_(sightings.c.watch == watch, sightings.c.uri > after)
        statement = select(sightings).where(later).order_by(sightings.c.uri).limit(limit)
        return await self._database.read(lambda connection: [_sighting(row) for row in connection.execute(statement)])

    async def note(self, lease: Lease, watch: str, put: Sequence[Sighting], gone: Sequence[str]) -> None:
        rows = [(watch, each.uri, each.mark, each.at, int(each.is_settled)) for each in put]

        def note(connection: Connection) -> None:
            goes_on = select(watches.c.id).where(watches.c.id == watch, watches.c.ended == 0).with_for_update()
            if connection.execute(goes_on).first() is None:
                return
            if rows:
                self._put.run(connection, rows)
            if gone:
                are_gone = and_(sightings.c.watch == watch, sightings.c.uri.in_(gone))
                connection.execute(delete(sightings).where(are_gone))

        await self._leases.under(lease, note)

    async def update(self, lease: Lease, watch: WatchRecord) -> None:
        values = {
            "first_pass_at": watch.first_pass_at,
            "trouble": from_prose(watch.trouble),
            "forgotten_until": watch.forgotten_until,
        }
        statement = update(watches).where(watches.c.id == watch.id).values(values)
        await self._leases.under(lease, lambda connection: connection.execute(statement) and None)

    async def remove_expired(self, lease: Lease, *, limit: int) -> int:
        def remove(connection: Connection) -> int:
            ended = connection.execute(select(watches.c.id).where(watches.c.ended == 1).limit(1)).scalar()
            if ended is None:
                return 0
            of_it = sightings.c.watch == ended
            some = connection.execute(select(sightings.c.uri).where(of_it).limit(limit)).scalars().all()
            if some:
                connection.execute(delete(sightings).where(of_it, sightings.c.uri.in_(some)))
            else:
                connection.execute(delete(watches).where(watches.c.id == ended))
            return len(some) or 1

        return await self._leases.under(lease, remove)

    def begin(self, connection: Connection, trigger: TriggerRecord) -> None:
        """Watch for a trigger, in a transaction of the caller's."""
        project, domain, name, _ = trigger.plan
        since = trigger.since
        while self._is_there(connection, id := watch_id(project, domain, name, since)):
            since += 1  # the clock was set back
        key = {"id": id, "project": project, "domain": domain, "name": name}
        connection.execute(watches.insert().values(**key, since=since, trouble="", ended=0, forgotten_until=0))

    def end(self, connection: Connection, project: str, domain: str, name: str) -> None:
        """Watch no more, in a transaction of the caller's."""
        is_it = and_(_is_of(project, domain), watches.c.name == name)
        connection.execute(update(watches).where(is_it).values(ended=1))

    def _is_there(self, connection: Connection, id: str) -> bool:
        return bool(connection.execute(select(exists().where(watches.c.id == id))).scalar())

    async def _read(self, which: ColumnElement[bool]) -> list[WatchRecord]:
        statement = select(watches).where(which).order_by(watches.c.name)
        return await self._database.read(lambda connection: [_watch(row) for row in connection.execute(statement)])


def _is_of(project: str, domain: str) -> ColumnElement[bool]:
    return and_(watches.c.project == project, watches.c.domain == domain, watches.c.ended == 0)


def _watch(row: Row[Any]) -> WatchRecord:  # `Any`: a whole row
    key = (row.id, row.project, row.domain, row.name)
    return WatchRecord(*key, row.since, row.first_pass_at, row.trouble, row.forgotten_until)


def _sighting(row: Row[Any]) -> Sighting:  # `Any`: a whole row
    return Sighting(row.uri, row.mark, row.at, is_settled=bool(row.is_settled))
