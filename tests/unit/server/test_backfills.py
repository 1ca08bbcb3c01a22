"""Backfills: each slot is run once, as many at once as may be, whatever happens between two looks."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from flyteidl.admin import execution_pb2, launch_plan_pb2
from flyteidl.core import identifier_pb2
from tests import flyte_specs as specs

from alula.core.engine.records import ExecutionPhase
from alula.core.errors import AlreadyExists, FailedPrecondition, InvalidInput, NotFound, Unavailable
from alula.core.policy.backfilling import BackfillState, Counts, Rules, SlotState
from alula.server.identity import Caller
from alula.server.scheduler.backfills import RETRY_US, SLOTS, Backfills
from alula.server.scheduler.scheduler import Scheduler
from alula.server.services.activation import update_launch_plan
from alula.server.services.backfill_plan import Asked, Planned, plan_backfill
from alula.server.services.backfills import (
    cancel_backfill,
    get_backfill,
    list_backfills,
    list_slots,
    pause_backfill,
    resume_backfill,
    start_backfill,
)
from alula.server.services.platform import Platform
from alula.server.services.register import Registrant, create_launch_plan, create_task, create_workflow
from alula.server.store.backfill_records import BackfillRecord
from alula.server.store.executions import ExecutionRecord
from alula.server.store.leases import Lease
from alula.server.store.news import News
from alula.server.store.query import Query
from alula.server.store.schedules import Followed
from alula.server.stores.memory.adapter import MemoryStore

pytestmark = pytest.mark.anyio
HOUR_US = 3_600_000_000
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
NOON_US = round(NOON.timestamp()) * 1_000_000
PLACE = (specs.PROJECT, specs.DOMAIN)
ONE_BY_ONE = Rules()


class Clock:
    """A clock that stands still until it is set."""

    now_us = NOON_US

    def __call__(self) -> int:
        return self.now_us


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def hourly(platform: Platform, caller: Caller, clock: Clock) -> Platform:
    """The platform with a launch plan that is scheduled for each hour, on a clock of the test's."""
    platform = dataclasses.replace(platform, clock=clock)
    await create_task(platform, caller, specs.task("t"), Registrant())
    await create_workflow(platform, caller, specs.workflow("w", "t"))
    await register(platform, caller)
    return platform


async def register(
    platform: Platform, caller: Caller, version: str = "v1", *, cron: str = "0 * * * *", open_max: int = 0
) -> None:
    request = specs.launch_plan("p", "w", fixed=specs.literal_map(x=specs.integer(1)))
    request.id.version = version
    request.spec.entity_metadata.schedule.cron_schedule.schedule = cron
    request.spec.concurrency_policy.max = open_max
    await create_launch_plan(platform, caller, request)


async def activate(platform: Platform, caller: Caller, version: str = "v1") -> None:
    id = specs.identifier(identifier_pb2.LAUNCH_PLAN, "p", version)
    update = launch_plan_pb2.LaunchPlanUpdateRequest(id=id, state=launch_plan_pb2.ACTIVE)
    await update_launch_plan(platform, caller, update)


def asked(hours: int = 4, rules: Rules = ONE_BY_ONE, **more: Any) -> Asked:
    """The hours before noon."""
    return Asked("p", datetime(2026, 1, 1, 12 - hours, tzinfo=UTC), NOON, rules=rules, **more)


async def start(platform: Platform, caller: Caller, hours: int = 4, rules: Rules = ONE_BY_ONE, **more: Any) -> str:
    return (await start_backfill(platform, caller, *PLACE, asked(hours, rules, **more))).id.name


async def lease_of(platform: Platform, holder: str = "a") -> Lease:
    await platform.store.leases.release(None)
    return await platform.store.leases.claim("backfills", holder, lease_us=HOUR_US)


async def look(platform: Platform, backfills: Backfills | None = None) -> Backfills:
    backfills = backfills or Backfills(platform)
    await backfills(await lease_of(platform))
    return backfills


async def runs(platform: Platform) -> list[ExecutionRecord]:
    return await platform.store.executions.page(Query(limit=100, sort_by="created_at"))


def hour_of(record: ExecutionRecord) -> int:
    """The hour before noon that a run is about."""
    metadata = execution_pb2.ExecutionSpec.FromString(record.spec).metadata
    assert metadata.mode == execution_pb2.ExecutionMetadata.SCHEDULED
    return (NOON_US - metadata.scheduled_at.ToMicroseconds()) // HOUR_US


async def hours(platform: Platform) -> list[int]:
    """The hours before noon for which there are runs."""
    return sorted(map(hour_of, await runs(platform)))


async def end(platform: Platform, phase: ExecutionPhase = ExecutionPhase.SUCCEEDED, *among: int) -> None:
    """Let open runs come to their end: all, or those of these hours."""
    assert isinstance(platform.store, MemoryStore)
    for run in platform.store.runs.values():
        if not run.record.phase.is_terminal and (not among or hour_of(run.record) in among):
            run.record.phase = phase


async def read(platform: Platform, caller: Caller, name: str) -> BackfillRecord:
    (record,) = [each for each in await list_backfills(platform, caller, *PLACE) if each.id.name == name]
    assert record == await get_backfill(platform, caller, record.id)
    return record


async def states(platform: Platform, caller: Caller, name: str) -> list[str]:
    """The states of slots, the oldest first."""
    record = await read(platform, caller, name)
    return [slot.state.name for slot in await list_slots(platform, caller, record.id)]


async def to_the_end(platform: Platform, phase: ExecutionPhase = ExecutionPhase.SUCCEEDED) -> None:
    for _ in range(10):
        await look(platform)
        await end(platform, phase)


def would(planned: Planned) -> Sequence[str]:
    return [slot.state.name for slot in planned.slots]


async def test_each_slot_is_run_once_in_order_on_behalf_of_the_one_that_asked(hourly: Platform, caller: Caller) -> None:
    name = await start(hourly, Caller("bob"), 3)
    for done in ([3], [2, 3], [1, 2, 3]):
        await look(hourly)
        await look(hourly)
        assert await hours(hourly) == done
        await end(hourly)
    await look(hourly)
    record = await read(hourly, caller, name)
    assert (record.state, record.counts, record.ended_at) == (BackfillState.SUCCEEDED, Counts(succeeded=3), NOON_US)
    assert {run.principal for run in await runs(hourly)} == {"bob"}
    assert await states(hourly, caller, name) == ["SUCCEEDED"] * 3


async def test_the_newest_may_come_first_and_several_at_once(hourly: Platform, caller: Caller) -> None:
    await start(hourly, caller, 5, Rules(at_once=2, newest_first=True))
    await look(hourly)
    assert await hours(hourly) == [1, 2]
    await end(hourly, ExecutionPhase.SUCCEEDED, 1)
    backfills = await look(hourly)
    assert await hours(hourly) == [1, 2, 3]
    (reading,) = backfills.measure()
    assert (reading.metric, reading.values) == (SLOTS, {(): 1})


async def test_it_is_woken_by_the_end_of_a_run_that_it_waits_for(hourly: Platform, caller: Caller) -> None:
    await start(hourly, caller)
    backfills = await look(hourly)
    (run,) = await runs(hourly)
    assert backfills.awaits(News(run.id, 2, ExecutionPhase.FAILED))
    assert not backfills.awaits(News(run.id, 2, ExecutionPhase.RUNNING))
    assert not backfills.awaits(News(run.id, 2))
    assert not backfills.awaits(News(run.id._replace(name="other"), 2, ExecutionPhase.FAILED))


async def test_a_failure_stops_it_when_what_is_open_has_ended(hourly: Platform, caller: Caller) -> None:
    name = await start(hourly, caller, 4, Rules(at_once=2))
    await look(hourly)
    await end(hourly, ExecutionPhase.FAILED, 4)
    await look(hourly)
    assert (await read(hourly, caller, name)).state is BackfillState.RUNNING
    await end(hourly)
    await look(hourly)
    assert (await read(hourly, caller, name)).state is BackfillState.FAILED
    assert await states(hourly, caller, name) == ["FAILED", "SUCCEEDED", "WAITING", "WAITING"]


async def test_it_goes_on_after_a_failure_if_it_is_told_to(hourly: Platform, caller: Caller) -> None:
    name = await start(hourly, caller, 3, Rules(stops=False))
    await to_the_end(hourly, ExecutionPhase.ABORTED)
    record = await read(hourly, caller, name)
    assert (record.state, record.counts) == (BackfillState.FAILED, Counts(failed=3))


async def test_a_plan_tells_what_would_become_of_each_slot_and_changes_nothing(
    hourly: Platform, caller: Caller
) -> None:
    await start(hourly, caller, 3, Rules(stops=False))
    await look(hourly)
    await end(hourly, ExecutionPhase.FAILED)
    await look(hourly)
    await end(hourly)
    await look(hourly)  # the third is open
    before = await runs(hourly)

    async def planned(reprocess: Any) -> Planned:
        return await plan_backfill(hourly, caller, *PLACE, asked(4, Rules(reprocess=reprocess)))

    plan = await planned("none")
    assert would(plan) == ["WAITING", "THERE", "THERE", "THERE"]
    assert would(await planned("failed")) == ["WAITING", "WAITING", "THERE", "THERE"]
    assert would(await planned("all")) == ["WAITING", "WAITING", "WAITING", "THERE"]
    assert plan.inputs == {"x": "1"} and plan.record.counts == Counts(waiting=1, there=3)
    assert {run.id.name for run in before} == {slot.run for slot in plan.slots[1:]}
    assert await runs(hourly) == before


async def test_runs_of_the_schedule_and_of_other_versions_are_there(
    hourly: Platform, caller: Caller, clock: Clock
) -> None:
    clock.now_us = NOON_US - 3 * HOUR_US - 1
    await activate(hourly, caller)
    clock.now_us = NOON_US - 2 * HOUR_US
    await Scheduler(hourly, catch_up_max=9)(await hourly.store.leases.claim("scheduler", "a", lease_us=HOUR_US))
    clock.now_us = NOON_US
    await register(hourly, caller, "v2", cron="0 * * * * ".strip())
    await activate(hourly, caller, "v2")
    plan = await plan_backfill(hourly, caller, *PLACE, asked(4))
    assert (plan.record.plan.version, would(plan)) == ("v2", ["WAITING", "THERE", "THERE", "WAITING"])


async def test_slots_that_failed_are_run_again_by_another_backfill(hourly: Platform, caller: Caller) -> None:
    await start(hourly, caller, 2, Rules(stops=False))
    await to_the_end(hourly, ExecutionPhase.FAILED)
    again = Rules(at_once=2, reprocess="failed")
    name = await start(hourly, caller, 3, again)
    await look(hourly)
    await end(hourly)
    await look(hourly)
    assert await hours(hourly) == [1, 1, 2, 2, 3]
    await to_the_end(hourly)
    assert (await read(hourly, caller, name)).counts == Counts(succeeded=3)
    assert would(await plan_backfill(hourly, caller, *PLACE, asked(3, again))) == ["THERE"] * 3


async def test_a_run_that_another_has_started_meanwhile_is_left_as_it_is(hourly: Platform, caller: Caller) -> None:
    first, second = await start(hourly, caller, 2), await start(hourly, caller, 2)
    await to_the_end(hourly)
    assert len(await runs(hourly)) == 2
    counts = [(await read(hourly, caller, name)).counts for name in (first, second)]
    assert sum(each.succeeded for each in counts) == 2 and sum(each.there for each in counts) == 2


async def test_one_that_is_paused_starts_nothing_until_it_is_resumed(hourly: Platform, caller: Caller) -> None:
    name = await start(hourly, caller, 3)
    await look(hourly)
    id = (await read(hourly, caller, name)).id
    assert (await pause_backfill(hourly, caller, id)).state is BackfillState.PAUSED
    await end(hourly)
    await look(hourly)
    assert await states(hourly, caller, name) == ["SUCCEEDED", "WAITING", "WAITING"]
    assert (await resume_backfill(hourly, caller, id)).state is BackfillState.RUNNING
    await look(hourly)
    assert await hours(hourly) == [2, 3]
    actions = [audit.action for audit in await hourly.store.audits.page(Query(limit=100)) if "backfill" in audit.target]
    assert sorted(actions) == ["pause", "resume", "start"]


async def test_one_that_is_cancelled_aborts_what_is_open_and_ends(hourly: Platform, caller: Caller) -> None:
    name = await start(hourly, caller, 4, Rules(at_once=2))
    backfills = await look(hourly)
    id = (await read(hourly, caller, name)).id
    assert (await cancel_backfill(hourly, caller, id)).state is BackfillState.CANCELLING
    for _ in range(2):
        await look(hourly, backfills)
    assert isinstance(hourly.store, MemoryStore)
    assert [len(run.inbox) for run in hourly.store.runs.values()] == [1, 1]
    with pytest.raises(FailedPrecondition, match="being cancelled"):
        await pause_backfill(hourly, caller, id)
    await end(hourly, ExecutionPhase.ABORTED)
    await look(hourly, backfills)
    assert (await read(hourly, caller, name)).state is BackfillState.CANCELLED
    assert await states(hourly, caller, name) == ["FAILED", "FAILED", "WAITING", "WAITING"]
    for change in (pause_backfill, resume_backfill, cancel_backfill):
        with pytest.raises(FailedPrecondition, match="has ended: CANCELLED"):
            await change(hourly, caller, id)


async def test_one_without_open_runs_is_cancelled_at_once(hourly: Platform, caller: Caller) -> None:
    name = await start(hourly, caller)
    id = (await read(hourly, caller, name)).id
    record = await cancel_backfill(hourly, caller, id)
    assert (record.state, record.ended_at) == (BackfillState.CANCELLED, NOON_US)


class Dies(Exception):
    """The process ends here."""


@pytest.mark.parametrize("is_done", [False, True], ids=["before", "after"])
async def test_an_answer_that_is_lost_starts_nothing_twice(
    hourly: Platform, caller: Caller, is_done: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    follow = hourly.store.backfills.follow

    async def fail(*given: Any, **more: Any) -> Followed:
        if is_done:
            await follow(*given, **more)
        raise Unavailable("StoreUnreachable", "nobody answers")

    await start(hourly, caller, 3, Rules(at_once=2))
    with monkeypatch.context() as patch:
        patch.setattr(hourly.store.backfills, "follow", fail)
        with pytest.raises(Unavailable):
            await look(hourly)
    assert await hours(hourly) == ([3] if is_done else [])
    await look(hourly)
    assert await hours(hourly) == [2, 3]


async def test_an_error_of_one_holds_up_no_other_one(
    hourly: Platform, caller: Caller, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, other = await start(hourly, caller, 1, name="broken"), await start(hourly, caller, 3, name="other")
    slots = hourly.store.backfills.slots

    async def fail(id: Any, query: Query) -> Any:
        if id.name == broken:
            raise Dies
        return await slots(id, query)

    backfills = Backfills(hourly)
    with monkeypatch.context() as patch:
        patch.setattr(hourly.store.backfills, "slots", fail)
        await look(hourly, backfills)
    await look(hourly, backfills)
    assert (await read(hourly, caller, other)).counts.running == 1
    assert (await read(hourly, caller, broken)).counts.running == 0
    clock.now_us += RETRY_US
    await look(hourly, backfills)
    assert (await read(hourly, caller, broken)).counts.running == 1


async def test_a_slot_whose_launch_is_refused_has_failed_and_says_why(hourly: Platform, caller: Caller) -> None:
    name = await start(hourly, caller, 2)
    (project,) = await hourly.store.projects.page(Query(limit=1))
    archived = msgspec.structs.replace(project, archived=True)
    await hourly.store.projects.put(archived, hourly.audit(caller, "archive", "project"))
    await look(hourly)
    record = await read(hourly, caller, name)
    assert (record.state, record.counts) == (BackfillState.FAILED, Counts(waiting=1, failed=1))
    (failed, _) = await list_slots(hourly, caller, record.id)
    assert failed.state is SlotState.FAILED and "is archived" in failed.detail


async def test_a_slot_whose_run_is_gone_has_failed(hourly: Platform, caller: Caller) -> None:
    name = await start(hourly, caller, 1)
    await look(hourly)
    assert isinstance(hourly.store, MemoryStore)
    hourly.store.runs.clear()
    await look(hourly)
    record = await read(hourly, caller, name)
    assert record.state is BackfillState.FAILED
    assert [slot.detail for slot in await list_slots(hourly, caller, record.id)] == ["its run is gone"]


async def test_the_limit_of_the_launch_plan_holds(hourly: Platform, caller: Caller) -> None:
    await register(hourly, caller, "v2", open_max=2)
    await start(hourly, caller, 2, Rules(at_once=2), version="v1")
    await look(hourly)
    await end(hourly, ExecutionPhase.SUCCEEDED, 2)
    await start(hourly, caller, 9, Rules(at_once=5), version="v2")
    await look(hourly)
    assert sum(not run.phase.is_terminal for run in await runs(hourly)) == 2


async def test_an_expression_may_name_the_slots_of_a_plan_without_a_schedule(hourly: Platform, caller: Caller) -> None:
    request = specs.launch_plan("bare", "w", fixed=specs.literal_map(x=specs.integer(1)))
    await create_launch_plan(hourly, caller, request)
    first = datetime(2026, 1, 1)  # in the time zone of the expression
    with pytest.raises(InvalidInput, match="has no schedule"):
        await plan_backfill(hourly, caller, *PLACE, Asked("bare", first))
    plan = await plan_backfill(hourly, caller, *PLACE, Asked("bare", first, cron="CRON_TZ=Europe/Zurich 0 */6 * * *"))
    assert [(NOON_US - slot.at) // HOUR_US for slot in plan.slots] == [13, 7, 1]
    assert plan.zone == "Europe/Zurich"


@pytest.mark.parametrize(
    ("change", "error", "told"),
    [
        ({"plan": "nothing"}, NotFound, "nothing"),
        ({"version": "v9"}, NotFound, "v9"),
        ({"until": datetime(2026, 1, 2)}, InvalidInput, "in the future"),
        ({"first": datetime(1, 1, 1)}, InvalidInput, "before 1970"),
        ({"until": datetime(2025, 1, 2)}, InvalidInput, "before it begins"),
        ({"rules": Rules(0)}, InvalidInput, "at once"),
        ({"cron": "every day"}, InvalidInput, "no cron expression"),
        ({"kickoff": "day"}, InvalidInput, "day"),
        ({"name": "A"}, InvalidInput, "can't name"),
    ],
)
async def test_what_can_not_be_backfilled_is_refused(
    hourly: Platform, caller: Caller, change: dict[str, Any], error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        await start_backfill(hourly, caller, *PLACE, msgspec.structs.replace(asked(), **change))
    assert await list_backfills(hourly, caller, *PLACE) == []


async def test_a_name_is_taken_once(hourly: Platform, caller: Caller) -> None:
    await start(hourly, caller, name="mine")
    with pytest.raises(AlreadyExists):
        await start(hourly, caller, name="mine")
    with pytest.raises(NotFound):
        await get_backfill(hourly, caller, (await read(hourly, caller, "mine")).id._replace(name="other"))
