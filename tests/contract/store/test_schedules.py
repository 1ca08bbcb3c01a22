"""Schedules come and go with the activation of their launch plans, and are followed under a lease."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from tests.contract.store.records import audit, entity, execution, query, where

from alula.core.engine.records import ExecutionPhase
from alula.core.errors import FailedPrecondition
from alula.core.ids import EntityId, ExecutionId
from alula.server.store import Store
from alula.server.store.leases import Lease
from alula.server.store.schedule_records import ScheduleRecord
from alula.server.store.schedules import Followed, Launch

pytestmark = pytest.mark.anyio
V1 = EntityId("flytesnacks", "development", "etl", "v1")
V2 = V1._replace(version="v2")
OTHER = V1._replace(name="other")


def record(plan: EntityId = V1, *, due_at: int = 20) -> ScheduleRecord:
    return ScheduleRecord(plan, "ada", since=10, followed_until=10, due_at=due_at)


async def activate(store: Store, plan: EntityId, schedule: ScheduleRecord | None) -> None:
    await store.entities.register([entity(plan.name, version=plan.version, kind="launch_plan")], audit())
    assert await store.entities.set_launch_plan_active(plan, active=True, audit=audit("activate"), schedule=schedule)


async def deactivate(store: Store, plan: EntityId) -> None:
    assert await store.entities.set_launch_plan_active(plan, active=False, audit=audit("deactivate"))


async def of_etl(store: Store) -> ScheduleRecord | None:
    return await store.schedules.of("flytesnacks", "development", "etl")


FOLLOWED = ScheduleRecord(
    V1,
    "ada",
    since=10,
    followed_until=20,
    due_at=40,
    zone="Europe/Zurich",
    waiting=(18, 20),
    last_at=16,
    missed=3,
    skipped="12: missed",
)


async def follow(store: Store, before: ScheduleRecord, after: ScheduleRecord, **more: Any) -> Followed:
    return await store.schedules.follow(await lease_of(store), before, after, **more)


async def lease_of(store: Store) -> Lease:
    return await store.leases.claim("scheduler", "a", lease_us=60_000_000)


async def test_the_schedule_of_the_active_version_is_followed(store: Store) -> None:
    await activate(store, V1, record())
    await activate(store, V2, record(V2, due_at=30))
    assert await of_etl(store) == record(V2, due_at=30)
    await deactivate(store, V1)  # which is not the active one
    assert await of_etl(store) is not None
    await deactivate(store, V2)
    assert await of_etl(store) is None
    await activate(store, V1, record())
    await activate(store, V2, None)
    assert await of_etl(store) is None


async def test_activating_what_is_active_changes_nothing(store: Store) -> None:
    await activate(store, V1, record())
    assert await follow(store, record(), FOLLOWED) is Followed.DONE
    await activate(store, V1, record(due_at=99))
    assert await of_etl(store) == FOLLOWED


async def test_a_registration_that_is_active_at_once_takes_the_place(store: Store) -> None:
    await activate(store, V1, record())
    await store.entities.register([entity(version="v2", kind="launch_plan", active=True)], audit())
    assert await of_etl(store) is None


async def test_what_is_due_comes_by_time(store: Store) -> None:
    assert await store.schedules.next_due() is None
    await activate(store, V1, record(due_at=30))
    await activate(store, OTHER, record(OTHER, due_at=20))
    assert await store.schedules.due(19, limit=9) == []
    assert [due.plan.name for due in await store.schedules.due(30, limit=9)] == ["other", "etl"]
    assert [due.plan.name for due in await store.schedules.due(30, limit=1)] == ["other"]
    assert await store.schedules.next_due() == 20


async def test_one_that_ends_or_is_paused_is_not_due(store: Store) -> None:
    await activate(store, V1, record())
    await activate(store, OTHER, record(OTHER))
    ended = msgspec.structs.replace(record(), due_at=None)
    assert await follow(store, record(), ended) is Followed.DONE
    paused = msgspec.structs.replace(record(OTHER), due_at=None, paused_at=15)
    assert await store.schedules.pause(record(OTHER), paused, audit("pause"))
    assert await store.schedules.next_due() is None
    assert await store.schedules.due(99, limit=9) == []
    assert await store.schedules.page(query(sort_by="name", descending=False)) == [ended, paused]


async def test_nothing_is_noted_of_a_row_that_is_not_as_it_was_read(store: Store) -> None:
    launch = Launch(execution("run"), b"", audit())
    skip = [audit("skip")]
    assert await follow(store, record(), FOLLOWED, launch=launch, audits=skip) is Followed.CHANGED
    await activate(store, V2, record(V2))
    assert await follow(store, record(), FOLLOWED, launch=launch, audits=skip) is Followed.CHANGED
    assert not await store.schedules.pause(record(), FOLLOWED, audit("pause"))
    assert await of_etl(store) == record(V2)
    assert await store.executions.page(query()) == []
    assert await store.audits.page(query(where("action", "value_in", "skip", "pause"))) == []


async def test_a_run_starts_in_the_transaction_that_notes_its_fire(store: Store) -> None:
    woken: list[ExecutionId] = []
    store.on_wake_up(woken.append)
    await activate(store, V1, record())
    launch = Launch(execution("run"), b"first", audit("start"))
    assert await follow(store, record(), FOLLOWED, launch=launch, audits=[audit("skip")]) is Followed.DONE
    await asyncio.sleep(0)
    assert await of_etl(store) == FOLLOWED
    assert await store.log.read(launch.execution.id) == [b"first"]
    assert launch.execution.id in woken
    assert len(await store.audits.page(query(where("action", "value_in", "skip", "start")))) == 2


async def test_a_run_that_exists_is_not_noted(store: Store) -> None:
    await activate(store, V1, record())
    await store.executions.create(execution("run"), b"by hand", audit())
    launch = Launch(execution("run"), b"first", audit())
    assert await follow(store, record(), FOLLOWED, launch=launch, audits=[audit("skip")]) is Followed.EXISTS
    assert await of_etl(store) == record()
    assert await store.log.read(launch.execution.id) == [b"by hand"]


async def test_only_the_holder_of_the_lease_starts_or_notes_anything(store: Store) -> None:
    await activate(store, V1, record())
    lost = await store.leases.claim("scheduler", "a", lease_us=0)
    await store.leases.claim("scheduler", "b", lease_us=60_000_000)
    with pytest.raises(FailedPrecondition, match="does not hold the lease"):
        await store.schedules.follow(lost, record(), FOLLOWED, launch=Launch(execution("run"), b"", audit()))
    assert await of_etl(store) == record()
    assert await store.executions.page(query()) == []


async def test_open_runs_of_a_plan_are_those_of_all_its_versions(store: Store) -> None:
    for name, plan, phase, launched in (
        ("second", V1, ExecutionPhase.RUNNING, "launch_plan"),
        ("first", V2, ExecutionPhase.QUEUED, "launch_plan"),
        ("ended", V1, ExecutionPhase.ABORTED, "launch_plan"),
        ("other", OTHER, ExecutionPhase.RUNNING, "launch_plan"),
        ("task", V1, ExecutionPhase.RUNNING, "task"),
    ):
        created_at = 5 if name == "first" else 6
        more = {"launch_plan": plan, "phase": phase, "launch_entity": launched, "created_at": created_at}
        await store.executions.create(execution(name, **more), b"", audit())
    found = await store.executions.open_of(*V1[:3], limit=9)
    assert [each.id.name for each in found] == ["first", "second"]
    assert {each.inputs for each in found} == {b""}
    assert [each.id.name for each in await store.executions.open_of(*V1[:3], limit=1)] == ["first"]
