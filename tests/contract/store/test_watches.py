"""Watches begin and end with their triggers, and remember objects until they have ended."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.contract.store.records import audit, entity

from alula.core.errors import FailedPrecondition
from alula.core.ids import EntityId, Place
from alula.core.policy.watching import Sighting
from alula.server.store import Store
from alula.server.store.leases import Lease
from alula.server.store.trigger_records import TriggerRecord
from alula.server.store.watches import WatchRecord

pytestmark = pytest.mark.anyio
PLAN = EntityId("flytesnacks", "development", "loaded", "v1")
LATER = PLAN._replace(version="v2")
WATCHED = "objects s3://b/in/*.csv"


def trigger(plan: EntityId = PLAN, *, since: int = 5, watched: str = WATCHED, kind: Any = "object") -> TriggerRecord:
    return TriggerRecord(plan, "ada", since, kind, watched)


async def activate(store: Store, record: TriggerRecord | None, plan: EntityId = PLAN) -> None:
    await store.entities.register([entity(id=plan, kind="launch_plan")], audit())
    assert await store.entities.set_launch_plan_active(plan, active=True, audit=audit(), trigger=record)


async def deactivate(store: Store, plan: EntityId = PLAN) -> None:
    assert await store.entities.set_launch_plan_active(plan, active=False, audit=audit())


async def lease_of(store: Store) -> Lease:
    return await store.leases.claim("arrivals", "a", lease_us=60_000_000)


async def watch_of(store: Store) -> WatchRecord:
    found = await store.watches.of(*PLAN[:3])
    assert found is not None
    return found


def sighting(name: str, **more: Any) -> Sighting:
    return msgspec.structs.replace(Sighting(f"s3://b/in/{name}", "3 tag", 7, is_settled=False), **more)


async def test_one_begins_and_ends_with_its_trigger(store: Store) -> None:
    await activate(store, trigger(kind="webhook", watched="webhook git"))
    assert await store.watches.of(*PLAN[:3]) is None
    await activate(store, trigger(LATER), LATER)
    watch = await watch_of(store)
    assert (watch.name, watch.since, watch.first_pass_at, watch.trouble) == ("loaded", 5, None, "")
    assert await store.watches.within(Place(*PLAN[:2])) == [watch]
    assert await store.watches.within(Place("flytesnacks", "production")) == []
    await deactivate(store, LATER)
    assert await store.watches.of(*PLAN[:3]) is None


async def test_one_goes_on_with_a_version_that_waits_for_the_same(store: Store) -> None:
    await activate(store, trigger())
    watch = await watch_of(store)
    await activate(store, trigger(LATER, since=9), LATER)
    assert await watch_of(store) == watch
    other = PLAN._replace(version="v3")
    await activate(store, trigger(other, since=12, watched="objects s3://b/else/*"), other)
    assert (await watch_of(store)).since == 12
    await activate(store, None, PLAN._replace(version="v4"))
    assert await store.watches.of(*PLAN[:3]) is None


async def test_one_that_begins_again_remembers_nothing(store: Store) -> None:
    lease = await lease_of(store)
    await activate(store, trigger())
    before = await watch_of(store)
    await store.watches.note(lease, before.id, [sighting("a")], [])
    await deactivate(store)
    await activate(store, trigger())  # at the same time, as by a clock that was set back
    after = await watch_of(store)
    assert after.id != before.id
    assert await store.watches.sightings(after.id, "", limit=10) == []


async def test_sightings_are_written_over_removed_and_read_in_order(store: Store) -> None:
    lease = await lease_of(store)
    await activate(store, trigger())
    id = (await watch_of(store)).id
    a, b, c = (sighting(name) for name in ("a", "b", "é"))
    await store.watches.note(lease, id, [c, a, b], [])
    assert await store.watches.sightings(id, "", limit=10) == [a, b, c]
    assert await store.watches.sightings(id, a.uri, limit=1) == [b]
    settled = sighting("b", mark="4 tag", at=8, is_settled=True)
    await store.watches.note(lease, id, [settled], [a.uri, "s3://b/in/nothing"])
    assert await store.watches.sightings(id, "", limit=10) == [settled, c]
    assert await store.watches.sightings("other", "", limit=10) == []


async def test_the_first_pass_and_trouble_are_remembered(store: Store) -> None:
    lease = await lease_of(store)
    await activate(store, trigger())
    after = msgspec.structs.replace(await watch_of(store), first_pass_at=11, trouble="Away", forgotten_until=7)
    await store.watches.update(lease, after)
    assert await watch_of(store) == after


async def test_one_that_has_ended_notes_nothing_and_is_forgotten_in_portions(store: Store) -> None:
    lease = await lease_of(store)
    await activate(store, trigger())
    id = (await watch_of(store)).id
    await store.watches.note(lease, id, [sighting(name) for name in "abc"], [])
    assert await store.watches.remove_expired(lease, limit=2) == 0
    await deactivate(store)
    await store.watches.note(lease, id, [sighting("d")], [])
    assert len(await store.watches.sightings(id, "", limit=10)) == 3
    assert [await store.watches.remove_expired(lease, limit=2) for _ in range(4)] == [2, 1, 1, 0]
    assert await store.watches.sightings(id, "", limit=10) == []
    await store.watches.note(lease, id, [sighting("e")], [])
    assert await store.watches.sightings(id, "", limit=10) == []


async def test_nothing_is_noted_under_a_lease_that_is_lost(store: Store) -> None:
    await activate(store, trigger())
    watch = await watch_of(store)
    lost = await store.leases.claim("arrivals", "a", lease_us=0)
    await store.leases.claim("arrivals", "b", lease_us=60_000_000)
    for change in (
        store.watches.note(lost, watch.id, [sighting("a")], []),
        store.watches.update(lost, msgspec.structs.replace(watch, trouble="x")),
        store.watches.remove_expired(lost, limit=1),
    ):
        with pytest.raises(FailedPrecondition, match="does not hold the lease"):
            await change
    assert await watch_of(store) == watch
