"""What gates ask and are answered: kept with the commit, one row for each signal."""

from __future__ import annotations

import asyncio

import pytest
from tests.contract.store.records import audit, commit, execution, execution_id, query, where

from alula.core.engine import events
from alula.core.engine.records import Changes, SignalRecord
from alula.core.errors import FailedPrecondition, InvalidInput
from alula.server.store import Store

pytestmark = pytest.mark.anyio
ID = execution_id("a1")


def asked(signal_id: str, *, at: int = 5, node_id: str = "n0") -> SignalRecord:
    return SignalRecord(signal_id, node_id, type=b"type", created_at=at)


def answered(signal_id: str, value: bytes = b"yes", *, node_id: str = "n0") -> SignalRecord:
    return SignalRecord(signal_id, node_id, value=value, principal="ada")


@pytest.fixture
async def launched(store: Store) -> Store:
    await store.executions.create(execution("a1"), b"created", audit())
    return store


async def test_an_answer_is_laid_over_its_question(launched: Store) -> None:
    await launched.log.commit([commit(ID, 1, b"a", changes=Changes(signals=[asked("ok")]))])
    assert await launched.signals.get(ID, "ok") == asked("ok")
    await launched.log.commit([commit(ID, 2, b"b", changes=Changes(signals=[answered("ok")]))])
    both = SignalRecord("ok", "n0", type=b"type", value=b"yes", created_at=5, principal="ada")
    assert await launched.signals.get(ID, "ok") == both
    assert await launched.signals.page(ID, query()) == [both]


async def test_question_and_answer_in_one_commit_are_one_row(launched: Store) -> None:
    given = [asked("ok"), asked("other"), answered("ok")]
    await launched.log.commit([commit(ID, 1, b"a", changes=Changes(signals=given))])
    found = await launched.signals.page(ID, query(sort_by="signal_id", descending=False))
    assert [(signal.signal_id, signal.value) for signal in found] == [("ok", b"yes"), ("other", None)]


async def test_signals_are_listed_by_execution_and_paged_and_filtered(launched: Store) -> None:
    await launched.executions.create(execution("a2"), b"created", audit())
    given = [asked(f"s{n}", at=n, node_id=f"n{n}") for n in range(3)]
    await launched.log.commit([commit(ID, 1, b"a", changes=Changes(signals=given))])
    other = execution_id("a2")
    await launched.log.commit([commit(other, 1, b"a", changes=Changes(signals=[asked("s9")]))])
    page = await launched.signals.page(ID, query(limit=2, offset=1, descending=False))
    assert [signal.signal_id for signal in page] == ["s1", "s2"]
    by_node = await launched.signals.page(ID, query(where("node_id", "eq", "n2")))
    assert [signal.signal_id for signal in by_node] == ["s2"]
    assert await launched.signals.get(other, "s0") is None
    assert await launched.signals.get(execution_id("none"), "s0") is None
    assert await launched.signals.page(execution_id("none"), query()) == []
    with pytest.raises(InvalidInput):
        await launched.signals.page(ID, query(sort_by="value"))


async def test_nothing_is_kept_of_a_commit_that_is_fenced_off(launched: Store) -> None:
    assert await launched.log.commit([commit(ID, 9, b"a", changes=Changes(signals=[asked("ok")]))]) == [False]
    assert await launched.signals.page(ID, query()) == []


def answer(signal_id: str, value: bytes = b"yes") -> bytes:
    return events.encode(events.SignalSet(7, signal_id, value, "ada"))


async def test_of_many_answers_at_once_one_is_taken(launched: Store) -> None:
    await launched.log.commit([commit(ID, 1, b"a", changes=Changes(signals=[asked("ok"), asked("other")]))])
    given = [answer("ok", b"%d" % number) for number in range(8)]
    posts = [launched.inbox.post(ID, event, audit("signal"), answers="ok") for event in given]
    outcomes = await asyncio.gather(*posts, return_exceptions=True)
    refused = [outcome for outcome in outcomes if outcome is not None]
    assert [type(outcome) for outcome in refused] == [FailedPrecondition] * 7
    assert {outcome.code for outcome in refused if isinstance(outcome, FailedPrecondition)} == {"SignalAnswered"}
    [message] = await launched.inbox.read([ID])
    assert message.event == given[outcomes.index(None)]
    assert len(await launched.audits.page(query(where("action", "eq", "signal")))) == 1
    await launched.inbox.post(ID, answer("other"), audit(), answers="other")
    assert len(await launched.inbox.read([ID])) == 2


async def test_what_was_answered_is_not_answered_again(launched: Store) -> None:
    await launched.log.commit([commit(ID, 1, b"a", changes=Changes(signals=[asked("ok")]))])
    await launched.inbox.post(ID, answer("ok"), audit(), answers="ok")
    [message] = await launched.inbox.read([ID])
    taken = commit(ID, 2, b"b", changes=Changes(signals=[answered("ok")]), consumed=[message.number])
    assert await launched.log.commit([taken]) == [True]
    with pytest.raises(FailedPrecondition) as caught:
        await launched.inbox.post(ID, answer("ok"), audit(), answers="ok")
    assert caught.value.code == "SignalAnswered"
    assert await launched.inbox.read([ID]) == []
