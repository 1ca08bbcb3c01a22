"""Objects that appear as causes: launch plans that wait for them are started. A duty of `leadership`.

Theory of operation. The objects of each trigger are listed again and again, a page at a time, and compared with what is
remembered of them (`core/policy/watching`): one that is new is noted, and fires when it is seen again unchanged. All
triggers are looked at side by side; none is given more than a page and some firings before the others are.

* The run of an object is launched in the transaction that notes its firing, under a name that follows from plan, URI,
  size and tag (`services/firing`). That the object is dealt with is noted after that, under the lease. So one that a
  process that died had in hand is told once more, and nothing is started again.
* An object for which there is no room stays as it is, and is told again at the next pass.
* What an object of long ago was is forgotten, at the earliest after the first pass, which tells what was there.
* Objects that can't be looked at are trouble of one trigger: it is written once, until it is another one or over, and
  the next looks are ever further apart.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

import msgspec
from flyteidl.admin import launch_plan_pb2
from flyteidl.core import interface_pb2, literals_pb2

from alula.core.errors import AlulaError, ResourceExhausted
from alula.core.ids import EntityId
from alula.core.policy.retention import DAY_US
from alula.core.policy.triggering import trigger_of
from alula.core.policy.watching import Look, ObjectTrigger, Seen, Sighting, counts, inputs_of_object, look
from alula.server import incidents
from alula.server.blob import LIST_MAX
from alula.server.identity import Caller
from alula.server.measures import Metric, Reading
from alula.server.services.firing import INACTIVE, Cause, fire
from alula.server.services.platform import Platform
from alula.server.services.watching import require_watchable
from alula.server.store.leases import Lease, is_lost
from alula.server.store.query import Filter, Query
from alula.server.store.trigger_records import TriggerRecord
from alula.server.store.watches import WatchRecord
from alula.server.trouble import passes

FIRINGS_MAX = 100
"""Most objects of one trigger that fire in one look."""
PORTION = 200
"""Triggers that are read at once."""
TROUBLE_MAX_S = 60.0
"""The longest wait before objects that could not be looked at are tried again."""
TROUBLE_MAX_CHARS = 1_000
LOOKS = Metric(
    "alula_object_looks_total", "counter", "Looks of this process at objects that triggers wait for.", ("outcome",)
)

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Progress:
    """The place in a pass over the objects of one trigger."""

    after: str = ""
    due_s: float = 0.0
    failures: int = 0


class Arrivals:
    """A duty: call it under the lease to look at what is due. `every_s` lies between two passes over the same objects,
    and half of it at least between the two times that an object is seen."""

    def __init__(self, platform: Platform, *, every_s: float) -> None:
        self._platform = platform
        self._every_s = every_s
        self._progress: dict[EntityId, _Progress] = {}
        self._looks = {"done": 0, "failed": 0}

    async def __call__(self, lease: Lease) -> float:
        """Returns in how many seconds to look again."""
        triggers = await self._triggers()
        self._progress = {each.plan: self._progress.get(each.plan) or _Progress() for each in triggers}
        due = [each for each in triggers if self._progress[each.plan].due_s <= _now_s()]
        for error in await asyncio.gather(*(self._try(lease, each) for each in due), return_exceptions=True):
            if error is not None:
                raise error
        next_s = min((each.due_s for each in self._progress.values()), default=_now_s() + self._every_s)
        return max(0.0, min(self._every_s, next_s - _now_s()))

    def measure(self) -> Iterable[Reading]:
        """Counts of looks."""
        yield Reading(LOOKS, {(outcome,): count for outcome, count in self._looks.items()})

    async def _triggers(self) -> list[TriggerRecord]:
        found = list[TriggerRecord]()
        of_objects = (Filter("kind", "eq", ("object",)),)
        while True:
            page = await self._platform.store.triggers.page(
                Query(limit=PORTION, offset=len(found), filters=of_objects, sort_by="name", descending=False)
            )
            found += page
            if len(page) < PORTION:
                return found

    async def _try(self, lease: Lease, record: TriggerRecord) -> None:
        """Look at objects of one trigger. An error that belongs to it holds up no other one."""
        progress = self._progress[record.plan]
        watch = await self._platform.store.watches.of(*record.plan[:3])
        if watch is None:
            return
        try:
            await self._look(lease, record, watch, progress)
        except Exception as error:
            if passes(error) or is_lost(error):
                raise
            id = incidents.report(error, f"at the objects that launch plan {record.plan} waits for")
            await self._failed(lease, record, watch, f"{incidents.INTERNAL}: the platform failed; incident {id}")

    async def _look(self, lease: Lease, record: TriggerRecord, watch: WatchRecord, progress: _Progress) -> None:
        trigger, expected = await self._declared(record)
        try:
            folder = await require_watchable(self._platform, Caller(record.principal), record.plan, trigger)
            seen = await folder.blobs.look(folder.uri, after=progress.after, limit=LIST_MAX)
        except AlulaError as error:
            await self._failed(lease, record, watch, f"{error.code}: {error.message}")
            return
        watches = self._platform.store.watches
        watch = await self._forgetting(lease, watch)
        known = await watches.sightings(watch.id, progress.after, limit=LIST_MAX)
        found = look(
            seen,
            known,
            now=self._platform.clock(),
            settle_us=round(self._every_s * 500_000),
            forgotten_until=watch.forgotten_until,
            there_until=None if trigger.existing or watch.first_pass_at is not None else watch.since,
            limit=LIST_MAX,
            arrivals_max=FIRINGS_MAX,
            is_wanted=partial(counts, folder=folder.uri, pattern=trigger.pattern),
        )
        settled = await self._fire(record, trigger, expected, found)
        if found.put or found.gone or settled:
            await watches.note(lease, watch.id, [*found.put, *settled], found.gone)
        await self._looked(lease, watch, progress, found)

    async def _forgetting(self, lease: Lease, watch: WatchRecord) -> WatchRecord:
        """Until when a watch has forgotten, written before anything is. It goes on by whole days, as that is a
        transaction."""
        until = self._platform.clock() - round(self._platform.triggers.objects_remember_days * DAY_US)
        if watch.first_pass_at is None or until < watch.forgotten_until + DAY_US:
            return watch
        after = msgspec.structs.replace(watch, forgotten_until=until)
        await self._platform.store.watches.update(lease, after)
        return after

    async def _fire(
        self, record: TriggerRecord, trigger: ObjectTrigger, expected: interface_pb2.ParameterMap, found: Look
    ) -> list[Sighting]:
        """Start the runs of objects. Returns those that are dealt with."""
        settled = list[Sighting]()
        for each in found.arrived:

            async def inputs(each: Seen = each) -> literals_pb2.LiteralMap:
                return inputs_of_object(trigger, each.uri, expected)

            try:
                await fire(self._platform, record, _cause(each), inputs)
            except Exception as error:
                if passes(error):
                    raise
                if isinstance(error, ResourceExhausted) or (isinstance(error, AlulaError) and error.code == INACTIVE):
                    break
                # It is noted, and the object is dealt with.
            settled.append(Sighting(each.uri, each.mark, self._platform.clock(), is_settled=True))
        return settled

    async def _looked(self, lease: Lease, watch: WatchRecord, progress: _Progress, found: Look) -> None:
        self._looks["done"] += 1
        progress.after, progress.failures = found.until, 0
        if not found.until:
            progress.due_s = _now_s() + self._every_s
        is_first = watch.first_pass_at is None and not found.until
        if is_first or watch.trouble:
            first_pass_at = self._platform.clock() if is_first else watch.first_pass_at
            after = msgspec.structs.replace(watch, first_pass_at=first_pass_at, trouble="")
            await self._platform.store.watches.update(lease, after)

    async def _failed(self, lease: Lease, record: TriggerRecord, watch: WatchRecord, why: str) -> None:
        self._looks["failed"] += 1
        progress = self._progress[record.plan]
        progress.failures += 1
        progress.due_s = _now_s() + min(TROUBLE_MAX_S, self._every_s * 2.0 ** min(progress.failures, 10))
        if watch.trouble.partition(":")[0] == why.partition(":")[0]:
            return
        logger.warning("launch plan %s waits for objects that can't be looked at: %s", record.plan, why)
        after = msgspec.structs.replace(watch, trouble=why[:TROUBLE_MAX_CHARS])
        await self._platform.store.watches.update(lease, after)

    async def _declared(self, record: TriggerRecord) -> tuple[ObjectTrigger, interface_pb2.ParameterMap]:
        entity = await self._platform.store.entities.get("launch_plan", record.plan)
        assert entity is not None, "the launch plan of a trigger is registered"
        trigger = trigger_of(launch_plan_pb2.LaunchPlanSpec.FromString(entity.spec))
        assert isinstance(trigger, ObjectTrigger), "it waits for objects"
        return trigger, launch_plan_pb2.LaunchPlanClosure.FromString(entity.closure).expected_inputs


def _cause(each: Seen) -> Cause:
    digest = hashlib.sha256(f"{each.uri} {each.mark}".encode()).hexdigest()
    return Cause(f"object {digest}", f"object {each.uri} appeared", is_sent_again=True)


def _now_s() -> float:
    return asyncio.get_running_loop().time()
