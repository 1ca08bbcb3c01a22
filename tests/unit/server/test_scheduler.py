"""The scheduler: every fire starts one run, whatever happens between two looks."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import pytest
from flyteidl.admin import execution_pb2, launch_plan_pb2, schedule_pb2
from flyteidl.core import identifier_pb2, literals_pb2, types_pb2
from tests import flyte_specs as specs
from tests.policies import NobodyMay

from alula.core.errors import AlulaError, FailedPrecondition, Unavailable
from alula.core.policy.cron import Cron
from alula.server.identity import Caller
from alula.server.scheduler.scheduler import FIRES, LOOK_EVERY_S, RETRY_US, Scheduler
from alula.server.services.activation import update_launch_plan
from alula.server.services.platform import Platform
from alula.server.services.register import Registrant, create_launch_plan, create_task, create_workflow
from alula.server.store.executions import ExecutionRecord
from alula.server.store.leases import Lease
from alula.server.store.query import Query

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


async def activate(platform: Platform, caller: Caller, version: str, expression: str, *, active: bool = True) -> None:
    request = specs.launch_plan("p", "w", fixed=specs.literal_map(x=specs.integer(1)))
    request.id.version = version
    request.spec.entity_metadata.schedule.cron_schedule.schedule = expression
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
    assert await skips(hourly) == ["missed, from 2026-01-01 13:00:00 UTC to before 2026-01-03 10:00:00 UTC"]
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
async def test_a_scheduler_that_ends_before_it_notes_what_it_started_starts_nothing_twice(
    hourly: Platform, clock: Clock, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object, **__: object) -> bool:
        raise error

    clock.now_us = NOON_US + 2 * HOUR_US
    with monkeypatch.context() as patch:
        patch.setattr(hourly.store.schedules, "follow", fail)
        with pytest.raises(type(error)):
            await look(hourly)
    assert await times(hourly) == [1, 2]
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
        patch.setattr(hourly.store.executions, "create", fail)
        with pytest.raises(Unavailable):
            await look(hourly)
    await look(hourly)
    assert await times(hourly) == [1]
    assert await skips(hourly) == []


async def test_the_input_for_the_time_gets_the_time_that_the_run_is_about(
    hourly: Platform, caller: Caller, clock: Clock
) -> None:
    task, workflow = specs.task("dated"), specs.workflow("dated", "dated")
    for interface in (task.spec.template.interface, workflow.spec.template.interface):
        interface.inputs.variables["x"].type.simple = types_pb2.DATETIME
    await create_task(hourly, caller, task, Registrant())
    await create_workflow(hourly, caller, workflow)
    request = specs.launch_plan("dated", "dated")
    request.spec.entity_metadata.schedule.cron_schedule.schedule = "0 * * * *"
    request.spec.entity_metadata.schedule.cron_schedule.offset = "PT10M"
    request.spec.entity_metadata.schedule.kickoff_time_input_arg = "x"
    await set_active(hourly, caller, "v1", active=False)
    await create_launch_plan(hourly, caller, request)
    await update_launch_plan(
        hourly, caller, launch_plan_pb2.LaunchPlanUpdateRequest(id=request.id, state=launch_plan_pb2.ACTIVE)
    )
    clock.now_us = NOON_US + HOUR_US // 6
    await look(hourly)
    (record,) = await runs(hourly)
    assert scheduled_at(record) == NOON_US + HOUR_US // 6
    whole = await hourly.store.executions.get(record.id)
    assert whole is not None
    inputs = literals_pb2.LiteralMap.FromString(whole.inputs).literals
    assert inputs["x"].scalar.primitive.datetime.ToMicroseconds() == NOON_US


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
