"""Backfills and their slots are kept, and are gone on with under a lease."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from tests.contract.store.records import audit, backfill, execution, query, where

from alula.core.errors import FailedPrecondition
from alula.core.ids import ExecutionId
from alula.core.policy.backfilling import BackfillState, Counts, SlotState
from alula.server.store import Store
from alula.server.store.backfill_records import SlotRecord
from alula.server.store.backfills import BackfillStep
from alula.server.store.leases import Lease
from alula.server.store.schedules import Followed, Launch

pytestmark = pytest.mark.anyio
ID = backfill().id
SLOTS = [SlotRecord(30, 29, "c"), SlotRecord(10, 9, "a"), SlotRecord(20, 19, "b", SlotState.THERE)]
STARTED = BackfillStep(
    backfill(), backfill(counts=Counts(waiting=1, running=1, there=1)), [SlotRecord(10, 9, "a", SlotState.RUNNING)]
)


async def slots(store: Store, *filters: Any, descending: bool = False, limit: int = 9) -> list[SlotRecord]:
    return await store.backfills.slots(ID, query(*filters, sort_by="at", descending=descending, limit=limit))


async def lease_of(store: Store) -> Lease:
    return await store.leases.claim("backfills", "a", lease_us=60_000_000)


async def test_one_is_kept_once_with_its_slots(store: Store) -> None:
    assert await store.backfills.create(backfill(), SLOTS, audit("start"))
    assert not await store.backfills.create(backfill(principal="bob"), SLOTS[:1], audit("again"))
    assert await store.backfills.get(ID) == backfill()
    assert await store.backfills.get(ID._replace(name="other")) is None
    assert await slots(store) == sorted(SLOTS, key=lambda slot: slot.at)
    assert [each.action for each in await store.audits.page(query(where("action", "value_in", "start", "again")))] == [
        "start"
    ]


async def test_slots_are_found_by_their_state_from_either_end(store: Store) -> None:
    await store.backfills.create(backfill(), SLOTS, audit())
    waiting = where("state", "eq", "WAITING")
    assert [slot.run for slot in await slots(store, waiting)] == ["a", "c"]
    assert [slot.run for slot in await slots(store, waiting, descending=True, limit=1)] == ["c"]


async def test_those_that_have_something_to_do_are_told(store: Store) -> None:
    given = {
        "second": {"state": BackfillState.RUNNING, "created_at": 60},
        "first": {"state": BackfillState.CANCELLING},
        "third": {"state": BackfillState.PAUSED, "counts": Counts(running=1), "created_at": 70},
        "paused": {"state": BackfillState.PAUSED, "counts": Counts(waiting=1)},
        "ended": {"state": BackfillState.FAILED, "ended_at": 80},
    }
    for name, more in given.items():
        await store.backfills.create(backfill(name, **more), [], audit())
    assert [each.id.name for each in await store.backfills.open()] == ["first", "second", "third"]
    ended = await store.backfills.page(query(where("state", "eq", "FAILED")))
    assert ended == [backfill("ended", **given["ended"])]


async def test_a_run_starts_in_the_transaction_that_notes_its_slot(store: Store) -> None:
    woken: list[ExecutionId] = []
    store.on_wake_up(woken.append)
    await store.backfills.create(backfill(), SLOTS, audit())
    launch = Launch(execution("a"), b"first", audit("launch"))
    assert await store.backfills.follow(await lease_of(store), STARTED, launch=launch) is Followed.DONE
    await asyncio.sleep(0)
    assert await store.backfills.get(ID) == STARTED.after
    assert (await slots(store))[0] == STARTED.slots[0]
    assert await store.log.read(launch.execution.id) == [b"first"]
    assert launch.execution.id in woken


async def test_nothing_is_noted_of_a_row_that_is_not_as_it_was_read(store: Store) -> None:
    await store.backfills.create(backfill(), SLOTS, audit())
    paused = backfill(state=BackfillState.PAUSED)
    assert await store.backfills.change(backfill(), paused, audit("pause"))
    assert not await store.backfills.change(backfill(), backfill(state=BackfillState.CANCELLED), audit("cancel"))
    launch = Launch(execution("a"), b"", audit())
    assert await store.backfills.follow(await lease_of(store), STARTED, launch=launch) is Followed.CHANGED
    assert await store.backfills.get(ID) == paused
    assert (await slots(store))[0] == SLOTS[1]
    assert await store.executions.page(query()) == []
    assert [each.action for each in await store.audits.page(query(where("action", "value_in", "pause", "cancel")))] == [
        "pause"
    ]


async def test_a_run_that_exists_is_not_noted(store: Store) -> None:
    await store.backfills.create(backfill(), SLOTS, audit())
    await store.executions.create(execution("a"), b"by hand", audit())
    launch = Launch(execution("a"), b"first", audit())
    assert await store.backfills.follow(await lease_of(store), STARTED, launch=launch) is Followed.EXISTS
    assert await store.backfills.get(ID) == backfill()
    assert await store.log.read(launch.execution.id) == [b"by hand"]


async def test_only_the_holder_of_the_lease_starts_or_notes_anything(store: Store) -> None:
    await store.backfills.create(backfill(), SLOTS, audit())
    lost = await store.leases.claim("backfills", "a", lease_us=0)
    await store.leases.claim("backfills", "b", lease_us=60_000_000)
    with pytest.raises(FailedPrecondition, match="does not hold the lease"):
        await store.backfills.follow(lost, STARTED, launch=Launch(execution("a"), b"", audit()))
    assert await store.backfills.get(ID) == backfill()
    assert await store.executions.page(query()) == []


async def test_ten_thousand_slots_are_kept_at_once(store: Store) -> None:
    many = [SlotRecord(at, at, f"r{at}") for at in range(10_000)]
    assert await store.backfills.create(backfill(), many, audit())
    assert (await slots(store, descending=True, limit=1))[0] == many[-1]
    changed = [msgspec.structs.replace(slot, state=SlotState.FAILED, detail="\0") for slot in many[:200]]
    await store.backfills.follow(await lease_of(store), BackfillStep(backfill(), backfill(), changed))
    assert len(await slots(store, where("state", "eq", "FAILED"), limit=1_000)) == 200
