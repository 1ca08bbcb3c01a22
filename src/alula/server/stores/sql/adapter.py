"""The store on SQLite or PostgreSQL: one object for each concern, which fulfils its contract."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import URL, Connection

from alula.core.ids import ExecutionId
from alula.server.identity import SYSTEM
from alula.server.store import WakeUp
from alula.server.store.audits import Audit
from alula.server.store.news import Heard, Missed
from alula.server.stores.seed import first_project
from alula.server.stores.sql import schema
from alula.server.stores.sql.aged import Aged
from alula.server.stores.sql.artifacts import Artifacts
from alula.server.stores.sql.attempts import Attempts
from alula.server.stores.sql.attributes import Attributes
from alula.server.stores.sql.audits import Audits
from alula.server.stores.sql.backfills import Backfills
from alula.server.stores.sql.catalog import Catalog
from alula.server.stores.sql.connections import normalised
from alula.server.stores.sql.constants import Constants
from alula.server.stores.sql.database import Database
from alula.server.stores.sql.datasets import Datasets
from alula.server.stores.sql.dialect import WAKE_UP_CHANNEL
from alula.server.stores.sql.entities import Entities
from alula.server.stores.sql.executions import Executions
from alula.server.stores.sql.holds import Holds
from alula.server.stores.sql.inbox import Inbox
from alula.server.stores.sql.items import Items
from alula.server.stores.sql.jobs import Jobs
from alula.server.stores.sql.kept_outputs import KeptOutputs
from alula.server.stores.sql.leases import Leases
from alula.server.stores.sql.log import Log
from alula.server.stores.sql.looking import Looking
from alula.server.stores.sql.named_entities import NamedEntities
from alula.server.stores.sql.news import NEWS_CHANNEL, NewsLine
from alula.server.stores.sql.nodes import Nodes
from alula.server.stores.sql.notices import Notices
from alula.server.stores.sql.outbox import Outbox
from alula.server.stores.sql.ownership import Ownership
from alula.server.stores.sql.projects import Projects
from alula.server.stores.sql.reasons import Reasons
from alula.server.stores.sql.removals import Removals
from alula.server.stores.sql.reservations import Reservations
from alula.server.stores.sql.schedules import Schedules
from alula.server.stores.sql.signals import Signals
from alula.server.stores.sql.ties import Ties
from alula.server.stores.sql.triggers import Triggers
from alula.server.stores.sql.uploads import Uploads
from alula.server.stores.sql.wake_ups import WakeUps
from alula.server.stores.sql.watches import Watches


def _wall_clock_us() -> int:
    return time.time_ns() // 1000


class SqlStore:
    """Implements `Store` on a SQLite file (its path or URL; one process) or `postgresql://...` (any number).

    `clock` is that of this machine, in microseconds. SQLite has no other; of PostgreSQL its own counts. `pooled` and
    `direct_url` as for `StoreOptions`.
    Raises `InvalidInput` code `BadDatabaseUrl`.
    """

    def __init__(
        self,
        url: str | URL | Path,
        *,
        clock: Callable[[], int] = _wall_clock_us,
        pooled: bool = False,
        direct_url: str = "",
    ) -> None:
        self._clock = clock
        self._database = database = Database(url, clock, pooled=pooled)
        self._notes_url = normalised(direct_url) if direct_url else None if pooled else database.url
        self._wake_ups = WakeUps(database.sql, database.origin)
        self._news = NewsLine(database.origin)
        self._listening = contextlib.AsyncExitStack()
        self.audits = audits = Audits(database)
        self.constants = Constants(database)
        self.projects = Projects(database, audits)
        self.named_entities = NamedEntities(database, audits)
        self.attributes = Attributes(database, audits)
        self.leases = leases = Leases(database)
        self.outbox = Outbox(database, leases)
        self.ties = Ties(database, audits)
        self.aged = Aged(database, audits, leases)
        self.uploads = Uploads(database, audits, leases)
        self.removals = Removals(database, audits, leases, self.ties)
        self.executions = Executions(database, audits, self.ties, self.outbox, self._wake_ups, self._news)
        self.watches = Watches(database, leases)
        self.triggers = Triggers(database, leases, self.executions, self.outbox, self.watches)
        self.entities = Entities(database, audits, self.triggers)
        self.nodes = Nodes(database)
        self.attempts = Attempts(database)
        self.items = Items(database)
        self.jobs = Jobs(database)
        self.reasons = Reasons(database)
        self.signals = Signals(database)
        self.inbox = Inbox(database, audits, self._wake_ups, self.executions, self.signals)
        self.schedules = Schedules(database, audits, leases, self.executions)
        self.backfills = Backfills(database, audits, leases, self.executions)
        self.notices = Notices(database, audits, leases)
        self.ownership = Ownership(database, leases)
        self.datasets = Datasets(database, audits)
        self.artifacts = Artifacts(database, audits)
        self.kept_outputs = KeptOutputs(database, audits)
        self.holds = Holds(database, audits, leases)
        self.catalog = Catalog(database, audits, self.datasets)
        self.reservations = Reservations(database, leases)
        self.log = Log(
            database,
            audits,
            self.executions,
            self.inbox,
            self._news,
            rows=(self.nodes, self.attempts, self.items, self.reasons, self.signals),
            followers=(
                self.jobs,
                self.executions,
                self.catalog,
                self.reservations,
                self.outbox,
            ),
        )

    async def start(self) -> None:
        self._database.start(self.log.append)
        try:
            await self._database.write(self._open)
            if not self._database.sql.is_sqlite:
                await self._listen()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        await self._listening.aclose()
        await self._database.stop()

    def on_wake_up(self, callback: WakeUp) -> None:
        self._wake_ups.add(callback)

    def on_news(self, heard: Heard, missed: Missed) -> None:
        self._news.add(heard, missed)

    async def now(self) -> int:
        if self._database.sql.is_sqlite:  # which is on this machine
            return self._clock()
        return await self._database.read(self._database.now)

    def _open(self, connection: Connection) -> None:
        if schema.prepare(connection):
            project = first_project(self._clock())
            self.projects.write(connection, project)
            target = f"project {project.id}"
            audit = Audit(project.created_at, SYSTEM.principal, "create", target, project=project.id)
            self.audits.append(connection, [audit])

    async def _listen(self) -> None:
        url = self._notes_url
        if url is None:
            looking = Looking(self._make_good)
            looking.start()
            self._listening.push_async_callback(looking.stop)
            return
        # Lazy: both import psycopg, for PostgreSQL only.
        from alula.server.stores.sql.listener import Listener
        from alula.server.stores.sql.sender import Sender

        heard = {WAKE_UP_CHANNEL: self._wake_ups.hear, NEWS_CHANNEL: self._news.hear}
        listener = Listener(url, heard, self._make_good)
        await listener.start()
        self._listening.push_async_callback(listener.stop)
        sender = Sender(url, self._news)
        sender.start()
        self._listening.push_async_callback(sender.stop)
        self._news.send = sender.send

    async def _make_good(self) -> None:
        """Wake and tell what may have been noted unheard."""

        def unheard(connection: Connection) -> list[ExecutionId]:
            return [*self.ownership.unattended(connection), *self.inbox.addressees(connection)]

        for execution in dict.fromkeys(await self._database.read(unheard)):
            self._wake_ups.wake(execution)
        self._news.miss()
