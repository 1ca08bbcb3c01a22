"""The scheduler: starts the runs of launch plans at the times of their schedules. A duty of `leadership`.

Theory of operation. A row of the store names for each active schedule the last fire that was dealt with, and the next
one. All fires since then are worked out from the schedule (`core/policy/schedule`). So one that was missed, because no
platform ran or the store could not be reached, is made up for.

* The name of a fire's run follows from plan, version and time. So a second start is refused, as the run exists: it does
  not matter at which point a scheduler dies, or whether a second one believes that it leads.
* The row is written after the run was launched. Only the holder of the lease may write it, and only while that version
  is active.
* Of more fires than `catch_up_max` the latest are started. The others are skipped, and the audit trail and the log
  tell so. A fire whose launch is refused is skipped in the same way: the next one may do better.
* An error that belongs to one schedule is an incident. That schedule is left alone for a minute; the others go on.
* Times are those of this machine's clock. One that is set back makes schedules wait, and one that is set forward starts
  runs early: no fire comes twice, and none is lost.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from flyteidl.admin import execution_pb2, launch_plan_pb2
from flyteidl.core import literals_pb2

from alula.core.errors import AlreadyExists, AlulaError
from alula.core.ids import EntityId, scheduled_name
from alula.core.policy.schedule import Fire, schedule_of
from alula.server import incidents
from alula.server.identity import SYSTEM, Caller
from alula.server.measures import Metric, Reading
from alula.server.services.launch import create_execution
from alula.server.services.messages.names import identifier
from alula.server.services.platform import Platform
from alula.server.store.audits import Audit
from alula.server.store.leases import LEASE_LOST, Lease
from alula.server.store.schedules import ScheduleRecord
from alula.server.trouble import passes
from alula.server.zones import zone_of

LOOK_EVERY_S = 1.0
"""A schedule that another process activates is noticed after this time."""
RETRY_US = 60_000_000
"""How long a schedule that failed is left alone."""
PORTION = 100
"""Schedules that are read at once."""
FIRES = Metric(
    "alula_schedule_fires_total", "counter", "Fires of schedules that this process has dealt with.", ("outcome",)
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

logger = logging.getLogger(__name__)


class Scheduler:
    """A duty: call it under the lease to start the runs that are due."""

    def __init__(self, platform: Platform, *, catch_up_max: int) -> None:
        self._platform = platform
        self._catch_up_max = catch_up_max
        self._outcomes = Counter[str]()

    async def __call__(self, lease: Lease) -> float:
        """Returns in how many seconds to look again."""
        schedules = self._platform.store.schedules
        while due := await schedules.due(self._platform.clock(), limit=PORTION):
            for record in due:
                await self._try_to_follow(lease, record)
                await asyncio.sleep(0)
        next_due = await schedules.next_due()
        if next_due is None:
            return LOOK_EVERY_S
        return max(0.0, min(LOOK_EVERY_S, (next_due - self._platform.clock()) / 1_000_000))

    def measure(self) -> Iterable[Reading]:
        """Counts of the fires that were started and skipped."""
        yield Reading(FIRES, {(outcome,): self._outcomes[outcome] for outcome in ("started", "skipped")})

    async def _try_to_follow(self, lease: Lease, record: ScheduleRecord) -> None:
        """Follow one schedule. An error that belongs to it holds up no other one, and loses none of its fires."""
        try:
            await self._follow(lease, record)
        except Exception as error:
            if passes(error) or (isinstance(error, AlulaError) and error.code == LEASE_LOST):
                raise
            incidents.report(error, f"in the schedule of launch plan {record.plan}; it is followed again later")
            later = self._platform.clock() + RETRY_US
            await self._platform.store.schedules.follow(lease, record.plan, until=record.followed_until, due_at=later)

    async def _follow(self, lease: Lease, record: ScheduleRecord) -> None:
        """Start the runs that are due by one schedule, and note it."""
        entity = await self._platform.store.entities.get("launch_plan", record.plan)
        assert entity is not None, "an active launch plan is registered"
        said = launch_plan_pb2.LaunchPlanSpec.FromString(entity.spec).entity_metadata.schedule
        schedule, now = schedule_of(said), self._platform.clock()
        due = schedule.due(
            record.followed_until, now, zone_of(schedule.zone), since=record.since, most=self._catch_up_max
        )
        skipped: list[Audit] = []
        if due.skipped is not None:
            skipped.append(self._skip(record, f"missed, from {_text(due.skipped)} to before {_text(due.fires[0])}"))
        for fire in due.fires:
            refusal = await self._start(record, said.kickoff_time_input_arg, fire)
            if refusal is not None:
                skipped.append(self._skip(record, f"{_text(fire)} could not be started: {refusal}"))
        until = due.fires[-1].at if due.fires else record.followed_until
        due_at = due.upcoming.at if due.upcoming is not None else None
        await self._platform.store.schedules.follow(lease, record.plan, until=until, due_at=due_at, audits=skipped)

    async def _start(self, record: ScheduleRecord, kickoff: str, fire: Fire) -> AlulaError | None:
        """Launch the run of one fire. Returns the error if that is refused; raises it if it may pass."""
        try:
            await create_execution(self._platform, Caller(record.principal), _request(record.plan, fire, kickoff))
        except AlreadyExists:
            return None  # it was started, and the answer or the note of that was lost
        except AlulaError as error:
            if passes(error):
                raise
            return error
        self._outcomes["started"] += 1
        return None

    def _skip(self, record: ScheduleRecord, what: str) -> Audit:
        self._outcomes["skipped"] += 1
        logger.warning("schedule of launch plan %s: skipped %s", record.plan, what)
        plan = record.plan
        return self._platform.audit(
            SYSTEM, "skip", f"launch plan {plan}", project=plan.project, domain=plan.domain, detail=what
        )


def _request(plan: EntityId, fire: Fire, kickoff: str) -> execution_pb2.ExecutionCreateRequest:
    request = execution_pb2.ExecutionCreateRequest(
        project=plan.project, domain=plan.domain, name=scheduled_name(plan, fire.at)
    )
    request.spec.launch_plan.CopyFrom(identifier("launch_plan", plan))
    request.spec.metadata.mode = execution_pb2.ExecutionMetadata.SCHEDULED
    request.spec.metadata.scheduled_at.FromMicroseconds(fire.at)
    if kickoff:
        value = literals_pb2.Literal()
        value.scalar.primitive.datetime.FromMicroseconds(fire.planned_for)
        request.inputs.literals[kickoff].CopyFrom(value)
    return request


def _text(fire: Fire) -> str:
    return (_EPOCH + timedelta(microseconds=fire.at)).strftime("%Y-%m-%d %H:%M:%S UTC")
