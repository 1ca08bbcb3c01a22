"""The contract of the store, which holds all that the platform remembers: one file here for each concern.

Adapters: `stores/` (memory, SQL), with one contract suite.

Three rules. Each method is one transaction. Every change carries an `Audit` that is written in the same
transaction. The log of an execution is fenced by its own numbers: of two runners that both believe they own
an execution, the second to append number n learns that it lost and steps down; no clock decides.

Times are microseconds since the epoch. Lists are filtered and paged in the store.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from alula.core.ids import ExecutionId
from alula.server.store.aged import Aged
from alula.server.store.artifacts import Artifacts
from alula.server.store.attempts import Attempts
from alula.server.store.attributes import Attributes
from alula.server.store.audits import Audits
from alula.server.store.backfills import Backfills
from alula.server.store.catalog import Catalog
from alula.server.store.constants import Constants
from alula.server.store.datasets import Datasets
from alula.server.store.entities import Entities
from alula.server.store.executions import Executions
from alula.server.store.holds import Holds
from alula.server.store.inbox import Inbox
from alula.server.store.items import Items
from alula.server.store.jobs import Jobs
from alula.server.store.kept_outputs import KeptOutputs
from alula.server.store.leases import Leases
from alula.server.store.log import Log
from alula.server.store.named_entities import NamedEntities
from alula.server.store.news import Heard, Missed
from alula.server.store.nodes import Nodes
from alula.server.store.notices import Notices
from alula.server.store.outbox import Outbox
from alula.server.store.ownership import Ownership
from alula.server.store.projects import Projects
from alula.server.store.reasons import Reasons
from alula.server.store.removals import Removals
from alula.server.store.reservations import Reservations
from alula.server.store.schedules import Schedules
from alula.server.store.signals import Signals
from alula.server.store.ties import Ties
from alula.server.store.triggers import Triggers
from alula.server.store.uploads import Uploads
from alula.server.store.watches import Watches

WakeUp = Callable[[ExecutionId], None]


class Store(Protocol):
    """Its methods and those of its concerns raise `Unavailable` when the database can't be reached, and
    `ResourceExhausted` when its disk is full."""

    async def start(self) -> None:
        """Open, create or migrate. A schema newer than this program raises `FailedPrecondition`
        code `StoreTooNew`."""
        ...

    async def stop(self) -> None: ...

    def on_wake_up(self, callback: WakeUp) -> None:
        """Call back, on the event loop's thread, when any process created an execution or sent it mail."""
        ...

    def on_news(self, heard: Heard, missed: Missed) -> None:
        """Call back, on the event loop's thread, after each commit of any process: `heard` with what is new, `missed`
        where the connection that brings news of other processes was down for a while."""
        ...

    async def now(self) -> int:
        """The time by the clock that all processes of the store share, for leases: the clocks of machines differ."""
        ...

    @property
    def projects(self) -> Projects: ...

    @property
    def entities(self) -> Entities: ...

    @property
    def schedules(self) -> Schedules: ...

    @property
    def backfills(self) -> Backfills: ...

    @property
    def watches(self) -> Watches: ...

    @property
    def triggers(self) -> Triggers: ...

    @property
    def named_entities(self) -> NamedEntities: ...

    @property
    def attributes(self) -> Attributes: ...

    @property
    def executions(self) -> Executions: ...

    @property
    def nodes(self) -> Nodes: ...

    @property
    def attempts(self) -> Attempts: ...

    @property
    def items(self) -> Items: ...

    @property
    def jobs(self) -> Jobs: ...

    @property
    def reasons(self) -> Reasons: ...

    @property
    def signals(self) -> Signals: ...

    @property
    def log(self) -> Log: ...

    @property
    def inbox(self) -> Inbox: ...

    @property
    def ownership(self) -> Ownership: ...

    @property
    def outbox(self) -> Outbox: ...

    @property
    def notices(self) -> Notices: ...

    @property
    def leases(self) -> Leases: ...

    @property
    def catalog(self) -> Catalog: ...

    @property
    def reservations(self) -> Reservations: ...

    @property
    def datasets(self) -> Datasets: ...

    @property
    def artifacts(self) -> Artifacts: ...

    @property
    def kept_outputs(self) -> KeptOutputs: ...

    @property
    def holds(self) -> Holds: ...

    @property
    def ties(self) -> Ties: ...

    @property
    def removals(self) -> Removals: ...

    @property
    def aged(self) -> Aged: ...

    @property
    def uploads(self) -> Uploads: ...

    @property
    def audits(self) -> Audits: ...

    @property
    def constants(self) -> Constants: ...
