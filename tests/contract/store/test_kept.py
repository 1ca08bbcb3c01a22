"""What clients keep in the catalog themselves: datasets, artifacts, tags, outputs, reservations."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from tests.contract.store.records import audit, query, where

from alula.server.store import Store
from alula.server.store.artifacts import ArtifactQuery, ArtifactRecord
from alula.server.store.datasets import DatasetId, DatasetRecord
from alula.server.store.holds import Hold
from alula.server.store.kept_outputs import KeptOutput

pytestmark = pytest.mark.anyio
MODELS = DatasetId("flytesnacks", "development", "models", "1")


def dataset(id: DatasetId = MODELS, *, created_at: int = 1) -> DatasetRecord:
    return DatasetRecord(id, "u", ("region", "day"), {"made": "by ada\0"}, created_at)


def artifact(id: str, region: str = "eu", *, created_at: int = 1, data: bytes = b"data") -> ArtifactRecord:
    return ArtifactRecord(MODELS, id, {"region": region, "day": "1"}, {"k": "v"}, data, created_at)


def held(owner: str, *, until: int, name: str = "r") -> Hold:
    return Hold(name, owner, heartbeat_us=10, expires_at=until)


async def test_a_dataset_is_made_once(store: Store) -> None:
    assert await store.datasets.create(dataset(), audit("create"))
    assert not await store.datasets.create(dataset(created_at=9), audit("create"))
    assert await store.datasets.page(query()) == [dataset()]
    assert len(await store.audits.page(query(where("action", "eq", "create"), where("target", "eq", "thing")))) == 1


async def test_datasets_are_filtered_and_paged(store: Store) -> None:
    made = [dataset(MODELS._replace(version=str(n)), created_at=n) for n in range(4)]
    for each in made:
        await store.datasets.create(each, audit())
    await store.datasets.create(dataset(MODELS._replace(name="other")), audit())
    of_name = where("name", "eq", "models")
    assert await store.datasets.page(query(of_name, limit=2)) == [made[3], made[2]]
    assert await store.datasets.page(query(of_name, limit=2, offset=2)) == [made[1], made[0]]


async def test_artifacts_are_found_by_id_tag_and_partition(store: Store) -> None:
    for each in (artifact("a", created_at=1), artifact("b", "us", created_at=2), artifact("c", created_at=3)):
        assert await store.artifacts.create(each, audit())
    assert not await store.artifacts.create(artifact("a", "us"), audit())
    assert await store.artifacts.tag(MODELS, "b", "best", audit())
    assert not await store.artifacts.tag(MODELS, "a", "best", audit())

    async def ids(**given: Any) -> list[str]:
        wanted = ArtifactQuery(MODELS, **{"limit": 10, **given})
        return [found.id for found in await store.artifacts.page(wanted)]

    assert await ids() == ["c", "b", "a"]
    assert await ids(descending=False, limit=2) == ["a", "b"]
    assert await ids(offset=1, limit=1) == ["b"]
    assert await ids(tag="best") == ["b"]
    assert await ids(partitions=(("region", "eu"),)) == ["c", "a"]
    assert await ids(partitions=(("region", "eu"), ("region", "us"))) == []
    assert await ids(partitions=(("region", "us"),), tag="best", id="b") == ["b"]
    assert (await store.artifacts.page(ArtifactQuery(MODELS, id="b")))[0].tags == ("best",)
    assert await store.artifacts.page(ArtifactQuery(MODELS._replace(version="2"), limit=10)) == []


async def test_an_update_replaces_data_and_leaves_tags_partitions_and_time(store: Store) -> None:
    await store.artifacts.create(artifact("a"), audit())
    await store.artifacts.tag(MODELS, "a", "best", audit())
    assert await store.artifacts.update(artifact("a", "us", created_at=7, data=b"new"), audit())
    assert not await store.artifacts.update(artifact("b"), audit())
    (found,) = await store.artifacts.page(ArtifactQuery(MODELS, id="a"))
    assert (found.data, found.partitions["region"], found.created_at, found.tags) == (b"new", "eu", 1, ("best",))


async def test_an_output_is_overwritten_only_when_told(store: Store) -> None:
    assert await store.kept_outputs.keep(KeptOutput("k", b"1", 1, 1), audit(), overwrite=False)
    assert not await store.kept_outputs.keep(KeptOutput("k", b"2", 2, 2), audit(), overwrite=False)
    assert await store.kept_outputs.keep(KeptOutput("k", b"3", 3, 3), audit(), overwrite=True)
    assert await store.kept_outputs.get("k") == KeptOutput("k", b"3", 1, 3)
    assert await store.kept_outputs.drop("k", audit())
    assert not await store.kept_outputs.drop("k", audit())
    assert await store.kept_outputs.get("k") is None


async def test_a_reservation_is_its_owners_until_it_expires(store: Store) -> None:
    first = held("a", until=30)
    assert await store.holds.take(first, audit("reserve"), now=0) == first
    assert await store.holds.take(held("b", until=59), audit("reserve"), now=29) == first
    longer = held("a", until=58)
    assert await store.holds.take(longer, audit("reserve"), now=28) == longer
    taken = held("b", until=88)
    assert await store.holds.take(taken, audit("reserve"), now=58) == taken
    assert await store.holds.take(first, audit("reserve"), now=59) == taken
    assert len(await store.audits.page(query(where("action", "eq", "reserve")))) == 2


async def test_only_its_owner_ends_a_reservation(store: Store) -> None:
    await store.holds.take(held("a", until=30), audit(), now=0)
    await store.holds.release("r", "b", audit("release"))
    assert (await store.holds.take(held("b", until=30), audit(), now=0)).owner == "a"
    await store.holds.release("r", "a", audit("release"))
    await store.holds.release("r", "a", audit("release"))
    assert (await store.holds.take(held("b", until=30), audit(), now=0)).owner == "b"
    assert len(await store.audits.page(query(where("action", "eq", "release")))) == 1


async def test_of_many_who_ask_at_once_one_gets_the_reservation(make_store: Callable[[], Store]) -> None:
    stores = [make_store() for _ in range(2)]
    for store in stores:
        await store.start()
    try:
        asked = (stores[n % 2].holds.take(held(f"o{n}", until=30), audit(), now=0) for n in range(10))
        assert len({hold.owner for hold in await asyncio.gather(*asked)}) == 1
    finally:
        for store in stores:
            await store.stop()
