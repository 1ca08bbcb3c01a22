"""A store in memory: the whole contract, for tests, local runs and the simulator.

One thread, no IO, no clock unless one is given: with the same calls it gives the same answers. Every method
runs to its end without awaiting, so each is a transaction. Hands out copies: changes that a caller makes to a
record do not reach the store. Nothing outlives the object.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from alula.core.policy.retention import Rows
from alula.server.identity import SYSTEM
from alula.server.store import WakeUp
from alula.server.store.audits import Audit
from alula.server.store.news import Heard, Missed
from alula.server.stores.memory.aged import Aged
from alula.server.stores.memory.aging import AgedRow
from alula.server.stores.memory.artifacts import Artifacts
from alula.server.stores.memory.attempts import Attempts
from alula.server.stores.memory.attributes import Attributes
from alula.server.stores.memory.audits import Audits
from alula.server.stores.memory.backfills import Backfills
from alula.server.stores.memory.catalog import Catalog
from alula.server.stores.memory.constants import Constants
from alula.server.stores.memory.datasets import Datasets
from alula.server.stores.memory.entities import Entities
from alula.server.stores.memory.executions import Executions
from alula.server.stores.memory.holds import Holds
from alula.server.stores.memory.inbox import Inbox
from alula.server.stores.memory.items import Items
from alula.server.stores.memory.jobs import Jobs
from alula.server.stores.memory.kept_outputs import KeptOutputs
from alula.server.stores.memory.leases import Leases
from alula.server.stores.memory.log import Log
from alula.server.stores.memory.named_entities import NamedEntities
from alula.server.stores.memory.news import NewsLine
from alula.server.stores.memory.nodes import Nodes
from alula.server.stores.memory.notices import Notices
from alula.server.stores.memory.outbox import Outbox
from alula.server.stores.memory.ownership import Ownership
from alula.server.stores.memory.projects import Projects
from alula.server.stores.memory.reasons import Reasons
from alula.server.stores.memory.removals import Removals
from alula.server.stores.memory.reservations import Reservations
from alula.server.stores.memory.runs import Runs
from alula.server.stores.memory.schedules import Schedules
from alula.server.stores.memory.signals import Signals
from alula.server.stores.memory.ties import Ties
from alula.server.stores.memory.triggers import Triggers
from alula.server.stores.memory.uploads import Uploads
from alula.server.stores.memory.wake_ups import WakeUps
from alula.server.stores.memory.watches import Watches
from alula.server.stores.seed import first_project


class MemoryStore:
    """Implements `Store`. `clock` gives microseconds, for leases and for the first project."""

    def __init__(self, *, clock: Callable[[], int] = lambda: 0) -> None:
        self._clock = clock
        self._wake_ups = WakeUps()
        self._news = NewsLine()
        self.runs: Runs = {}
        """All that is kept of executions, for tests."""
        self.audits = audits = Audits()
        self.constants = Constants()
        self.projects = Projects(audits)
        self.leases = leases = Leases(clock)
        self.outbox = outbox = Outbox(leases)
        self.ties = ties = Ties(self.runs, audits)
        self.uploads = Uploads(leases, audits)
        self.removals = Removals(self.runs, audits, leases, ties, self._values)
        self.executions = Executions(self.runs, audits, ties, self.removals, outbox, self._wake_ups, self._news)
        self.schedules = Schedules(audits, leases, self.executions)
        self.backfills = Backfills(audits, leases, self.executions)
        self.notices = Notices(audits, leases)
        self.watches = Watches(leases)
        self.triggers = Triggers(leases, self.executions, outbox, self.watches)
        self.entities = Entities(audits, self.schedules, self.triggers)
        self.named_entities = NamedEntities(audits, self.entities)
        self.attributes = Attributes(audits)
        self.nodes = Nodes(self.runs)
        self.attempts = Attempts(self.runs)
        self.items = Items(self.runs)
        self.jobs = Jobs(self.runs)
        self.reasons = Reasons(self.runs)
        self.signals = Signals(self.runs)
        self.inbox = Inbox(self.runs, audits, self._wake_ups)
        self.ownership = Ownership(self.runs, leases)
        self.datasets = Datasets(audits)
        self.artifacts = Artifacts(audits)
        self.kept_outputs = KeptOutputs(audits)
        self.holds = Holds(audits, leases)
        self.catalog = Catalog(audits, self.datasets)
        self.reservations = Reservations(self.runs, leases)
        kinds: dict[Rows, Callable[[], Iterator[AgedRow]]] = {
            "cache": self.catalog.aging,
            "audits": audits.aging,
            "backfills": self.backfills.aging,
            "firings": self.triggers.aging,
            "deliveries": self.notices.aging,
        }
        self.aged = Aged(leases, audits, kinds)
        self.log = Log(self.runs, audits, self.catalog, self.reservations, outbox, self._news)

    async def start(self) -> None:
        if self.projects.are_none:
            project = first_project(self._clock())
            audit = Audit(project.created_at, SYSTEM.principal, "create", f"project {project.id}")
            await self.projects.put(project, audit)

    async def stop(self) -> None:
        """Nothing to let go of."""

    def on_wake_up(self, callback: WakeUp) -> None:
        self._wake_ups.add(callback)

    def on_news(self, heard: Heard, missed: Missed) -> None:
        self._news.add(heard)

    async def now(self) -> int:
        return self._clock()

    def _values(self) -> Iterator[bytes]:
        """Everything that may name objects and belongs to no run."""
        for concern in (self.entities, self.kept_outputs, self.artifacts, self.catalog):
            yield from concern.values()
