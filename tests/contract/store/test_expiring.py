"""Removing rows that mean nothing any more: none that still means something, in portions, under a lease."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from tests.contract.store.records import audit, cache_key, commit, execution, execution_id

from alula.core.engine.records import ExecutionChange, ExecutionPhase
from alula.core.errors import FailedPrecondition
from alula.server.store import Store
from alula.server.store.holds import Hold
from alula.server.store.leases import Lease

pytestmark = pytest.mark.anyio
LONG_US = 60_000_000
Remove = Callable[[Store, Lease], Awaitable[int]]
REMOVES: tuple[Remove, ...] = (
    lambda store, lease: store.ownership.remove_expired(lease, limit=10),
    lambda store, lease: store.reservations.remove_expired(lease, limit=10),
    lambda store, lease: store.holds.remove_expired(lease, limit=10),
)


@pytest.fixture
async def lease(store: Store, anyio_backend: str) -> Lease:
    return await store.leases.claim("maintenance", "a", lease_us=LONG_US)


async def test_runners_are_removed_when_their_lease_has_ended(store: Store, lease: Lease) -> None:
    now = await store.now()
    await store.executions.create(execution("a1"), b"event", audit(), owner="alive")
    await store.executions.create(execution("b1"), b"event", audit(), owner="dead")
    await store.ownership.renew("alive", now=now, lease_us=LONG_US)
    await store.ownership.renew("dead", now=now - 2, lease_us=1)
    assert await store.ownership.remove_expired(lease, limit=10) == 1
    assert await store.ownership.remove_expired(lease, limit=10) == 0
    assert await store.ownership.claim("next", now=now, lease_us=LONG_US, limit=10) == [execution_id("b1")]


async def test_what_an_ended_runner_owned_can_be_claimed_without_anything_being_removed(store: Store) -> None:
    now = await store.now()
    await store.executions.create(execution("a1"), b"event", audit(), owner="dead")
    await store.ownership.renew("dead", now=now, lease_us=10)
    assert await store.ownership.claim("next", now=now + 9, lease_us=LONG_US, limit=10) == []
    assert await store.ownership.claim("next", now=now + 10, lease_us=LONG_US, limit=10) == [execution_id("a1")]


async def test_reservations_are_removed_when_the_execution_of_their_holder_has_ended(
    store: Store, lease: Lease
) -> None:
    for name in ("open", "ended"):
        await store.executions.create(execution(name), b"event", audit())
        for index in range(2):
            holder = f"flytesnacks/development/{name}/n0[{index}]"
            assert await store.reservations.take(cache_key(f"{name}-{index}"), holder) == ""
    assert await store.reservations.remove_expired(lease, limit=10) == 0
    end = ExecutionChange(ExecutionPhase.FAILED, 20, ended_at=20)
    assert await store.log.commit([commit(execution_id("ended"), 1, b"end", execution=end)]) == [True]
    assert await store.reservations.remove_expired(lease, limit=10) == 2
    assert await store.reservations.remove_expired(lease, limit=10) == 0
    assert await store.reservations.holder(cache_key("open-1")) == "flytesnacks/development/open/n0[1]"


async def test_holds_of_clients_are_removed_when_they_have_expired(store: Store, lease: Lease) -> None:
    now = await store.now()
    for name, until in (("past", now - 1), ("now", now), ("future", now + LONG_US)):
        await store.holds.take(Hold(name, "ada", 10, until), audit(), now=now - 10)
    assert await store.holds.remove_expired(lease, limit=10) == 2
    assert (await store.holds.take(Hold("future", "bob", 10, now + 1), audit(), now=now)).owner == "ada"


async def test_no_more_is_removed_at_once_than_is_asked_for(store: Store, lease: Lease) -> None:
    now = await store.now()
    for number in range(5):
        await store.ownership.renew(f"dead{number}", now=now - 2, lease_us=1)
    assert [await store.ownership.remove_expired(lease, limit=2) for _ in range(4)] == [2, 2, 1, 0]


@pytest.mark.parametrize("remove", REMOVES)
async def test_nothing_is_removed_under_a_lease_that_was_given_to_another(
    store: Store, lease: Lease, remove: Remove
) -> None:
    now = await store.now()
    await store.ownership.renew("dead", now=now - 2, lease_us=1)
    await store.holds.take(Hold("past", "ada", 10, now - 1), audit(), now=now - 10)
    await store.leases.release("a")
    later = await store.leases.claim("maintenance", "b", lease_us=LONG_US)
    with pytest.raises(FailedPrecondition) as refusal:
        await remove(store, lease)
    assert refusal.value.code == "LeaseLost"
    assert await store.ownership.remove_expired(later, limit=10) == 1
    assert await store.holds.remove_expired(later, limit=10) == 1
