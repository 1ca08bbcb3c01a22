"""The catalog: outputs that may stand in for a run, and who computes those that are not there yet."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec
import pytest
from tests.contract.store.records import (
    audit,
    cache_entry,
    cache_key,
    commit,
    execution,
    execution_id,
    node,
    query,
    where,
)

from alula.core.engine.records import CacheEntry, Changes, ExecutionChange, ExecutionPhase, NodePhase, Released
from alula.core.errors import FailedPrecondition, InvalidInput
from alula.core.policy.cache_key import CacheKey
from alula.server.store import Store
from alula.server.store.datasets import DatasetId, DatasetRecord

pytestmark = pytest.mark.anyio
ID, OTHER = execution_id("a1"), execution_id("a2")
HOLDER, RIVAL = f"{ID}/n0", f"{OTHER}/n0"


async def launch(store: Store, *names: str) -> None:
    for name in names:
        await store.executions.create(execution(name), b"created", audit())


async def test_the_catalog_gives_what_was_published_last(store: Store) -> None:
    await launch(store, "a1")
    assert await store.catalog.get(cache_key()) is None
    await store.log.commit([commit(ID, 1, b"a", published=[cache_entry(), cache_entry("d2")])])
    assert await store.catalog.get(cache_key()) == cache_entry()
    newer = cache_entry(outputs=b"newer")
    await store.log.commit([commit(ID, 2, b"b", published=[cache_entry(outputs=b"older"), newer])])
    assert await store.catalog.get(cache_key()) == newer
    assert await store.catalog.get(cache_key("d2")) == cache_entry("d2")
    assert await store.catalog.get(cache_key(project="other")) is None


async def test_entries_have_a_dataset_for_each_task_cache_version_and_interface(store: Store) -> None:
    def entry(digest: str, *, at: int, **of: str) -> CacheEntry:
        key = msgspec.structs.replace(cache_key(digest), **of)
        return CacheEntry(key, b"outputs", "a/b/c/n0/0", at)

    def dataset(version: str = "1-interface", *, at: int, task: str = "train") -> DatasetRecord:
        return DatasetRecord(DatasetId("flytesnacks", "development", f"alula_task-{task}", version), "", (), {}, at)

    await launch(store, "a1", "a2")
    published = [entry("d2", at=5), entry("d1", at=7), entry("d3", at=6, cache_version="2-rc")]
    await store.log.commit([commit(ID, 1, b"a", published=published)])
    first = [dataset("2-rc-interface", at=6), dataset(at=5)]
    assert await store.datasets.page(query()) == first
    more = [entry("d4", at=9), entry("d5", at=8, task="test"), entry("d6", at=8, cache_version="☃" * 700)]
    await store.log.commit([commit(OTHER, 1, b"b", published=more)])
    whole = [dataset(at=8, task="test"), *first]
    assert await store.datasets.page(query()) == whole
    mine = DatasetRecord(DatasetId("flytesnacks", "development", "mine", "1"), "u", (), {}, 6)
    assert await store.datasets.create(mine, audit())
    whole = [whole[0], mine, whole[1], whole[2]]
    pages = [await store.datasets.page(query(limit=1, offset=offset)) for offset in range(5)]
    assert [found for page in pages for found in page] == whole
    await store.catalog.evict([where("task", "eq", "train")], audit())
    assert await store.datasets.page(query()) == whole


async def test_writers_that_publish_the_same_keys_do_not_block_each_other(make_store: Callable[[], Store]) -> None:
    stores = [make_store() for _ in range(2)]
    for store in stores:
        await store.start()
    try:
        await launch(stores[0], "a1", "a2")
        digests = [f"d{n}" for n in range(20)]
        for seq in range(1, 6):
            forward = commit(ID, seq, b"e", published=[cache_entry(d) for d in digests])
            backward = commit(OTHER, seq, b"e", published=[cache_entry(d) for d in reversed(digests)])
            both = asyncio.gather(stores[0].log.commit([forward]), stores[1].log.commit([backward]))
            assert await asyncio.wait_for(both, 20) == [[True], [True]]
    finally:
        for store in stores:
            await store.stop()


async def test_entries_are_listed_with_their_outputs_or_without(store: Store) -> None:
    await launch(store, "a1")
    shown = CacheKey("flytesnacks", "development", "train", "2", "interface", {"x": "h"}, "d3", {"x": "\0 3"})
    other = cache_entry("d4", project="other")
    await store.log.commit(
        [commit(ID, 1, b"a", published=[cache_entry("d1"), CacheEntry(shown, b"outputs", "a/b/c/n0/0", 30), other])]
    )
    of_task = (where("project", "eq", "flytesnacks"), where("task", "eq", "train"))
    found = await store.catalog.page(query(*of_task, sort_by="digest", descending=False))
    assert [(entry.key.digest, entry.outputs) for entry in found] == [("d1", b""), ("d3", b"")]
    assert found[1].key.inputs == {"x": "h"}
    whole = await store.catalog.page(query(*of_task, sort_by="digest", descending=False), with_outputs=True)
    assert whole[1].outputs == b"outputs"
    assert [entry.key.digest for entry in whole] == ["d1", "d3"]
    newer = (*of_task, where("cache_version", "eq", "2"))
    assert [entry.key.digest for entry in await store.catalog.page(query(*newer))] == ["d3"]
    with pytest.raises(InvalidInput):
        await store.catalog.page(query(where("outputs", "eq", "x")))


async def test_entries_are_evicted_and_it_is_recorded_by_whom(store: Store) -> None:
    await launch(store, "a1")
    await store.log.commit([commit(ID, 1, b"a", published=[cache_entry("d1"), cache_entry("d2")])])
    assert await store.catalog.evict((where("digest", "eq", "d1"),), audit(action="evict")) == 1
    assert await store.catalog.get(cache_key("d1")) is None
    assert await store.catalog.get(cache_key("d2")) is not None
    assert await store.catalog.evict((where("digest", "eq", "d1"),), audit(action="evict")) == 0
    assert len(await store.audits.page(query(where("action", "eq", "evict"), sort_by="at"))) == 2


async def test_a_result_is_reserved_by_one_at_a_time(store: Store) -> None:
    await launch(store, "a1", "a2")
    assert await store.reservations.take(cache_key(), HOLDER) == ""
    assert await store.reservations.take(cache_key(), RIVAL) == HOLDER
    assert await store.reservations.take(cache_key(), HOLDER) == ""
    assert await store.reservations.take(cache_key("d2"), RIVAL) == ""
    await store.reservations.release(cache_key(), RIVAL)  # which is not theirs
    assert await store.reservations.take(cache_key(), RIVAL) == HOLDER
    await store.reservations.release(cache_key(), HOLDER)
    assert await store.reservations.take(cache_key(), RIVAL) == ""


async def test_a_reservation_ends_with_the_commit_that_says_so(store: Store) -> None:
    await launch(store, "a1", "a2")
    await store.reservations.take(cache_key(), HOLDER)
    released = Changes(published=[cache_entry()], released=[Released(cache_key(), HOLDER)])
    assert await store.log.commit([commit(ID, 7, b"a", changes=released)]) == [False]
    assert await store.reservations.take(cache_key(), RIVAL) == HOLDER
    assert await store.log.commit([commit(ID, 1, b"a", changes=released)]) == [True]
    assert await store.reservations.take(cache_key(), RIVAL) == ""


async def test_nobody_waits_for_an_execution_that_has_ended(store: Store) -> None:
    await launch(store, "a1", "a2")
    await store.reservations.take(cache_key(), HOLDER)
    ended = Changes(execution=ExecutionChange(ExecutionPhase.FAILED, 9, ended_at=9))
    await store.log.commit([commit(ID, 1, b"a", changes=ended)])
    assert await store.reservations.take(cache_key(), RIVAL) == ""
    assert await store.reservations.take(cache_key("d2"), f"{execution_id('gone')}/n0") == ""
    assert await store.reservations.take(cache_key("d2"), RIVAL) == ""


async def test_nobody_waits_for_a_node_that_has_ended(store: Store) -> None:
    await launch(store, "a1", "a2")
    await store.log.commit([commit(ID, 1, b"a", nodes=[node("n0", NodePhase.RUNNING), node("n1", NodePhase.FAILED)])])
    for digest, holder, is_held in (
        ("d1", f"{ID}/n0", True),
        ("d2", f"{ID}/n0[3]", True),
        ("d3", f"{ID}/n1", False),
        ("d4", f"{ID}/n1[3]", False),
        ("d5", f"{ID}/n2", True),
    ):
        assert await store.reservations.take(cache_key(digest), holder) == ""
        assert await store.reservations.holder(cache_key(digest)) == (holder if is_held else "")
        assert await store.reservations.take(cache_key(digest), RIVAL) == (holder if is_held else "")


async def test_of_many_that_want_it_at_once_one_has_it(make_store: Callable[[], Store]) -> None:
    stores = [make_store() for _ in range(2)]
    for store in stores:
        await store.start()
    try:
        await launch(stores[0], *(f"a{number}" for number in range(20)))
        holders = [f"{execution_id(f'a{number}')}/n0" for number in range(20)]
        answers = await asyncio.gather(
            *(stores[number % 2].reservations.take(cache_key(), holder) for number, holder in enumerate(holders))
        )
        (winner,) = {answer for answer in answers if answer}
        assert answers.count("") == 1 and holders[answers.index("")] == winner
    finally:
        for store in stores:
            await store.stop()


async def test_a_runner_reserves_and_lets_go_only_for_what_it_owns(store: Store) -> None:
    await launch(store, "a1")
    await store.ownership.claim("first", now=0, lease_us=1, limit=9)
    assert await store.reservations.take(cache_key(), HOLDER, owner="first") == ""
    await store.ownership.claim("second", now=5, lease_us=1, limit=9)
    await store.reservations.release(cache_key(), HOLDER, owner="first")
    assert await store.reservations.holder(cache_key()) == HOLDER
    await store.reservations.release(cache_key(), HOLDER, owner="second")
    with pytest.raises(FailedPrecondition) as refusal:
        await store.reservations.take(cache_key(), HOLDER, owner="first")
    assert refusal.value.code == "ExecutionLost"
    assert await store.reservations.holder(cache_key()) == ""
    assert await store.reservations.take(cache_key(), HOLDER, owner="second") == ""
