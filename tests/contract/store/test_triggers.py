"""Triggers come and go with the activation of their plans, and each cause is dealt with once."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from tests.contract.store.records import audit, entity, execution, execution_id, query, where

from alula.core.ids import EntityId, ExecutionId
from alula.server.store import Store
from alula.server.store.schedules import Launch
from alula.server.store.trigger_records import FiringRecord, FiringState, TriggerRecord
from alula.server.store.triggers import RUN_ENDS, Fired

pytestmark = pytest.mark.anyio
PLAN = EntityId("flytesnacks", "development", "report", "v1")
WATCHED = "workflow flytesnacks/development/etl"
NOW = 1_800_000_000_000_000


def trigger(plan: EntityId = PLAN, **more: Any) -> TriggerRecord:
    return msgspec.structs.replace(TriggerRecord(plan, "ada", NOW, "run", WATCHED), **more)


def firing(cause: str = "run a", **more: Any) -> FiringRecord:
    told = FiringRecord(PLAN, cause, "run a ended", NOW, FiringState.STARTED, run="started", by_run=execution_id("a"))
    return msgspec.structs.replace(told, **more)


def launch(name: str = "started") -> Launch:
    return Launch(execution(name), b"first", audit())


async def activate(store: Store, record: TriggerRecord | None, plan: EntityId = PLAN) -> None:
    await store.entities.register([entity(id=plan, kind="launch_plan")], audit())
    assert await store.entities.set_launch_plan_active(plan, active=True, audit=audit(), trigger=record)


async def heard(store: Store, name: str) -> int:
    """The number of messages of a new run for what hears of runs."""
    await store.executions.create(execution(name), b"", audit())
    messages = await store.outbox.claim(RUN_ENDS, limit=100, lease_us=1)
    await store.outbox.acknowledge(RUN_ENDS, [message.number for message in messages])
    return len(messages)


async def test_one_comes_and_goes_with_the_activation_of_its_version(store: Store) -> None:
    await activate(store, trigger())
    assert await store.triggers.of(*PLAN[:3]) == trigger()
    assert await store.triggers.watching([WATCHED, "workflow other"]) == [trigger()]
    assert await store.triggers.watching(["workflow other"]) == []
    later = PLAN._replace(version="v2")
    await activate(store, trigger(later, watched="launch_plan x"), later)
    assert await store.triggers.page(query()) == [trigger(later, watched="launch_plan x")]
    await store.entities.set_launch_plan_active(PLAN, active=False, audit=audit())
    assert await store.triggers.of(*PLAN[:3]) is not None
    await store.entities.set_launch_plan_active(later, active=False, audit=audit())
    assert await store.triggers.page(query()) == []


async def test_a_version_without_one_ends_that_of_the_version_before(store: Store) -> None:
    await activate(store, trigger())
    await activate(store, None, PLAN._replace(version="v2"))
    assert await store.triggers.page(query()) == []


async def test_activating_again_changes_nothing(store: Store) -> None:
    await activate(store, trigger())
    await store.triggers.fire(firing(), launch=launch())
    await activate(store, trigger(principal="bob"))
    assert await store.triggers.of(*PLAN[:3]) == trigger(last_at=NOW, started=1)


async def test_runs_are_told_of_only_while_one_waits_for_them(store: Store) -> None:
    assert await heard(store, "a") == 0
    other = PLAN._replace(name="other")
    await activate(store, trigger())
    await activate(store, trigger(other), other)
    assert await heard(store, "b") == 1
    await store.entities.set_launch_plan_active(other, active=False, audit=audit())
    assert await heard(store, "c") == 1
    await activate(store, trigger(PLAN._replace(version="v2")), PLAN._replace(version="v2"))
    assert await heard(store, "d") == 1
    await store.entities.set_launch_plan_active(PLAN._replace(version="v2"), active=False, audit=audit())
    assert await heard(store, "e") == 0


async def test_a_run_starts_in_the_transaction_that_notes_its_cause(store: Store) -> None:
    woken: list[ExecutionId] = []
    store.on_wake_up(woken.append)
    await activate(store, trigger())
    assert await store.triggers.fire(firing(), launch=launch()) is Fired.DONE
    await asyncio.sleep(0)
    assert await store.triggers.firing(*PLAN[:3], "run a") == firing()
    assert await store.triggers.of(*PLAN[:3]) == trigger(last_at=NOW, started=1)
    assert await store.log.read(execution_id("started")) == [b"first"]
    assert execution_id("started") in woken


async def test_each_cause_is_dealt_with_once(store: Store) -> None:
    await activate(store, trigger())
    assert await store.triggers.fire(firing(state=FiringState.REFUSED, run="", detail="no\0")) is Fired.DONE
    assert await store.triggers.fire(firing(), launch=launch()) is Fired.SEEN
    assert await store.executions.page(query()) == []
    assert await store.triggers.of(*PLAN[:3]) == trigger(last_at=NOW, refused=1)


async def test_a_cause_is_known_by_its_seal_under_any_name(store: Store) -> None:
    await activate(store, trigger())
    sealed = firing("message a", seal="s")
    assert await store.triggers.fire(sealed) is Fired.DONE
    assert await store.triggers.fire(firing("message b", seal="s"), launch=launch()) is Fired.SEEN
    assert await store.triggers.firing(*PLAN[:3], "message b", seal="s") == sealed
    assert await store.triggers.firing(*PLAN[:3], "message b", seal="t") is None
    assert await store.triggers.firing(*PLAN[:3], "message b") is None
    assert await store.triggers.fire(firing("message c", seal="t")) is Fired.DONE


async def test_a_run_that_exists_is_not_noted(store: Store) -> None:
    await activate(store, trigger())
    await store.executions.create(execution("started"), b"by hand", audit())
    assert await store.triggers.fire(firing(), launch=launch()) is Fired.EXISTS
    assert await store.triggers.firings(query()) == []
    assert await store.triggers.of(*PLAN[:3]) == trigger()


async def test_nothing_fires_that_is_not_active(store: Store) -> None:
    assert await store.triggers.fire(firing(), launch=launch()) is Fired.INACTIVE
    await activate(store, trigger())
    old = firing(plan=PLAN._replace(version="v0"))
    assert await store.triggers.fire(old, launch=launch()) is Fired.INACTIVE
    assert await store.executions.page(query()) == []


async def test_firings_are_found_by_their_plan_and_by_the_run_that_caused_them(store: Store) -> None:
    await activate(store, trigger())
    first, second = firing(), firing("run b", at=NOW + 1, run="x", by_run=execution_id("b"))
    third = firing("else", at=NOW + 2, run="", state=FiringState.REFUSED, by_run=None)
    for each in (first, second, third):
        assert await store.triggers.fire(each) is Fired.DONE
    assert await store.triggers.firings(query(where("name", "eq", "report"))) == [third, second, first]
    assert await store.triggers.firings(query(where("state", "eq", "REFUSED"))) == [third]
    assert await store.triggers.caused_by(execution_id("b"), query()) == [second]
    assert await store.triggers.caused_by(execution_id("b", project="other"), query()) == []
