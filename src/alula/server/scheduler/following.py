"""Following one schedule: what was decided about its fires is done, one transaction for each run."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec

from alula.core.errors import AlreadyExists, AlulaError, FailedPrecondition, NotFound
from alula.core.ids import EntityId, scheduled_name
from alula.core.policy.firing import Decision, Skip, decide
from alula.core.policy.schedule import COUNTED_MAX, Fire
from alula.server.identity import SYSTEM, Caller
from alula.server.measures import Metric
from alula.server.services.abort import request_abort
from alula.server.services.launch import create_execution
from alula.server.services.platform import Platform
from alula.server.services.scheduled_plans import ScheduledPlan
from alula.server.services.schedules import slot_request
from alula.server.store.audits import Audit
from alula.server.store.executions import ExecutionRecord
from alula.server.store.leases import Lease, is_lost
from alula.server.store.schedule_records import ScheduleRecord
from alula.server.store.schedules import Followed, Launch
from alula.server.trouble import passes

WAIT_US = 2_000_000
"""A fire that waits is looked at again after this time."""
FIRES = Metric(
    "alula_schedule_fires_total", "counter", "Fires of schedules that this process has dealt with.", ("outcome",)
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Outcomes:
    """Counts of fires."""

    started: int = 0
    skipped: int = 0


class _Changed(Exception):
    """The schedule was changed since it was read, so that its fires are decided about anew."""


Tell = Callable[[EntityId, str, int], Awaitable[None]]
"""Tell of fires of a plan that were skipped: what, and when that was decided. It may be told again."""


class Following:
    """Follows the schedule of one plan, once."""

    def __init__(
        self,
        platform: Platform,
        plan: ScheduledPlan,
        lease: Lease,
        outcomes: Outcomes,
        catch_up_max: int,
        tell: Tell | None = None,
    ) -> None:
        self._platform = platform
        self._plan = plan
        self._lease = lease
        self._outcomes = outcomes
        self._catch_up_max = catch_up_max
        self._tell = tell

    async def follow(self, record: ScheduleRecord) -> None:
        """Start the runs that are due, and note what became of each fire."""
        plan, now = self._plan, self._platform.clock()
        due = plan.schedule.due(record.followed_until, now, plan.zone, since=record.since, most=self._catch_up_max)
        waiting = [plan.schedule.fire_at(at) for at in record.waiting]
        open_runs = await self._open_runs()
        decision = decide(due, waiting, plan.rules, now=now, open_runs=len(open_runs), waiting_max=self._catch_up_max)
        due_at = due.upcoming.due_at if due.upcoming is not None else None
        if decision.waiting:
            due_at = min(due_at or now + WAIT_US, now + WAIT_US)
        row = msgspec.structs.replace(
            record,
            followed_until=due.fires[-1].at if due.fires else record.followed_until,
            due_at=due_at,
        )
        await self._stop(open_runs[: decision.stops])  # before it is noted, so that a crash forgets none
        try:
            await self._do(record, row, decision)
        except _Changed:
            return

    async def _do(self, before: ScheduleRecord, row: ScheduleRecord, decision: Decision) -> None:
        """Note what is skipped and what waits, with the first run that starts; then start the others."""
        row, audits = self._skipped(row, decision.skips)
        for number, fire in enumerate(decision.starts):
            left = decision.starts[number + 1 :]
            row = msgspec.structs.replace(
                row,
                waiting=tuple(each.at for each in (*left, *decision.waiting)),
                last_at=fire.at,
            )
            after = row.looked_at_again(self._platform.clock()) if left else row
            before = await self._start(before, after, fire, audits)
            row = msgspec.structs.replace(before, due_at=row.due_at)
            audits = ()
        if not decision.starts:
            row = msgspec.structs.replace(row, waiting=tuple(each.at for each in decision.waiting))
            await self._note(before, row, audits)

    async def _start(
        self, before: ScheduleRecord, after: ScheduleRecord, fire: Fire, audits: Sequence[Audit]
    ) -> ScheduleRecord:
        """Launch the run of a fire and note it, or note why that can't be. Returns the row as it is then."""

        async def keep(execution: ExecutionRecord, event: bytes, audit: Audit) -> bool:
            launch = Launch(execution, event, audit)
            return await self._note(before, after, audits, launch)

        plan = self._plan
        name = scheduled_name(plan.id, fire.at)
        request = slot_request(plan.id, name, plan.kickoff, at=fire.at, planned_for=fire.planned_for)
        try:
            await create_execution(self._platform, Caller(before.principal), request, keep=keep)
        except AlreadyExists:
            await self._note(before, after, audits)
            return after
        except AlulaError as error:
            if passes(error) or is_lost(error):
                raise
            what = f"{_text(fire)} could not be started: {error}"
            skipped, refusal = self._skip(msgspec.structs.replace(after, last_at=before.last_at), what, 1)
            await self._note(before, skipped, (*audits, refusal))
            return skipped
        self._outcomes.started += 1
        return after

    async def _note(
        self, before: ScheduleRecord, after: ScheduleRecord, audits: Sequence[Audit], launch: Launch | None = None
    ) -> bool:
        """Write the row, with a run if there is one. False if a run of that name exists."""
        if self._tell is not None:
            for audit in audits:
                await self._tell(self._plan.id, audit.detail, audit.at)
        follow = self._platform.store.schedules.follow
        outcome = await follow(self._lease, before, after, launch=launch, audits=audits)
        if outcome is Followed.CHANGED:
            raise _Changed
        return outcome is Followed.DONE

    async def _open_runs(self) -> list[ExecutionRecord]:
        most = self._plan.rules.open_max
        if not most:
            return []
        return await self._platform.store.executions.open_of(*self._plan.id[:3], limit=most)

    async def _stop(self, runs: Sequence[ExecutionRecord]) -> None:
        """Make room for a later run."""
        for run in runs:
            with contextlib.suppress(NotFound, FailedPrecondition):  # it has ended meanwhile
                await request_abort(
                    self._platform, SYSTEM, run.id, f"a later run of {self._plan.id.name} takes its place"
                )

    def _skipped(self, row: ScheduleRecord, skips: Sequence[Skip]) -> tuple[ScheduleRecord, tuple[Audit, ...]]:
        audits: list[Audit] = []
        for skip in skips:
            row, audit = self._skip(row, _skip_text(skip, self._plan), skip.count)
            audits.append(audit)
        return row, tuple(audits)

    def _skip(self, row: ScheduleRecord, what: str, count: int) -> tuple[ScheduleRecord, Audit]:
        self._outcomes.skipped += count
        plan = self._plan.id
        logger.warning("schedule of launch plan %s: skipped %s", plan, what)
        audit = self._platform.audit(
            SYSTEM, "skip", f"launch plan {plan}", project=plan.project, domain=plan.domain, detail=what
        )
        return msgspec.structs.replace(row, missed=row.missed + count, skipped=what), audit


def _skip_text(skip: Skip, plan: ScheduledPlan) -> str:
    times = _text(skip.first)
    if skip.count > 1:
        more = "at least " if skip.count == COUNTED_MAX else ""
        times += f" and {more}{skip.count - 1} later"
    match skip.why:
        case "missed":
            return f"{times}: missed"
        case "limit":
            return f"{times}: {plan.rules.open_max} runs were open, which is as many as may be"
        case "replaced":
            return f"{times}: a later one took its place"
        case "queue full":
            return f"{times}: too many waited"


def _text(fire: Fire) -> str:
    return (_EPOCH + timedelta(microseconds=fire.at)).strftime("%Y-%m-%d %H:%M:%S UTC")
