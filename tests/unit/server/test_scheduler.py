"""The scheduler: every fire starts one run, whatever happens between two looks."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from flyteidl.admin import execution_pb2, launch_plan_pb2, schedule_pb2
from flyteidl.core import identifier_pb2, literals_pb2, types_pb2
from tests import flyte_specs as specs
from tests.policies import NobodyMay

from alula.core.engine.records import ExecutionPhase
from alula.core.errors import AlulaError, FailedPrecondition, ResourceExhausted, Unavailable
from alula.core.ids import ExecutionId
from alula.core.policy.cron import Cron
from alula.core.policy.schedule_rules import AT_LIMIT, CATCH_UP, ENDS
from alula.server.identity import Caller
from alula.server.scheduler.following import FIRES, WAIT_US
from alula.server.scheduler.scheduler import LOOK_EVERY_S, RETRY_US, Scheduler
from alula.server.services.activation import update_launch_plan
from alula.server.services.platform import Platform
from alula.server.services.register import Registrant, create_launch_plan, create_task, create_workflow
from alula.server.services.schedules import (
    get_schedule,
    list_schedules,
    pause_schedule,
    resume_schedule,
    state_of,
    trigger_schedule,
)
from alula.server.store.executions import ExecutionRecord
from alula.server.store.leases import Lease
from alula.server.store.query import Query
from alula.server.store.schedule_records import ScheduleRecord
from alula.server.store.schedules import Followed
from alula.server.stores.memory.adapter import MemoryStore

pytestmark = pytest.mark.anyio
HOUR_US = 3_600_000_000
NOON_US = round(datetime(2026, 1, 1, 12, tzinfo=UTC).timestamp()) * 1_000_000
CATCH_UP_MAX = 5


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now_us = NOON_US + 1

    def __call__(self) -> int:
        return self.now_us


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def hourly(platform: Platform, caller: Caller, clock: Clock) -> Platform:
    """The platform with a launch plan that is to run each hour, on a clock of the test's."""
    platform = dataclasses.replace(platform, clock=clock)
    await create_task(platform, caller, specs.task("t"), Registrant())
    await create_workflow(platform, caller, specs.workflow("w", "t"))
    await activate(platform, caller, "v1", "0 * * * *")
    return platform


async def activate(
    platform: Platform,
    caller: Caller,
    version: str,
    expression: str,
    *,
    active: bool = True,
    open_max: int = 0,
    annotations: Mapping[str, str] | None = None,
) -> None:
    request = specs.launch_plan("p", "w", fixed=specs.literal_map(x=specs.integer(1)))
    request.id.version = version
    request.spec.entity_metadata.schedule.cron_schedule.schedule = expression
    request.spec.concurrency_policy.max = open_max
    request.spec.annotations.values.update(annotations or {})
    try:
        await create_launch_plan(platform, caller, request)
    except AlulaError as error:
        assert error.code == "LaunchPlanExists"
    await set_active(platform, caller, version, active=active)


async def set_active(platform: Platform, caller: Caller, version: str, *, active: bool) -> None:
    state = launch_plan_pb2.ACTIVE if active else launch_plan_pb2.INACTIVE
    id = specs.identifier(identifier_pb2.LAUNCH_PLAN, "p", version)
    await update_launch_plan(platform, caller, launch_plan_pb2.LaunchPlanUpdateRequest(id=id, state=state))


async def lease_of(platform: Platform, holder: str = "a") -> Lease:
    await platform.store.leases.release(None)
    return await platform.store.leases.claim("scheduler", holder, lease_us=HOUR_US)


async def look(platform: Platform) -> float:
    return await Scheduler(platform, catch_up_max=CATCH_UP_MAX)(await lease_of(platform))


async def runs(platform: Platform) -> list[ExecutionRecord]:
    return await platform.store.executions.page(Query(limit=100, sort_by="created_at"))


def scheduled_at(record: ExecutionRecord) -> int:
    spec = execution_pb2.ExecutionSpec.FromString(record.spec)
    assert spec.metadata.mode == execution_pb2.ExecutionMetadata.SCHEDULED
    return spec.metadata.scheduled_at.ToMicroseconds()


async def times(platform: Platform) -> list[int]:
    """The hours after noon for which there are runs."""
    return sorted((scheduled_at(record) - NOON_US) // HOUR_US for record in await runs(platform))


async def skips(platform: Platform) -> list[str]:
    return [audit.detail for audit in await platform.store.audits.page(Query(limit=100)) if audit.action == "skip"]


async def test_each_fire_starts_one_run_on_behalf_of_the_one_that_activated(hourly: Platform, clock: Clock) -> None:
    assert await look(hourly) == LOOK_EVERY_S and await runs(hourly) == []
    clock.now_us = NOON_US + HOUR_US
    await look(hourly)
    await look(hourly)
    (record,) = await runs(hourly)
    assert scheduled_at(record) == NOON_US + HOUR_US
    assert (record.principal, record.launch_plan.name, record.launch_plan.version) == ("ada", "p", "v1")


async def test_it_looks_again_when_the_next_one_is_due(hourly: Platform, clock: Clock) -> None:
    clock.now_us = NOON_US + HOUR_US - 250_000
    assert await look(hourly) == 0.25


async def test_what_was_missed_is_made_up_for(hourly: Platform, clock: Clock) -> None:
    clock.now_us = NOON_US + 3 * HOUR_US + 1
    await look(hourly)
    assert await times(hourly) == [1, 2, 3]
    assert await skips(hourly) == []


async def test_of_too_many_the_latest_run_and_the_others_are_told(hourly: Platform, clock: Clock) -> None:
    clock.now_us = NOON_US + 50 * HOUR_US
    await look(hourly)
    assert await times(hourly) == [46, 47, 48, 49, 50]
    assert await skips(hourly) == ["2026-01-01 13:00:00 UTC and 44 later: missed"]
    await look(hourly)
    assert len(await runs(hourly)) == CATCH_UP_MAX


async def test_a_clock_that_jumps_starts_nothing_twice(hourly: Platform, clock: Clock) -> None:
    for hour in (2, 1, 0, 3, 2, 4):
        clock.now_us = NOON_US + hour * HOUR_US
        await look(hourly)
    assert await times(hourly) == [1, 2, 3, 4]


class Dies(Exception):
    """The process ends here."""


@pytest.mark.parametrize("error", [Dies(), Unavailable("StoreUnreachable", "nobody answers")])
@pytest.mark.parametrize("is_done", [False, True], ids=["before", "after"])
async def test_a_scheduler_that_ends_at_a_start_starts_nothing_twice(
    hourly: Platform, clock: Clock, error: Exception, is_done: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    follow = hourly.store.schedules.follow

    async def fail(*given: Any, **more: Any) -> Followed:
        if is_done:
            await follow(*given, **more)
        raise error

    clock.now_us = NOON_US + 2 * HOUR_US
    with monkeypatch.context() as patch:
        patch.setattr(hourly.store.schedules, "follow", fail)
        with pytest.raises(type(error)):
            await look(hourly)
    assert await times(hourly) == ([1] if is_done else [])
    await look(hourly)
    assert await times(hourly) == [1, 2]


async def test_two_that_believe_that_they_lead_start_each_fire_once(hourly: Platform, clock: Clock) -> None:
    lost = await lease_of(hourly, "a")
    one, other = (Scheduler(hourly, catch_up_max=CATCH_UP_MAX) for _ in range(2))
    for hour in range(1, 4):
        clock.now_us = NOON_US + hour * HOUR_US
        holds = await lease_of(hourly, "b")
        with pytest.raises(FailedPrecondition, match="does not hold the lease"):
            await one(lost)
        await other(holds)
    assert await times(hourly) == [1, 2, 3]


async def test_deactivating_ends_the_schedule_and_another_version_takes_its_place(
    hourly: Platform, caller: Caller, clock: Clock
) -> None:
    await activate(hourly, caller, "v2", "30 * * * *")
    clock.now_us = NOON_US + HOUR_US
    await look(hourly)
    (record,) = await runs(hourly)
    assert (record.launch_plan.version, scheduled_at(record)) == ("v2", NOON_US + HOUR_US // 2)
    await set_active(hourly, caller, "v2", active=False)
    clock.now_us += 9 * HOUR_US
    await look(hourly)
    assert len(await runs(hourly)) == 1


async def test_a_fire_that_can_not_be_started_is_skipped_and_told(hourly: Platform, clock: Clock) -> None:
    clock.now_us = NOON_US + HOUR_US
    scheduler = Scheduler(dataclasses.replace(hourly, access=NobodyMay()), catch_up_max=CATCH_UP_MAX)
    await scheduler(await lease_of(hourly))
    (told,) = await skips(hourly)
    assert told.startswith("2026-01-01 13:00:00 UTC could not be started: ")
    (reading,) = scheduler.measure()
    assert reading.metric is FIRES and reading.values == {("started",): 0, ("skipped",): 1}
    clock.now_us += HOUR_US
    await look(hourly)
    assert await times(hourly) == [2]


async def test_a_schedule_that_fails_holds_up_no_other_and_loses_nothing(
    hourly: Platform, caller: Caller, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RecursionError("too deep")

    request = specs.launch_plan("other", "w", fixed=specs.literal_map(x=specs.integer(1)))
    request.spec.entity_metadata.schedule.rate.value = 1
    request.spec.entity_metadata.schedule.rate.unit = schedule_pb2.HOUR
    await create_launch_plan(hourly, caller, request)
    update = launch_plan_pb2.LaunchPlanUpdateRequest(id=request.id, state=launch_plan_pb2.ACTIVE)
    await update_launch_plan(hourly, caller, update)
    clock.now_us = NOON_US + 1 + HOUR_US
    with monkeypatch.context() as patch:
        patch.setattr(Cron, "next_after", fail)
        await look(hourly)
    assert [record.launch_plan.name for record in await runs(hourly)] == ["other"]
    clock.now_us += RETRY_US
    await look(hourly)
    assert sorted(record.launch_plan.name for record in await runs(hourly)) == ["other", "p"]


async def test_trouble_of_the_store_is_waited_out(
    hourly: Platform, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise Unavailable("StoreUnreachable", "nobody answers")

    clock.now_us = NOON_US + HOUR_US
    with monkeypatch.context() as patch:
        patch.setattr(hourly.store.schedules, "follow", fail)
        with pytest.raises(Unavailable):
            await look(hourly)
    await look(hourly)
    assert await times(hourly) == [1]
    assert await skips(hourly) == []


async def test_the_input_for_the_time_gets_the_time_that_the_run_is_about(
    hourly: Platform, caller: Caller, clock: Clock
) -> None:
    await set_active(hourly, caller, "v1", active=False)
    await activate_dated(hourly, caller, "0 * * * *", offset="PT10M")
    clock.now_us = NOON_US + HOUR_US // 6
    await look(hourly)
    (record,) = await runs(hourly)
    assert scheduled_at(record) == NOON_US + HOUR_US // 6
    assert await moment_of(hourly, record.id) == NOON_US


@pytest.mark.parametrize("offset", ["", "-05:00"])
async def test_a_run_at_once_is_about_a_time_in_the_zone_of_its_schedule(
    hourly: Platform, caller: Caller, offset: str
) -> None:
    await activate_dated(hourly, caller, "CRON_TZ=Europe/Zurich 0 3 * * *")
    at = datetime.fromisoformat(f"2026-07-01T03:00:00{offset}")
    id = await trigger_schedule(hourly, caller, "flytesnacks", "development", "dated", at=at)
    meant = datetime.fromisoformat(f"2026-07-01T03:00:00{offset or '+02:00'}")
    assert await moment_of(hourly, id) == meant.timestamp() * 1_000_000


async def activate_dated(platform: Platform, caller: Caller, expression: str, *, offset: str = "") -> None:
    """Activate a plan whose input gets the time that a run is about."""
    task, workflow = specs.task("dated"), specs.workflow("dated", "dated")
    for interface in (task.spec.template.interface, workflow.spec.template.interface):
        interface.inputs.variables["x"].type.simple = types_pb2.DATETIME
    await create_task(platform, caller, task, Registrant())
    await create_workflow(platform, caller, workflow)
    request = specs.launch_plan("dated", "dated")
    schedule = request.spec.entity_metadata.schedule
    schedule.cron_schedule.schedule, schedule.cron_schedule.offset = expression, offset
    schedule.kickoff_time_input_arg = "x"
    await create_launch_plan(platform, caller, request)
    active = launch_plan_pb2.LaunchPlanUpdateRequest(id=request.id, state=launch_plan_pb2.ACTIVE)
    await update_launch_plan(platform, caller, active)


async def moment_of(platform: Platform, id: ExecutionId) -> int:
    """The time that a run has as its input."""
    record = await platform.store.executions.get(id)
    assert record is not None
    inputs = literals_pb2.LiteralMap.FromString(record.inputs).literals
    return inputs["x"].scalar.primitive.datetime.ToMicroseconds()


async def test_a_schedule_that_names_no_time_any_more_can_not_be_activated(hourly: Platform, caller: Caller) -> None:
    request = specs.launch_plan("old", "w", fixed=specs.literal_map(x=specs.integer(1)))
    request.spec.entity_metadata.schedule.cron_expression = "0 0 1 1 ? 2025"
    await create_launch_plan(hourly, caller, request)
    with pytest.raises(FailedPrecondition) as caught:
        await update_launch_plan(
            hourly,
            caller,
            launch_plan_pb2.LaunchPlanUpdateRequest(id=request.id, state=launch_plan_pb2.ACTIVE),
        )
    assert caught.value.code == "ScheduleEnded"


async def row(platform: Platform) -> ScheduleRecord:
    return await get_schedule(platform, Caller("ada"), "flytesnacks", "development", "p")


async def end(platform: Platform, hour: int) -> None:
    """End the run of an hour."""
    (id,) = [record.id for record in await runs(platform) if scheduled_at(record) == NOON_US + hour * HOUR_US]
    assert isinstance(platform.store, MemoryStore)
    platform.store.runs[id].record.phase = ExecutionPhase.SUCCEEDED


async def aborts(platform: Platform) -> list[str]:
    return [each.target for each in await platform.store.audits.page(Query(limit=100)) if each.action == "abort"]


async def test_at_the_limit_a_fire_is_skipped_and_told(hourly: Platform, caller: Caller, clock: Clock) -> None:
    await activate(hourly, caller, "v2", "0 * * * *", open_max=1)
    clock.now_us = NOON_US + 2 * HOUR_US
    await look(hourly)
    assert await times(hourly) == [1]
    assert await skips(hourly) == ["2026-01-01 14:00:00 UTC: 1 runs were open, which is as many as may be"]
    assert (await row(hourly)).missed == 1
    await end(hourly, 1)
    clock.now_us += HOUR_US
    await look(hourly)
    assert await times(hourly) == [1, 3]


async def test_at_the_limit_a_fire_waits_for_the_end_of_a_run(hourly: Platform, caller: Caller, clock: Clock) -> None:
    await activate(hourly, caller, "v2", "0 * * * *", open_max=1, annotations={AT_LIMIT: "queue"})
    clock.now_us = NOON_US + 3 * HOUR_US
    await look(hourly)
    assert await times(hourly) == [1]
    assert state_of(await row(hourly)) == "WAITING" and len((await row(hourly)).waiting) == 2
    await end(hourly, 1)
    clock.now_us += WAIT_US
    await look(hourly)
    await look(hourly)
    assert await times(hourly) == [1, 2]
    await end(hourly, 2)
    clock.now_us += WAIT_US
    await look(hourly)
    assert await times(hourly) == [1, 2, 3]
    assert await skips(hourly) == [] and state_of(await row(hourly)) == "ACTIVE"


async def test_at_the_limit_a_later_run_takes_the_place_of_an_earlier_one(
    hourly: Platform, caller: Caller, clock: Clock
) -> None:
    await activate(hourly, caller, "v2", "0 * * * *", open_max=1, annotations={AT_LIMIT: "replace"})
    for hour in (1, 2):
        clock.now_us = NOON_US + hour * HOUR_US
        await look(hourly)
    (first,) = await runs(hourly)
    assert await aborts(hourly) == [f"execution {first.id}"]
    clock.now_us += WAIT_US
    await look(hourly)
    assert len(await aborts(hourly)) == 1, "it is asked once"
    await end(hourly, 1)
    clock.now_us += WAIT_US
    await look(hourly)
    assert await times(hourly) == [1, 2]


@pytest.mark.parametrize(("catch_up", "started"), [("all", [1, 2, 3]), ("last", [3]), ("none", [])])
async def test_what_was_missed_is_made_up_for_as_the_plan_says(
    hourly: Platform, caller: Caller, clock: Clock, catch_up: str, started: list[int]
) -> None:
    await activate(hourly, caller, "v2", "0 * * * *", annotations={CATCH_UP: catch_up})
    clock.now_us = NOON_US + 3 * HOUR_US + HOUR_US // 2
    await look(hourly)
    assert await times(hourly) == started
    assert (await row(hourly)).missed == 3 - len(started)
    clock.now_us = NOON_US + 4 * HOUR_US
    await look(hourly)
    assert await times(hourly) == [*started, 4]


async def test_a_pause_starts_nothing_and_is_not_made_up_for(hourly: Platform, caller: Caller, clock: Clock) -> None:
    plan = (hourly, caller, "flytesnacks", "development", "p")
    assert state_of(await pause_schedule(*plan)) == "PAUSED"
    clock.now_us = NOON_US + 3 * HOUR_US + 1
    await look(hourly)
    assert await runs(hourly) == []
    assert (await resume_schedule(*plan)).due_at == NOON_US + 4 * HOUR_US
    clock.now_us = NOON_US + 4 * HOUR_US
    await look(hourly)
    assert await times(hourly) == [4]


async def test_a_pause_at_the_moment_of_a_start_wins_or_comes_after(
    hourly: Platform, caller: Caller, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    follow = hourly.store.schedules.follow

    async def late(*given: Any, **more: Any) -> Followed:
        await pause_schedule(hourly, caller, "flytesnacks", "development", "p")
        return await follow(*given, **more)

    clock.now_us = NOON_US + HOUR_US
    with monkeypatch.context() as patch:
        patch.setattr(hourly.store.schedules, "follow", late)
        await look(hourly)
    assert await runs(hourly) == []


async def test_a_run_can_be_started_at_once_beside_the_schedule(hourly: Platform, caller: Caller, clock: Clock) -> None:
    await trigger_schedule(hourly, caller, "flytesnacks", "development", "p")
    (record,) = await runs(hourly)
    assert (record.mode, record.launch_plan.version) == (execution_pb2.ExecutionMetadata.MANUAL, "v1")
    clock.now_us = NOON_US + HOUR_US
    await look(hourly)
    assert len(await runs(hourly)) == 2


async def test_a_launch_by_hand_is_refused_at_the_limit(hourly: Platform, caller: Caller) -> None:
    await activate(hourly, caller, "v2", "0 * * * *", open_max=1)
    await trigger_schedule(hourly, caller, "flytesnacks", "development", "p")
    with pytest.raises(ResourceExhausted) as caught:
        await trigger_schedule(hourly, caller, "flytesnacks", "development", "p")
    assert caught.value.code == "ConcurrencyLimit"


async def test_an_expression_without_a_zone_goes_by_that_of_its_domain(
    hourly: Platform, caller: Caller, clock: Clock
) -> None:
    zoned = dataclasses.replace(hourly, zones={"development": "Asia/Kolkata"})
    await activate(zoned, caller, "v2", "0 18 * * *")
    assert (await row(zoned)).zone == "Asia/Kolkata"
    clock.now_us = NOON_US + HOUR_US
    await look(hourly)  # a platform that is set otherwise meanwhile goes on by it
    (record,) = await runs(hourly)
    assert scheduled_at(record) == NOON_US + HOUR_US // 2


async def test_one_that_has_ended_stays_in_the_list(hourly: Platform, caller: Caller, clock: Clock) -> None:
    await activate(hourly, caller, "v2", "0 * * * *", annotations={ENDS: "2026-01-01T14:00:00Z"})
    clock.now_us = NOON_US + 9 * HOUR_US
    await look(hourly)
    assert await times(hourly) == [1, 2]
    (record,) = await list_schedules(hourly, caller, "flytesnacks", "development")
    assert state_of(record) == "ENDED" and record.last_at == NOON_US + 2 * HOUR_US
