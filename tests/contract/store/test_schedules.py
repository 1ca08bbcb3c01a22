"""Schedules come and go with the activation of their launch plans, and are followed under a lease."""

from __future__ import annotations

import pytest
from tests.contract.store.records import audit, entity, query, where

from alula.core.errors import FailedPrecondition
from alula.core.ids import EntityId
from alula.server.store import Store
from alula.server.store.leases import Lease
from alula.server.store.schedules import ScheduleRecord

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
    assert await store.schedules.follow(await lease_of(store), V1, until=20, due_at=40)
    await activate(store, V1, record(due_at=99))
    assert await of_etl(store) == ScheduleRecord(V1, "ada", since=10, followed_until=20, due_at=40)


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


async def test_one_that_ends_is_gone(store: Store) -> None:
    await activate(store, V1, record())
    assert await store.schedules.follow(await lease_of(store), V1, until=20, due_at=None)
    assert await of_etl(store) is None


async def test_nothing_is_noted_of_a_version_that_is_not_active(store: Store) -> None:
    await activate(store, V2, record(V2))
    lease = await lease_of(store)
    assert not await store.schedules.follow(lease, V1, until=20, due_at=40, audits=[audit("skip")])
    assert await of_etl(store) == record(V2)
    assert await store.audits.page(query(where("action", "eq", "skip"))) == []
    assert await store.schedules.follow(lease, V2, until=20, due_at=40, audits=[audit("skip")])
    assert len(await store.audits.page(query(where("action", "eq", "skip")))) == 1


async def test_only_the_holder_of_the_lease_notes_anything(store: Store) -> None:
    await activate(store, V1, record())
    lost = await store.leases.claim("scheduler", "a", lease_us=0)
    await store.leases.claim("scheduler", "b", lease_us=60_000_000)
    with pytest.raises(FailedPrecondition, match="does not hold the lease"):
        await store.schedules.follow(lost, V1, until=20, due_at=40)
    assert await of_etl(store) == record()
