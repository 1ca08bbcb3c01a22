"""Rows that go by their age: those of a place and a time alone, in portions, told once, and nothing that is at work."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import msgspec
import pytest
from tests.contract.store.records import (
    audit,
    backfill,
    cache_entry,
    cache_key,
    commit,
    entity,
    execution,
    execution_id,
    query,
    where,
)

from alula.core.errors import FailedPrecondition
from alula.core.ids import EntityId, Place
from alula.core.policy.backfilling import BackfillState
from alula.core.policy.retention import ROWS, Rows
from alula.server.store import Store
from alula.server.store.aged import Amount
from alula.server.store.backfill_records import SlotRecord
from alula.server.store.leases import Lease
from alula.server.store.notices import Notice, NoticeState
from alula.server.store.trigger_records import FiringRecord, FiringState, TriggerRecord

pytestmark = pytest.mark.anyio
HERE, ELSE = Place("flytesnacks", "development"), Place("other", "production")
TOLD = audit("remove", target="rows", at=1_000)


async def entries(store: Store, times: Sequence[int]) -> None:
    """Entries of the cache, of a run that stays."""
    for place in (HERE, ELSE):
        id = execution_id("a", project=place.project, domain=place.domain)
        assert await store.executions.create(execution(id), b"created", audit(at=900))
        for number, at in enumerate(times):
            key = msgspec.structs.replace(cache_key(f"d{at}", project=place.project), domain=place.domain)
            entry = msgspec.structs.replace(cache_entry(outputs=b"12345"), key=key, created_at=at)
            assert await store.log.commit([commit(id, number + 1, b"more", published=[entry])]) == [True]


async def changes(store: Store, times: Sequence[int]) -> None:
    """Rows of the audit trail."""
    for place in (HERE, ELSE):
        for at in times:
            told = audit("evict", at=at, project=place.project, domain=place.domain)
            await store.catalog.evict([], told)


async def backfills(store: Store, times: Sequence[int]) -> None:
    """Backfills of two slots that have ended, and one that has not."""
    for place in (HERE, ELSE):
        slots = [SlotRecord(at, at, f"r{at}") for at in (1, 2)]
        for at in times:
            id = execution_id(f"b{at}", project=place.project, domain=place.domain)
            ended = msgspec.structs.replace(backfill(), id=id, state=BackfillState.SUCCEEDED, ended_at=at)
            assert await store.backfills.create(ended, slots, audit(at=900))
        id = execution_id("open", project=place.project, domain=place.domain)
        assert await store.backfills.create(msgspec.structs.replace(backfill(), id=id), slots, audit(at=900))


async def firings(store: Store, times: Sequence[int]) -> None:
    """Firings of triggers."""
    for place in (HERE, ELSE):
        plan = EntityId(*place, "report", "v1")
        await activate(store, TriggerRecord(plan, "ada", 1, "run", "run of p/d/etl"))
        for at in times:
            await store.triggers.fire(FiringRecord(plan, f"run {at}", "told", at, FiringState.STARTED, run=f"r{at}"))


async def deliveries(store: Store, times: Sequence[int]) -> None:
    """Notices that were delivered, and one that is to be."""
    states = [(at, NoticeState.SENT) for at in times] + [(1, NoticeState.PENDING)]
    await store.notices.add(
        [
            Notice(f"{place}{at}{state}", "r", "c", *place, "execution", "FAILED", b"12345", at, state)
            for place in (HERE, ELSE)
            for at, state in states
        ]
    )


async def activate(store: Store, record: TriggerRecord) -> None:
    kept = entity(id=record.plan, kind="launch_plan")
    await store.entities.register([kept], audit(at=900))
    assert await store.entities.set_launch_plan_active(record.plan, active=True, audit=audit(at=900), trigger=record)


Make = Callable[[Store, Sequence[int]], Awaitable[None]]
MAKE: dict[Rows, Make] = {
    "cache": entries,
    "audits": changes,
    "backfills": backfills,
    "firings": firings,
    "deliveries": deliveries,
}


async def lease_of(store: Store) -> Lease:
    return await store.leases.claim("retention", "a", lease_us=60_000_000)


async def removals(store: Store) -> int:
    return len(await store.audits.page(query(where("action", "eq", "remove"))))


@pytest.mark.parametrize("of", ROWS)
async def test_old_ones_of_a_place_go_in_portions_and_it_is_told_once(store: Store, of: Rows) -> None:
    await MAKE[of](store, [100, 200, 300])
    lease, remove = await lease_of(store), store.aged.remove
    assert not {HERE, ELSE}.intersection(await store.aged.places(of, 99))
    assert {HERE, ELSE}.issubset(await store.aged.places(of, 200))
    each = 3 if of == "backfills" else 1  # with its slots
    assert (await store.aged.amount(of, HERE, 200)).rows == 2
    portions = [await remove(lease, of, HERE, 200, limit=2 * each - 1, audit=TOLD)]
    while portions[-1]:
        portions.append(await remove(lease, of, HERE, 200, limit=2 * each - 1))
    assert sum(portions) == 2 * each
    assert max(portions) < 2 * each
    assert await removals(store) == 1
    assert await store.aged.amount(of, HERE, 200) == Amount(0, 0)
    assert (await store.aged.amount(of, HERE, 300)).rows == 1
    assert (await store.aged.amount(of, ELSE, 300)).rows == 3
    assert {HERE, ELSE}.intersection(await store.aged.places(of, 200)) == {ELSE}
    assert await remove(lease, of, HERE, 200, limit=9, audit=TOLD) == 0
    assert await removals(store) == 1


async def test_the_room_that_values_take_is_told(store: Store) -> None:
    await entries(store, [100, 200])
    assert (await store.aged.amount("cache", HERE, 500)).bytes >= 10


async def test_what_is_at_work_stays(store: Store) -> None:
    await backfills(store, [])
    await deliveries(store, [])
    lease = await lease_of(store)
    for of in ("backfills", "deliveries"):
        assert await store.aged.places(of, 1 << 60) == []
        assert await store.aged.remove(lease, of, HERE, 1 << 60, limit=9, audit=TOLD) == 0
    open_one = execution_id("open", project=HERE.project, domain=HERE.domain)
    assert len(await store.backfills.slots(open_one, query())) == 2


@pytest.mark.parametrize("of", ROWS)
async def test_nothing_goes_under_a_lease_that_is_lost(store: Store, of: Rows) -> None:
    await MAKE[of](store, [100])
    lost = await store.leases.claim("retention", "a", lease_us=0)
    await store.leases.claim("retention", "b", lease_us=60_000_000)
    with pytest.raises(FailedPrecondition, match="does not hold the lease"):
        await store.aged.remove(lost, of, HERE, 200, limit=9, audit=TOLD)
    assert (await store.aged.amount(of, HERE, 200)).rows == 1
    assert await removals(store) == 0
