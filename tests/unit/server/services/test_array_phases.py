from __future__ import annotations

from random import Random

import pytest
from tests.contract.store.records import audit, commit, execution, execution_id

from alula.core.engine.records import AttemptPhase, CacheStatus, ItemRecord
from alula.server.services import array_phases
from alula.server.services.array_phases import ArrayPhases
from alula.server.store.executions import ExecutionRecord
from alula.server.stores.memory.adapter import MemoryStore

pytestmark = pytest.mark.anyio
ID = execution_id("a1")


async def record_in(store: MemoryStore) -> ExecutionRecord:
    record = await store.executions.get(ID)
    assert record is not None
    return record


@pytest.mark.parametrize("seed", range(4))
async def test_what_is_brought_up_is_what_is_read_anew(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(array_phases, "AT_ONCE_MAX", 4)
    store, kept, random = MemoryStore(), ArrayPhases(), Random(seed)
    await store.executions.create(execution("a1"), b"created", audit())
    for seq in range(1, 30):
        items = [
            ItemRecord("n0", random.randrange(12), 0, random.choice(list(AttemptPhase)), 9, cache_status=status)
            for status in random.choices(list(CacheStatus), k=random.randrange(8))
        ]
        await store.log.commit([commit(ID, seq, b"e", items=items)])
        if random.random() < 0.7:
            brought_up = await kept.read(store, await record_in(store), "n0", 12)
            anew = await ArrayPhases().read(store, await record_in(store), "n0", 12)
            assert (brought_up.data, brought_up.seq) == (anew.data, anew.seq)
            counts = await store.items.counts(ID, ["n0"])
            begun = {phase: count for phase, count in counts.get("n0", {}).items() if phase}
            assert {phase: count for phase, count in brought_up.counts.items() if count} == begun


async def test_few_arrays_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(array_phases, "ARRAYS_MAX", 2)
    store, kept = MemoryStore(), ArrayPhases()
    await store.executions.create(execution("a1"), b"created", audit())
    first = await kept.read(store, await record_in(store), "n0", 3)
    assert await kept.read(store, await record_in(store), "n0", 3) is first
    for node_id in ("n1", "n2"):
        await kept.read(store, await record_in(store), node_id, 3)
    assert await kept.read(store, await record_in(store), "n0", 3) is not first
