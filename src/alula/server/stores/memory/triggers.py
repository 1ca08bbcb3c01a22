"""Triggers of active launch plans, and their firings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import msgspec

from alula.core.ids import EntityId, ExecutionId
from alula.server.store.outbox import Consumer
from alula.server.store.query import Query
from alula.server.store.schedules import Launch
from alula.server.store.trigger_records import (
    FIRINGS,
    TRIGGERS,
    FiringRecord,
    FiringState,
    TriggerRecord,
)
from alula.server.store.triggers import RUN_ENDS, Fired
from alula.server.stores.checking import check
from alula.server.stores.memory import lists
from alula.server.stores.memory.aging import AgedRow
from alula.server.stores.memory.executions import Executions
from alula.server.stores.memory.leases import Leases
from alula.server.stores.memory.outbox import Outbox
from alula.server.stores.memory.watches import Watches


class Triggers:
    def __init__(self, leases: Leases, executions: Executions, outbox: Outbox, watches: Watches) -> None:
        self._leases = leases
        self._executions = executions
        self._outbox = outbox
        self._watches = watches
        self._rows: dict[tuple[str, str, str], TriggerRecord] = {}
        self._firings: dict[tuple[str, str, str, str], FiringRecord] = {}

    async def of(self, project: str, domain: str, name: str) -> TriggerRecord | None:
        return self._rows.get((project, domain, name))

    async def watching(self, watched: Sequence[str]) -> list[TriggerRecord]:
        return sorted((row for row in self._rows.values() if row.watched in watched), key=lambda row: row.plan)

    async def page(self, query: Query) -> list[TriggerRecord]:
        return lists.page_of(self._rows.values(), check(query, TRIGGERS), TRIGGERS)

    async def firings(self, query: Query) -> list[FiringRecord]:
        return lists.page_of(self._firings.values(), check(query, FIRINGS), FIRINGS)

    async def firing(self, project: str, domain: str, name: str, cause: str, *, seal: str = "") -> FiringRecord | None:
        plan = (project, domain, name)
        sealed = (each for each in self._firings.values() if seal and each.seal == seal and each.plan[:3] == plan)
        return self._firings.get((*plan, cause)) or next(sealed, None)

    async def caused_by(self, run: ExecutionId, query: Query) -> list[FiringRecord]:
        found = [firing for firing in self._firings.values() if firing.by_run == run]
        return lists.page_of(found, check(query, FIRINGS), FIRINGS)

    async def fire(self, firing: FiringRecord, *, launch: Launch | None = None) -> Fired:
        row = self._rows.get(firing.plan[:3])
        if row is None or row.plan != firing.plan:
            return Fired.INACTIVE
        if await self.firing(*firing.plan[:3], firing.cause, seal=firing.seal) is not None:
            return Fired.SEEN
        if launch is not None and not self._executions.launch(*launch):
            return Fired.EXISTS
        self._firings[*firing.plan[:3], firing.cause] = firing
        is_start = firing.state is FiringState.STARTED
        self._rows[firing.plan[:3]] = msgspec.structs.replace(
            row, last_at=firing.at, started=row.started + is_start, refused=row.refused + (not is_start)
        )
        return Fired.DONE

    def aging(self) -> Iterator[AgedRow]:
        """The rows that may go by their age."""
        for key, row in list(self._firings.items()):
            yield AgedRow(row.plan.place, row.at, len(row.told), partial(self._firings.pop, key))

    def activated(self, plan: EntityId, trigger: TriggerRecord | None) -> None:
        """Go by the trigger of this version from now on; it goes on as it is if it did before."""
        record = self._rows.pop(plan[:3], None)
        if trigger is not None:
            self._rows[plan[:3]] = record if record is not None and record.plan == plan else trigger
        self._watch(record, trigger)
        self._hear_or_not()

    def deactivated(self, plan: EntityId) -> None:
        """Go by no trigger, if it is that of this version."""
        record = self._rows.get(plan[:3])
        if record is not None and record.plan == plan:
            del self._rows[plan[:3]]
            self._watch(record, None)
            self._hear_or_not()

    def _watch(self, before: TriggerRecord | None, after: TriggerRecord | None) -> None:
        if before is not None and after is not None and before.watched == after.watched:
            return
        if before is not None and before.kind == "object":
            self._watches.end(*before.plan[:3])
        if after is not None and after.kind == "object":
            self._watches.begin(after)

    def _hear_or_not(self) -> None:
        if any(row.kind == "run" for row in self._rows.values()):
            self._outbox.put(Consumer(RUN_ENDS))
        else:
            self._outbox.drop(RUN_ENDS)
