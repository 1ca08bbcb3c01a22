from __future__ import annotations

from random import Random
from typing import Any

import msgspec
import pytest
from tests.contract.store.records import audit, commit, execution, execution_id, node
from tests.contract.store.test_changes import some_rows

from alula.core.engine.records import AttemptPhase, AttemptRecord, NodePhase
from alula.core.errors import TaskError
from alula.server.services.console import kept_runs
from alula.server.services.console.columns import Parts, page_of
from alula.server.services.console.kept_runs import KeptRuns
from alula.server.store.executions import ExecutionRecord
from alula.server.stores.memory.adapter import MemoryStore

pytestmark = pytest.mark.anyio
LIMIT = 100


async def begun(store: MemoryStore, name: str = "a1") -> None:
    await store.executions.create(execution(name), b"created", audit())


async def record_in(store: MemoryStore, name: str = "a1") -> ExecutionRecord:
    record = await store.executions.get(execution_id(name))
    assert record is not None
    return record


async def changed(store: MemoryStore, **rows: Any) -> None:
    record = await record_in(store)
    await store.log.commit([commit(record.id, record.seq, b"e", **rows)])


def as_sent(parts: Parts | None) -> Any:
    return msgspec.json.decode(msgspec.json.encode(parts))


def with_errors(random: Random, rows: dict[str, Any]) -> dict[str, Any]:
    array = AttemptRecord("n1", 0, random.choice(list(AttemptPhase)), 20, size=9)
    failed = node(f"n{random.randrange(20)}", NodePhase.FAILED, error=TaskError("C", "why"), child="c", parent_id="n1")
    return {**rows, "nodes": [*rows["nodes"], failed], "attempts": [*rows["attempts"], array]}


@pytest.mark.parametrize("seed", range(6))
async def test_what_is_brought_up_is_what_is_read_anew(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_runs, "CHANGED_MAX", 6)
    store, kept, random = MemoryStore(), KeptRuns(), Random(seed)
    await begun(store)
    for _ in range(30):
        rows = some_rows(random)
        await changed(store, **(with_errors(random, rows) if random.random() < 0.4 else rows))
        if random.random() < 0.7:
            brought_up = await kept.read(store, await record_in(store), LIMIT)
            anew = await KeptRuns().read(store, await record_in(store), LIMIT)
            assert as_sent(brought_up) == as_sent(anew)


async def test_what_was_given_out_does_not_change() -> None:
    store, kept = MemoryStore(), KeptRuns()
    await begun(store)
    await changed(store, nodes=[node("n1")])
    before = await kept.read(store, await record_in(store), LIMIT)
    await changed(store, nodes=[node("n0"), node("n1", NodePhase.SUCCEEDED)])
    after = await kept.read(store, await record_in(store), LIMIT)
    assert before is not None
    assert after is not None
    assert (list(before.nodes.id), list(before.nodes.phase)) == (["n1"], [NodePhase.RUNNING])
    assert (list(after.nodes.id), list(after.nodes.phase)) == (["n0", "n1"], [NodePhase.RUNNING, NodePhase.SUCCEEDED])


async def test_a_run_that_has_not_changed_is_not_read_again() -> None:
    store, kept = MemoryStore(), KeptRuns()
    await begun(store)
    first = await kept.read(store, await record_in(store), LIMIT)
    assert await kept.read(store, await record_in(store), LIMIT) is first


async def test_only_so_many_nodes_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_runs, "NODES_KEPT_MAX", 2 * (2 + kept_runs.RUN_NODES))
    store, kept, found = MemoryStore(), KeptRuns(), dict[str, Parts | None]()
    for name in ("a1", "a2", "a3"):
        await begun(store, name)
        nodes = [node(f"n{number}") for number in range(2)]
        await store.log.commit([commit(execution_id(name), 1, b"e", nodes=nodes)])
        found[name] = await kept.read(store, await record_in(store, name), LIMIT)
    assert await kept.read(store, await record_in(store, "a3"), LIMIT) is found["a3"]
    assert await kept.read(store, await record_in(store, "a1"), LIMIT) is not found["a1"]


async def test_a_run_with_more_nodes_than_asked_for_is_not_read() -> None:
    store, kept = MemoryStore(), KeptRuns()
    await begun(store)
    await changed(store, nodes=[node(f"n{number}") for number in range(3)])
    assert await kept.read(store, await record_in(store), 3) is not None
    await changed(store, nodes=[node("n3")])
    assert await kept.read(store, await record_in(store), 3) is None


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8])
async def test_pages_are_the_whole_in_parts(limit: int) -> None:
    store = MemoryStore()
    await begun(store)
    failed = [node(f"n{i}", NodePhase.FAILED, error=TaskError("C", "why"), child=f"c{i}") for i in range(7)]
    await changed(store, nodes=failed, attempts=[AttemptRecord("n1", 0, AttemptPhase.RUNNING, 9, size=4)])
    whole = await KeptRuns().read(store, await record_in(store), LIMIT)
    assert whole is not None
    first, after = page_of(whole, "", limit)
    pages = [first]
    while after:
        page, after = page_of(whole, after, limit)
        pages.append(page)
    assert [id for page in pages for id in page.nodes.id] == list(whole.nodes.id)
    assert {id: child for page in pages for id, child in page.children.items()} == whole.children
    assert {id: error for page in pages for id, error in page.errors.items()} == whole.errors
    assert [len(page.attempts.node) for page in pages] == [1, *[0] * (len(pages) - 1)]
