"""Uploads of code: what was asked for lately is not removed, and what is being removed is not given."""

from __future__ import annotations

import asyncio

import pytest
from tests.contract.store.records import audit, query, where

from alula.core.errors import FailedPrecondition
from alula.server.store import Store
from alula.server.store.leases import Lease

pytestmark = pytest.mark.anyio


async def lease_of(store: Store) -> Lease:
    return await store.leases.claim("retention", "a", lease_us=60_000_000)


async def begin(store: Store, lease: Lease, *uris: str, before: int = 100) -> list[str]:
    return await store.uploads.begin(lease, [(uri, audit("remove", target=uri)) for uri in uris], before)


async def test_what_nobody_has_asked_for_lately_goes_and_is_told(store: Store) -> None:
    lease = await lease_of(store)
    assert await store.uploads.ask("old", 100)
    assert await store.uploads.ask("new", 101)
    assert await begin(store, lease, "unknown", "new", "old") == ["old", "unknown"]
    told = await store.audits.page(query(where("action", "eq", "remove")))
    assert sorted(each.target for each in told) == ["old", "unknown"]
    assert await store.uploads.going(limit=1) == ["old"]
    assert await begin(store, lease, "old") == []


async def test_one_that_is_being_removed_can_be_asked_for_when_it_is_gone(store: Store) -> None:
    lease = await lease_of(store)
    assert await begin(store, lease, "a", "b") == ["a", "b"]
    assert not await store.uploads.ask("a", 500)
    await store.uploads.finish(lease, ["a"])
    assert await store.uploads.ask("a", 500)
    assert await store.uploads.going(limit=9) == ["b"]
    assert await begin(store, lease, "a", before=499) == []


async def test_asking_again_counts_and_an_earlier_time_does_not(store: Store) -> None:
    lease = await lease_of(store)
    for at in (50, 200, 60):
        assert await store.uploads.ask("a", at)
    assert await begin(store, lease, "a", before=199) == []
    assert await begin(store, lease, "a", before=200) == ["a"]


async def test_what_was_asked_for_long_ago_is_forgotten_in_portions(store: Store) -> None:
    lease = await lease_of(store)
    for number in range(3):
        await store.uploads.ask(f"a{number}", 10 + number)
    await begin(store, lease, "going")
    assert [await store.uploads.forget(lease, 11, limit=1) for _ in range(3)] == [1, 1, 0]
    assert await store.uploads.going(limit=9) == ["going"]
    assert await begin(store, lease, "a2", before=11) == []


async def test_of_who_asks_and_who_removes_at_once_one_is_refused(store: Store) -> None:
    lease = await lease_of(store)
    for number in range(20):
        uri = f"a{number}"
        asked, begun = await asyncio.gather(store.uploads.ask(uri, 500), begin(store, lease, uri))
        assert asked == (begun == [])


async def test_nothing_goes_under_a_lease_that_is_lost(store: Store) -> None:
    lost = await store.leases.claim("retention", "a", lease_us=0)
    await store.leases.claim("retention", "b", lease_us=60_000_000)
    for change in (begin(store, lost, "a"), store.uploads.finish(lost, ["a"]), store.uploads.forget(lost, 1, limit=1)):
        with pytest.raises(FailedPrecondition, match="does not hold the lease"):
            await change
    assert await store.uploads.ask("a", 1)
