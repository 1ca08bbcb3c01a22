"""Executions that have ended elsewhere, and the rows of an execution as they are read to be moved."""

from __future__ import annotations

import pytest
from tests.contract.store.records import audit, execution, execution_id

from alula.core.engine.records import (
    AttemptPhase,
    AttemptRecord,
    Changes,
    ExecutionPhase,
    ItemRecord,
    NodePhase,
    NodeRecord,
    Reason,
    SignalRecord,
)
from alula.server.store import Store
from alula.server.store.log import Moved
from alula.server.store.outbox import Consumer
from alula.server.store.query import Query

pytestmark = pytest.mark.anyio
EVENTS = [f"event {number}".encode() for number in range(2500)]
ROWS = (
    Changes(
        nodes=[NodeRecord(f"n{number}", NodePhase.SUCCEEDED, 5, outputs=b"out") for number in range(3)],
        attempts=[AttemptRecord(f"n{i}", k, AttemptPhase.SUCCEEDED, 5) for i in range(3) for k in range(2)],
    ),
    Changes(
        items=[ItemRecord(f"n{i}", k, 0, AttemptPhase.SUCCEEDED, 5) for i in range(2) for k in range(3)],
        signals=[SignalRecord("s", "n1", created_at=4)],
        reasons=[Reason(3, "n0", 0, -1, "Because", "it is so"), Reason(4, "n1", 0, -1, "Then", "that")],
    ),
)


def moved(name: str = "moved") -> Moved:
    record = execution(name, phase=ExecutionPhase.SUCCEEDED, seq=len(EVENTS), outputs=b"outputs", labels={"a": "b"})
    return Moved(record, EVENTS, ROWS)


async def test_it_is_kept_whole(store: Store) -> None:
    one = moved()
    assert await store.log.take_in([one], audit("import"))
    id = one.record.id
    assert await store.executions.get(id) == one.record
    assert await store.log.read(id) == EVENTS
    assert await store.log.next_seq(id) == len(EVENTS)
    by_id = Query(limit=10, sort_by="node_id", descending=False)
    assert await store.nodes.page(id, None, by_id, with_values=True) == ROWS[0].nodes
    assert await store.reasons.read(id) == ROWS[1].reasons
    assert await store.signals.get(id, "s") == ROWS[1].signals[0]
    assert (await store.audits.page(Query(limit=1, sort_by="number")))[0].action == "import"


async def test_no_runner_and_no_consumer_gets_it(store: Store) -> None:
    await store.outbox.register(Consumer("all", nodes=True))
    assert await store.log.take_in([moved()], audit("import"))
    assert await store.ownership.claim("runner", now=100, lease_us=100, limit=10) == []
    assert await store.outbox.claim("all", limit=10, lease_us=1_000_000) == []


async def test_of_several_all_are_kept_or_none(store: Store) -> None:
    await store.executions.create(execution("there"), b"event", audit())
    assert not await store.log.take_in([moved("first"), moved("there")], audit("import"))
    assert await store.executions.get(execution_id("first")) is None
    assert await store.log.read(execution_id("first")) == []
    assert await store.log.take_in([moved("first"), moved("second")], audit("import"))


async def test_attempts_and_items_are_read_in_portions(store: Store) -> None:
    one = moved()
    assert await store.log.take_in([one], audit("import"))
    id = one.record.id
    assert await store.attempts.portion(id, limit=100) == ROWS[0].attempts
    assert await store.attempts.portion(id, after=("n0", 1), limit=3) == ROWS[0].attempts[2:5]
    assert await store.items.portion(id, limit=100) == ROWS[1].items
    assert await store.items.portion(id, after=("n0", 1), limit=2) == ROWS[1].items[2:4]
    assert await store.items.portion(id, after=("n1", 2), limit=2) == []
