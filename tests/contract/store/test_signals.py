"""What gates ask and are answered: kept with the commit, one row for each signal."""

from __future__ import annotations

import pytest
from tests.contract.store.records import audit, commit, execution, execution_id, query, where

from alula.core.engine.records import Changes, SignalRecord
from alula.core.errors import InvalidInput
from alula.server.store import Store

pytestmark = pytest.mark.anyio
ID = execution_id("a1")


def asked(signal_id: str, *, at: int = 5, node_id: str = "n0") -> SignalRecord:
    return SignalRecord(signal_id, node_id, type=b"type", created_at=at)


def answered(signal_id: str, value: bytes = b"yes", *, node_id: str = "n0") -> SignalRecord:
    return SignalRecord(signal_id, node_id, value=value, principal="ada")


@pytest.fixture
async def launched(store: Store) -> Store:
    await store.create_execution(execution("a1"), b"created", audit())
    return store


async def test_an_answer_is_laid_over_its_question(launched: Store) -> None:
    await launched.commit([commit(ID, 1, b"a", changes=Changes(signals=[asked("ok")]))])
    assert await launched.signal(ID, "ok") == asked("ok")
    await launched.commit([commit(ID, 2, b"b", changes=Changes(signals=[answered("ok")]))])
    both = SignalRecord("ok", "n0", type=b"type", value=b"yes", created_at=5, principal="ada")
    assert await launched.signal(ID, "ok") == both
    assert await launched.signals(ID, query()) == [both]


async def test_question_and_answer_in_one_commit_are_one_row(launched: Store) -> None:
    given = [asked("ok"), asked("other"), answered("ok")]
    await launched.commit([commit(ID, 1, b"a", changes=Changes(signals=given))])
    found = await launched.signals(ID, query(sort_by="signal_id", descending=False))
    assert [(signal.signal_id, signal.value) for signal in found] == [("ok", b"yes"), ("other", None)]


async def test_signals_are_listed_by_execution_and_paged_and_filtered(launched: Store) -> None:
    await launched.create_execution(execution("a2"), b"created", audit())
    given = [asked(f"s{n}", at=n, node_id=f"n{n}") for n in range(3)]
    await launched.commit([commit(ID, 1, b"a", changes=Changes(signals=given))])
    other = execution_id("a2")
    await launched.commit([commit(other, 1, b"a", changes=Changes(signals=[asked("s9")]))])
    page = await launched.signals(ID, query(limit=2, offset=1, descending=False))
    assert [signal.signal_id for signal in page] == ["s1", "s2"]
    by_node = await launched.signals(ID, query(where("node_id", "eq", "n2")))
    assert [signal.signal_id for signal in by_node] == ["s2"]
    assert await launched.signal(other, "s0") is None
    assert await launched.signal(execution_id("none"), "s0") is None
    assert await launched.signals(execution_id("none"), query()) == []
    with pytest.raises(InvalidInput):
        await launched.signals(ID, query(sort_by="value"))


async def test_nothing_is_kept_of_a_commit_that_is_fenced_off(launched: Store) -> None:
    assert await launched.commit([commit(ID, 9, b"a", changes=Changes(signals=[asked("ok")]))]) == [False]
    assert await launched.signals(ID, query()) == []
