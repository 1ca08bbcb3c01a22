"""The outbox: what commits tell to consumers, at least once, whoever takes it and whatever happens to that one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from tests.contract.store.records import audit, commit, execution, execution_id, node, running

from alula.core.engine.records import ExecutionChange, ExecutionPhase, NodePhase
from alula.core.errors import FailedPrecondition
from alula.core.ids import ExecutionId
from alula.server.store import Store
from alula.server.store.outbox import Consumer, OutboxMessage
from alula.server.stores.sql.adapter import SqlStore
from alula.server.stores.sql.connections import normalised

pytestmark = pytest.mark.anyio
A1 = execution_id("a1")
LONG_US = 60_000_000
ENDED_US = 0
"""A claim of this length has ended when it is made."""
RUNS, NODES = Consumer("runs"), Consumer("nodes", nodes=True)
Told = tuple[str, str, int]


async def launched(store: Store, id: ExecutionId = A1, **more: Any) -> None:
    assert await store.executions.create(execution(id, **more), b"created", audit())


async def told(store: Store, consumer: Consumer) -> list[Told]:
    """Take everything."""
    messages = await store.outbox.claim(consumer.name, limit=100, lease_us=LONG_US)
    await store.outbox.acknowledge(consumer.name, [message.number for message in messages])
    return [(message.kind, message.node_id, message.phase) for message in messages]


def ended(at: int = 30, phase: ExecutionPhase = ExecutionPhase.SUCCEEDED) -> ExecutionChange:
    return ExecutionChange(phase, at, ended_at=at)


async def test_a_consumer_is_told_of_the_phases_of_runs_from_the_launch_to_the_end(store: Store) -> None:
    assert await store.outbox.register(RUNS)
    await launched(store, incarnation="i1")
    await store.log.commit([commit(A1, 1, b"1", execution=running(20, started_at=20), nodes=[node(started_at=20)])])
    await store.log.commit([commit(A1, 2, b"2", execution=ended(30))])
    messages = await store.outbox.claim("runs", limit=10, lease_us=LONG_US)
    phases = [(ExecutionPhase.QUEUED, 10), (ExecutionPhase.RUNNING, 20), (ExecutionPhase.SUCCEEDED, 30)]
    assert messages == [
        OutboxMessage(message.number, "run", A1, "i1", "", int(phase), at)
        for message, (phase, at) in zip(messages, phases, strict=True)
    ]
    assert [message.is_end for message in messages] == [False, False, True]
    assert len({message.number for message in messages}) == 3


async def test_one_that_asks_for_nodes_is_told_of_them_before_the_end_of_their_run(store: Store) -> None:
    await store.outbox.register(NODES)
    await launched(store)
    begun = [node("n0", NodePhase.QUEUED, created_at=20), node("n1", NodePhase.RUNNING, created_at=20, started_at=20)]
    await store.log.commit([commit(A1, 1, b"1", execution=running(), nodes=begun)])
    done = [node("n0", NodePhase.SUCCEEDED, 30, outputs=b"o"), node("n1", NodePhase.FAILED, 30)]
    await store.log.commit([commit(A1, 2, b"2", execution=ended(), nodes=done)])
    assert await told(store, NODES) == [
        ("run", "", ExecutionPhase.QUEUED),
        ("node", "n0", NodePhase.QUEUED),
        ("node", "n1", NodePhase.RUNNING),
        ("run", "", ExecutionPhase.RUNNING),
        ("node", "n0", NodePhase.SUCCEEDED),
        ("node", "n1", NodePhase.FAILED),
        ("run", "", ExecutionPhase.SUCCEEDED),
    ]


async def test_what_changes_within_a_phase_is_not_told(store: Store) -> None:
    await launched(store)
    await store.outbox.register(NODES)
    await store.log.commit([commit(A1, 1, b"1", nodes=[node(deck_uri="somewhere")])])
    assert await told(store, NODES) == []


async def test_phases_that_a_commit_passes_are_told_as_the_last_of_them(store: Store) -> None:
    await launched(store)
    await store.outbox.register(NODES)
    passed = [node("n0", NodePhase.QUEUED, created_at=20), node("n0", NodePhase.RUNNING, started_at=20)]
    await store.log.commit([commit(A1, 1, b"1", nodes=[*passed, node("n0", NodePhase.SUCCEEDED, 21)])])
    assert await told(store, NODES) == [("node", "n0", NodePhase.SUCCEEDED)]


async def test_nothing_is_told_of_before_the_registration_and_nothing_of_a_commit_that_is_refused(store: Store) -> None:
    await launched(store)
    await store.outbox.register(RUNS)
    assert await store.log.commit([commit(A1, 5, b"1", execution=ended())]) == [False]
    assert not await store.executions.create(execution(A1), b"created", audit())
    assert await told(store, RUNS) == []


async def test_who_is_registered_already_gets_new_settings_and_keeps_what_waits(store: Store) -> None:
    assert await store.outbox.register(RUNS)
    await launched(store)
    assert not await store.outbox.register(Consumer("runs", nodes=True))
    await store.log.commit([commit(A1, 1, b"1", nodes=[node(started_at=20)])])
    assert await told(store, RUNS) == [("run", "", ExecutionPhase.QUEUED), ("node", "n0", NodePhase.RUNNING)]


async def test_each_consumer_is_told_whatever_the_others_take(store: Store) -> None:
    for consumer in (RUNS, NODES):
        await store.outbox.register(consumer)
    await launched(store)
    assert await told(store, RUNS) == await told(store, NODES) == [("run", "", ExecutionPhase.QUEUED)]
    assert await told(store, RUNS) == []


async def test_a_message_is_claimed_by_one_at_a_time_and_again_when_the_claim_has_ended(store: Store) -> None:
    await store.outbox.register(RUNS)
    await launched(store)
    first = await store.outbox.claim("runs", limit=10, lease_us=ENDED_US)
    again = await store.outbox.claim("runs", limit=10, lease_us=LONG_US)
    assert first == again != []
    assert await store.outbox.claim("runs", limit=10, lease_us=LONG_US) == []


async def test_what_was_acted_on_is_gone_also_when_its_claim_had_ended(store: Store) -> None:
    await store.outbox.register(RUNS)
    await launched(store)
    (message,) = await store.outbox.claim("runs", limit=10, lease_us=ENDED_US)
    await store.outbox.acknowledge("nodes", [message.number])
    assert await store.outbox.claim("runs", limit=10, lease_us=ENDED_US) == [message]
    await store.outbox.acknowledge("runs", [message.number])
    assert await store.outbox.claim("runs", limit=10, lease_us=LONG_US) == []


async def test_what_is_given_back_can_be_claimed_at_once(store: Store) -> None:
    lease = await store.leases.claim("runs", "a", lease_us=LONG_US)
    for consumer in (RUNS, NODES):
        await store.outbox.register(consumer)
    await launched(store)
    claimed = await store.outbox.claim("runs", limit=10, lease_us=LONG_US)
    await store.outbox.claim("nodes", limit=10, lease_us=LONG_US)
    await store.outbox.release("runs", under=lease)
    assert await store.outbox.claim("runs", limit=10, lease_us=LONG_US, under=lease) == claimed
    assert await store.outbox.claim("nodes", limit=10, lease_us=LONG_US) == []


async def test_no_more_is_claimed_than_is_asked_for_and_in_order(store: Store) -> None:
    await store.outbox.register(RUNS)
    for name in ("a1", "a2", "a3"):
        await launched(store, execution_id(name))
    names = [
        [message.execution.name for message in await store.outbox.claim("runs", limit=2, lease_us=LONG_US)]
        for _ in range(3)
    ]
    assert names == [["a1", "a2"], ["a3"], []]


async def test_of_many_that_claim_at_once_each_gets_others(make_store: Callable[[], Store]) -> None:
    stores = [make_store() for _ in range(3)]
    for store in stores:
        await store.start()
    try:
        await stores[0].outbox.register(RUNS)
        for number in range(12):
            await launched(stores[number % 3], execution_id(f"a{number}"))
        claims = [store.outbox.claim("runs", limit=4, lease_us=LONG_US) for store in stores]
        taken = [message.execution.name for claimed in await asyncio.gather(*claims) for message in claimed]
        rest = await stores[0].outbox.claim("runs", limit=12, lease_us=LONG_US)  # one may look where others are
        assert sorted([*taken, *(message.execution.name for message in rest)]) == sorted(f"a{n}" for n in range(12))
    finally:
        for store in stores:
            await store.stop()


async def test_one_that_is_forgotten_is_told_nothing_more_and_what_it_left_is_removed(store: Store) -> None:
    lease = await store.leases.claim("maintenance", "a", lease_us=LONG_US)
    for consumer in (RUNS, NODES):
        await store.outbox.register(consumer)
    await launched(store)
    await store.outbox.forget("runs")
    await launched(store, execution_id("a2"))
    assert [await store.outbox.remove_expired(lease, limit=10) for _ in range(2)] == [1, 0]
    assert await told(store, RUNS) == []
    assert len(await told(store, NODES)) == 2


async def test_one_that_takes_nothing_for_too_long_is_forgotten(store: Store) -> None:
    lease = await store.leases.claim("maintenance", "a", lease_us=LONG_US)
    now = await store.now()
    for consumer in (Consumer("overdue", keep_us=0), Consumer("patient", keep_us=LONG_US)):
        await store.outbox.register(consumer)
    assert await store.outbox.forget_overdue(lease) == []
    await launched(store, created_at=now - 2 * LONG_US)  # as a machine says whose clock is off
    assert await store.outbox.forget_overdue(lease) == ["overdue"]
    assert await store.outbox.remove_expired(lease, limit=10) == 1
    assert len(await told(store, Consumer("patient"))) == 1
    assert await store.outbox.register(Consumer("overdue"))


async def test_one_that_was_followed_takes_nothing_and_forgets_nobody(store: Store) -> None:
    lease = await store.leases.claim("maintenance", "a", lease_us=ENDED_US)
    await store.leases.claim("maintenance", "b", lease_us=LONG_US)
    for refused in (
        store.outbox.claim("runs", limit=10, lease_us=LONG_US, under=lease),
        store.outbox.release("runs", under=lease),
        store.outbox.forget_overdue(lease),
        store.outbox.remove_expired(lease, limit=10),
    ):
        with pytest.raises(FailedPrecondition) as refusal:
            await refused
        assert refusal.value.code == "LeaseLost"


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_registration_waits_for_commits_that_have_asked_before(database_url: str) -> None:
    store = SqlStore(database_url)
    await store.start()
    engine = create_engine(normalised(database_url))
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'outbox_consumers'::regclass"
    try:
        with engine.begin() as under_way:
            assert under_way.execute(text("SELECT name FROM outbox_consumers")).all() == []
            registering = asyncio.create_task(store.outbox.register(RUNS))
            while not under_way.execute(text(waiting)).scalar_one():
                await asyncio.sleep(0)
            assert not registering.done()
        assert await registering
    finally:
        engine.dispose()
        await store.stop()
