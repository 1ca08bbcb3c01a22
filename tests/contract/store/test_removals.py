"""Runs that are removed: none that something needs, whole in the end, and gone at once for everybody else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from tests.contract.store.records import (
    audit,
    cache_entry,
    commit,
    entity,
    execution,
    execution_id,
    node,
    query,
    where,
)

from alula.core.engine.records import (
    AttemptPhase,
    AttemptRecord,
    ExecutionChange,
    ExecutionPhase,
    ItemRecord,
    JobRecord,
    Reason,
    SignalRecord,
)
from alula.core.errors import FailedPrecondition, NotFound, Unavailable
from alula.core.ids import ExecutionId
from alula.server.store import Store
from alula.server.store.artifacts import ArtifactRecord
from alula.server.store.datasets import DatasetId, DatasetRecord
from alula.server.store.kept_outputs import KeptOutput
from alula.server.store.leases import Lease
from alula.server.store.removals import Removal, Tries
from alula.server.store.ties import KEPT

pytestmark = pytest.mark.anyio
REMOVED = audit("remove", target="a run")


def removal(name: str, *, at: int = 100, **more: Any) -> Removal:
    return Removal(execution_id(name), f"{name}-1", "old", at, **more)


async def lease_of(store: Store) -> Lease:
    return await store.leases.claim("retention", "a", lease_us=60_000_000)


async def ended(store: Store, name: str, **more: Any) -> ExecutionId:
    """A run that has succeeded."""
    id = execution_id(name)
    assert await store.executions.create(execution(name, **more), b"created", audit())
    await end(store, id)
    return id


async def end(store: Store, id: ExecutionId, **more: Any) -> None:
    over = ExecutionChange(ExecutionPhase.SUCCEEDED, 30, ended_at=30)
    assert await store.log.commit([commit(id, 1, b"end", execution=over, **more)]) == [True]


async def begun(store: Store, *names: str) -> list[str]:
    gone = await store.removals.begin(await lease_of(store), [(removal(name), REMOVED) for name in names])
    return [id.name for id in gone]


async def test_outlines_come_by_place_and_newest_first_in_portions(store: Store) -> None:
    for number, name in enumerate(("a", "b", "c")):
        await store.executions.create(execution(name, created_at=number), b"created", audit())
    await store.executions.create(execution(execution_id("z", project="other")), b"created", audit())
    await end(store, execution_id("b"))
    found = await store.removals.outlines(None, limit=3)
    assert [each.id.name for each in found] == ["z", "c", "b"]
    assert (found[2].phase, found[2].ended_at, found[2].workflow) == ("SUCCEEDED", 30, "etl")
    assert (found[1].phase, found[1].ended_at) == ("QUEUED", None)
    assert [each.id.name for each in await store.removals.outlines(found[-1], limit=3)] == ["a"]


async def test_a_removed_run_is_not_there_any_more(store: Store) -> None:
    id = await ended(store, "a", labels={"team": "x"})
    assert await begun(store, "a") == ["a"]
    assert await store.executions.get(id) is None
    assert await store.executions.page(query(where("execution_tag.key", "eq", "team"))) == []
    assert await store.removals.unfinished(limit=9) == [removal("a")] == [await store.removals.find(id)]
    assert len(await store.audits.page(query(where("action", "eq", "remove")))) == 1


async def test_an_open_run_and_one_that_is_not_there_are_not_removed(store: Store) -> None:
    await store.executions.create(execution("open"), b"created", audit())
    assert await begun(store, "open", "never") == []
    assert await store.executions.get(execution_id("open")) is not None
    assert await store.audits.page(query(where("action", "eq", "remove"))) == []


async def test_a_run_with_jobs_of_other_systems_waits_for_their_end(store: Store) -> None:
    await store.executions.create(execution("a"), b"created", audit())
    await end(store, execution_id("a"), jobs=[JobRecord("n0", -1, 0, "spark", b"handle")])
    assert await begun(store, "a") == []


async def test_only_the_holder_of_the_lease_removes(store: Store) -> None:
    await ended(store, "a")
    lost = await store.leases.claim("retention", "b", lease_us=0)
    await lease_of(store)
    with pytest.raises(FailedPrecondition, match="does not hold the lease"):
        await store.removals.begin(lost, [(removal("a"), REMOVED)])
    assert await store.executions.get(execution_id("a")) is not None


async def test_a_source_stays_as_long_as_the_run_that_took_over_from_it(store: Store) -> None:
    source = await ended(store, "source")
    await ended(store, "fork", takes_over=source)
    assert await store.ties.holders([source, execution_id("fork")]) == {source: [execution_id("fork")]}
    assert await begun(store, "source") == []
    assert await begun(store, "fork", "source") == ["fork", "source"]


async def test_a_child_stays_as_long_as_its_parent(store: Store) -> None:
    parent = await ended(store, "parent")
    child = await ended(store, "child", parent=parent)
    assert await store.ties.holders([parent, child]) == {child: [parent]}
    assert await begun(store, "child", "parent", "child") == ["parent", "child"]


async def test_a_run_that_somebody_keeps_stays_until_it_is_let_go_of(store: Store) -> None:
    id = await ended(store, "a")
    assert await store.ties.keep(id, audit("keep")) and await store.ties.keep(id, audit("keep"))
    assert not await store.ties.keep(execution_id("never"), audit("keep"))
    assert await store.ties.holders([id]) == {id: [KEPT]}
    assert await begun(store, "a") == []
    assert await store.ties.let_go(id, audit("unkeep"))
    assert not await store.ties.let_go(id, audit("unkeep"))
    assert await begun(store, "a") == ["a"]


async def test_nothing_takes_over_from_a_run_that_is_gone(store: Store) -> None:
    source = await ended(store, "source")
    assert await begun(store, "source") == ["source"]
    with pytest.raises(NotFound, match="source"):
        await store.executions.create(execution("fork", takes_over=source), b"created", audit())
    assert await store.executions.get(execution_id("fork")) is None


async def test_a_removal_and_a_run_that_takes_over_exclude_each_other(
    make_store: Callable[[], Store], store: Store
) -> None:
    other = make_store()
    if other is not store:
        await other.start()
    try:
        for number in range(8):
            source = await ended(store, f"source{number}")
            fork = execution(f"fork{number}", takes_over=source)
            gone, made = await asyncio.gather(
                begun(store, source.name),
                other.executions.create(fork, b"created", audit()),
                return_exceptions=True,
            )
            assert (gone == [] and made is True) or (gone == [source.name] and isinstance(made, NotFound))
    finally:
        if other is not store:
            await other.stop()


async def test_the_name_of_a_run_is_free_again_when_all_of_it_is_gone(store: Store) -> None:
    await store.executions.create(execution("a"), b"created", audit())
    rows: dict[str, Any] = {
        "nodes": [node("n0")],
        "attempts": [AttemptRecord("n0", 0, AttemptPhase.SUCCEEDED, 20)],
        "items": [ItemRecord("n1", index, 0, AttemptPhase.SUCCEEDED, 20) for index in range(3)],
        "signals": [SignalRecord("go", "n2", b"type", created_at=20)],
        "reasons": [Reason(20, "n0", 0, -1, "Because", "it is")],
    }
    await end(store, execution_id("a"), **rows)
    assert await begun(store, "a") == ["a"]
    again = execution("a", incarnation="2")
    with pytest.raises(Unavailable, match="is being removed"):
        await store.executions.create(again, b"created", audit())
    lease = await lease_of(store)
    while await store.removals.remove_rows(lease, execution_id("a"), limit=2):
        pass
    await store.removals.finish(lease, removal("a"))
    assert await store.removals.unfinished(limit=9) == []
    assert await store.executions.create(again, b"other", audit())
    assert await store.log.read(execution_id("a")) == [b"other"]
    assert await store.nodes.get(execution_id("a"), "n0") is None
    assert await store.signals.page(execution_id("a"), query()) == []
    assert not (await store.items.columns(execution_id("a"))).node_id


async def test_the_attempts_of_a_removed_run_are_told_in_portions(store: Store) -> None:
    await store.executions.create(execution("a"), b"created", audit())
    attempts = [AttemptRecord("n0", number, AttemptPhase.FAILED, 20) for number in range(3)]
    array = AttemptRecord("n1", 0, AttemptPhase.SUCCEEDED, 20, size=2)
    items = [ItemRecord("n1", index, index, AttemptPhase.SUCCEEDED, 20) for index in range(2)]
    await end(store, execution_id("a"), attempts=[*attempts, array], items=items)
    await begun(store, "a")
    found: list[Tries] = []
    while portion := await store.removals.tries(execution_id("a"), found[-1] if found else None, limit=2):
        found += portion
    assert found == [Tries("n0", -1, 2), Tries("n1", -1, 0), Tries("n1", 0, 0), Tries("n1", 1, 1)]


async def test_everything_that_may_name_an_object_is_told(store: Store) -> None:
    values: dict[str, Any] = {"inputs": b"x-inputs", "user_inputs": b"x-given"}
    await store.executions.create(execution("a", **values), b"x-created", audit())
    over = ExecutionChange(ExecutionPhase.SUCCEEDED, 30, ended_at=30, outputs=b"x-outputs")
    rows: dict[str, Any] = {
        "nodes": [node("n0", inputs=b"x-node-in", outputs=b"x-node-out")],
        "signals": [SignalRecord("go", "n2", b"type", b"x-answer", created_at=20)],
        "published": [cache_entry(outputs=b"x-cached")],
    }
    await store.log.commit([commit(execution_id("a"), 1, b"x-end", execution=over, **rows)])
    await store.entities.register([entity(spec=b"x-spec")], audit())
    await store.kept_outputs.keep(KeptOutput("key", b"x-kept", 1, 1), audit(), overwrite=False)
    dataset = DatasetId("p", "d", "set", "1")
    await store.datasets.create(DatasetRecord(dataset, "u", (), {}, 1), audit())
    await store.artifacts.create(ArtifactRecord(dataset, "i", {}, {}, b"x-artifact", 1), audit())
    found, after = set[tuple[str, bytes]](), ""
    while True:
        portion = await store.removals.mentions(after, limit=1)
        found |= {(each.run.name if each.run else "", each.data) for each in portion.found}
        if not (after := portion.following):
            break
    of_run = ("inputs", "given", "created", "outputs", "node-in", "node-out", "answer", "end")
    of_none = ("cached", "spec", "kept", "artifact")
    expected = {("a", f"x-{name}".encode()) for name in of_run} | {("", f"x-{name}".encode()) for name in of_none}
    assert {each for each in found if each[1].startswith(b"x-")} == expected


async def test_objects_that_were_left_are_remembered_until_they_are_gone(store: Store) -> None:
    lease = await lease_of(store)
    await store.removals.leave(lease, ["b", "a", "c"])
    await store.removals.leave(lease, ["a"])
    assert await store.removals.left("", limit=2) == ["a", "b"]
    assert await store.removals.left("b", limit=2) == ["c"]
    await store.removals.forget_left(lease, ["a", "c"])
    assert await store.removals.left("", limit=9) == ["b"]


async def test_removals_that_have_ended_are_forgotten_by_age(store: Store) -> None:
    lease = await lease_of(store)
    for name, at in (("old", 10), ("young", 20), ("pending", 5)):
        await ended(store, name)
        await store.removals.begin(lease, [(removal(name, at=at), REMOVED)])
        if name != "pending":
            await store.removals.finish(lease, removal(name, at=at))
    assert await store.removals.forget(lease, 15, limit=9) == 1
    assert await store.removals.find(execution_id("old")) is None
    assert await store.removals.find(execution_id("young")) == removal("young", at=20)
    assert await store.removals.unfinished(limit=9) == [removal("pending", at=5)]
