"""Leases by name: of several processes one holds a name, and a term tells it from those before."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from alula.server.store import Store
from alula.server.store.leases import Lease

pytestmark = pytest.mark.anyio
LONG_US = 60_000_000
ENDED_US = 0
"""A lease of this length has ended when it is given."""


async def test_one_holds_a_lease_and_the_others_learn_who(store: Store) -> None:
    mine = await store.leases.claim("sweep", "a", lease_us=LONG_US)
    assert mine == Lease("sweep", "a", 1, mine.left_us)
    theirs = await store.leases.claim("sweep", "b", lease_us=LONG_US)
    assert (theirs.holder, theirs.term) == ("a", 1)
    assert 0 < theirs.left_us <= mine.left_us <= LONG_US


async def test_names_are_held_apart(store: Store) -> None:
    assert (await store.leases.claim("sweep", "a", lease_us=LONG_US)).holder == "a"
    assert (await store.leases.claim("fire", "b", lease_us=LONG_US)).holder == "b"


async def test_claiming_what_one_holds_begins_no_term_and_lasts_no_longer(store: Store) -> None:
    first = await store.leases.claim("sweep", "a", lease_us=LONG_US)
    again = await store.leases.claim("sweep", "a", lease_us=2 * LONG_US)
    assert (again.holder, again.term) == ("a", 1)
    assert again.left_us <= first.left_us


async def test_a_lease_that_has_ended_is_given_to_the_next_in_a_new_term(store: Store) -> None:
    await store.leases.claim("sweep", "a", lease_us=ENDED_US)
    assert (await store.leases.claim("sweep", "b", lease_us=ENDED_US)).term == 2
    assert (await store.leases.claim("sweep", "b", lease_us=LONG_US)).term == 3


async def test_it_is_renewed_in_its_term_alone(store: Store) -> None:
    lease = await store.leases.claim("sweep", "a", lease_us=LONG_US)
    assert await store.leases.renew(lease, lease_us=2 * LONG_US) == Lease("sweep", "a", 1, 2 * LONG_US)
    assert (await store.leases.claim("sweep", "b", lease_us=LONG_US)).left_us > LONG_US
    assert await store.leases.renew(Lease("sweep", "a", 2, LONG_US), lease_us=LONG_US) is None
    assert await store.leases.renew(Lease("sweep", "b", 1, LONG_US), lease_us=LONG_US) is None
    assert await store.leases.renew(Lease("other", "a", 1, LONG_US), lease_us=LONG_US) is None


async def test_one_that_has_ended_is_not_renewed_though_nobody_took_it(store: Store) -> None:
    lease = await store.leases.claim("sweep", "a", lease_us=ENDED_US)
    assert await store.leases.renew(lease, lease_us=LONG_US) is None
    assert (await store.leases.claim("sweep", "a", lease_us=LONG_US)).term == 2


async def test_what_is_released_is_free_at_once_and_its_term_is_over(store: Store) -> None:
    lease = await store.leases.claim("sweep", "a", lease_us=LONG_US)
    kept = await store.leases.claim("fire", "a", lease_us=LONG_US)
    await store.leases.release("b")
    await store.leases.release("a", "sweep")
    assert await store.leases.renew(lease, lease_us=LONG_US) is None
    assert await store.leases.claim("sweep", "b", lease_us=LONG_US) == Lease("sweep", "b", 2, LONG_US)
    assert await store.leases.renew(kept, lease_us=LONG_US)


async def test_all_that_somebody_holds_or_that_anybody_holds_is_released(store: Store) -> None:
    for name, holder in (("sweep", "a"), ("fire", "a"), ("tell", "b")):
        await store.leases.claim(name, holder, lease_us=LONG_US)
    await store.leases.release("a")
    assert [await _holder(store, name) for name in ("sweep", "fire", "tell")] == ["c", "c", "b"]
    await store.leases.release(None)
    assert [await _holder(store, name) for name in ("sweep", "fire", "tell")] == ["c", "c", "c"]


async def test_of_many_that_claim_at_once_one_has_it(make_store: Callable[[], Store]) -> None:
    stores = [make_store() for _ in range(4)]
    for store in stores:
        await store.start()
    try:
        claims = [
            store.leases.claim("sweep", f"{number}-{n}", lease_us=LONG_US)
            for number, store in enumerate(stores)
            for n in range(3)
        ]
        assert len({lease.holder for lease in await asyncio.gather(*claims)}) == 1
    finally:
        for store in stores:
            await store.stop()


async def _holder(store: Store, name: str) -> str:
    return (await store.leases.claim(name, "c", lease_us=LONG_US)).holder
