"""The runner's side: fenced commits, the inbox, claims, wake-ups, the catalog."""

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
    running,
    where,
)

from alula.core.engine.records import ExecutionChange, ExecutionPhase, NodePhase, Reason
from alula.core.errors import FailedPrecondition, NotFound
from alula.core.ids import ExecutionId
from alula.server.store import Store

pytestmark = pytest.mark.anyio
ID = execution_id("a1")
OTHER = execution_id("a2")
LEASE = 1000


async def launch(store: Store, *names: str, owner: str = "") -> None:
    for number, name in enumerate(names):
        given = execution(name, created_at=10 + number)
        assert await store.executions.create(given, b"created", audit(), owner=owner)


async def test_a_commit_appends_to_the_log(store: Store) -> None:
    await launch(store, "a1")
    assert await store.log.commit([commit(ID, 1, b"a", b"b")]) == [True]
    assert await store.log.commit([commit(ID, 3, b"c")]) == [True]
    assert await store.log.read(ID) == [b"created", b"a", b"b", b"c"]
    assert await store.log.commit([]) == []


async def test_many_rows_in_one_commit_are_kept_as_each_is(store: Store) -> None:
    """Also more than a database is given at a time, and values of any size and with any characters."""
    await launch(store, "a1")
    events = [bytes([number % 256]) * (number % 5) for number in range(1_200)]
    words = ["NULL", "{}", '",', "\\", "'", "%s", "", " é🙂"]
    begun = [node(f"n{number}{word}", at=200**number, child=word) for number, word in enumerate(words)]
    ended = [
        node(each.node_id, NodePhase.SUCCEEDED, 9, outputs=bytes(range(number)))
        for number, each in enumerate(begun[1:])
    ]
    given = [commit(ID, 1, *events, nodes=begun), commit(ID, 1_201, b"end", nodes=ended)]
    for each in given:
        assert await store.log.commit([each]) == [True]
    assert await store.log.read(ID) == [b"created", *events, b"end"]
    kept = [await store.nodes.get(ID, each.node_id) for each in begun]
    as_they_are = [
        msgspec.structs.replace(was, phase=now.phase, updated_at=9, outputs=now.outputs)
        for was, now in zip(begun[1:], ended, strict=True)
    ]
    assert kept == [begun[0], *as_they_are]


@pytest.mark.parametrize("first_seq", [0, 1, 3, 99])
async def test_nothing_is_kept_of_a_commit_that_is_fenced_off(store: Store, first_seq: int) -> None:
    await launch(store, "a1", "a2")
    await store.log.commit([commit(ID, 1, b"a")])
    await store.inbox.post(ID, b"mail", audit())
    [message] = await store.inbox.read([ID])
    lost = commit(
        ID,
        first_seq,
        b"x",
        execution=running(),
        nodes=[node("lost")],
        reasons=[Reason(1, "lost", 0, -1, "c", "t")],
        published=[cache_entry()],
        consumed=[message.number],
        audit=[audit("lost")],
    )
    good = commit(OTHER, 1, b"y", nodes=[node("good")])
    assert await store.log.commit([lost, good]) == [False, True]
    assert await store.log.read(ID) == [b"created", b"a"]
    assert await store.log.read(OTHER) == [b"created", b"y"]
    assert await store.nodes.get(ID, "lost") is None
    assert await store.nodes.get(OTHER, "good") is not None
    assert await store.reasons.read(ID) == []
    assert await store.catalog.get(cache_key()) is None
    assert await store.inbox.read([ID]) == [message]
    assert await store.audits.page(query(where("action", "eq", "lost"))) == []
    kept = await store.executions.get(ID)
    assert kept is not None
    assert kept.phase is ExecutionPhase.QUEUED


async def test_a_commit_without_events_is_fenced_too(store: Store) -> None:
    await launch(store, "a1")
    assert await store.log.commit([commit(ID, 1, nodes=[node()])]) == [True]
    assert await store.log.commit([commit(ID, 2, nodes=[node("n1")])]) == [False]
    assert await store.nodes.get(ID, "n0") is not None
    assert await store.nodes.get(ID, "n1") is None


async def test_a_commit_to_an_execution_that_does_not_exist_is_fenced_off(store: Store) -> None:
    assert await store.log.commit([commit(ID, 0, b"a", nodes=[node()])]) == [False]
    assert await store.log.read(ID) == []
    assert await store.nodes.get(ID, "n0") is None


async def test_histories_of_many_executions_are_read_at_once(store: Store) -> None:
    names = [f"a{n}" for n in range(700)]
    await asyncio.gather(*(launch(store, name) for name in names))
    elsewhere = execution_id("a1", domain="staging")
    await store.executions.create(execution(elsewhere), b"elsewhere", audit())
    await store.log.commit([commit(OTHER, 1, b"a", b"b")])
    asked = [OTHER, execution_id("none"), elsewhere, *map(execution_id, names)]
    histories = await store.log.histories(asked)
    assert [history.record.id if history else None for history in histories] == [OTHER, None, *asked[2:]]
    assert [history.log if history else None for history in histories[:4]] == [
        [b"created", b"a", b"b"],
        None,
        [b"elsewhere"],
        [b"created"],
    ]
    assert histories[0] is not None and histories[0].record == await store.executions.get(OTHER)


@pytest.mark.parametrize(("most", "read"), [(1, 1), (3, 1), (4, 2), (5, 2), (6, 4)])
async def test_long_histories_are_read_in_portions(store: Store, most: int, read: int) -> None:
    await launch(store, "a1", "a2", "a3")
    await store.log.commit([commit(ID, 1, b"a", b"b"), commit(execution_id("a3"), 1, b"c")])
    asked = [ID, OTHER, execution_id("a3"), execution_id("none")]
    histories = await store.log.histories(asked, events_max=most)
    assert [history and history.record.id for history in histories] == [*asked[:3], None][:read]


async def test_several_commits_of_one_execution_in_one_call_follow_each_other(store: Store) -> None:
    await launch(store, "a1", "a2")
    given = [
        commit(ID, 1, b"a", nodes=[node(created_at=1)]),
        commit(OTHER, 1, b"z"),
        commit(ID, 2, b"b", b"c", nodes=[node(phase=NodePhase.SUCCEEDED, at=30)]),
        commit(ID, 9, b"gap"),
        commit(ID, 4, b"d", nodes=[node("n1")]),
    ]
    assert await store.log.commit(given) == [True, True, True, False, True]
    assert await store.log.read(ID) == [b"created", b"a", b"b", b"c", b"d"]
    kept = await store.nodes.get(ID, "n0")
    assert kept is not None
    assert (kept.phase, kept.created_at) == (NodePhase.SUCCEEDED, 1)


async def test_commits_and_other_changes_keep_the_order_in_which_they_were_asked_for(store: Store) -> None:
    await launch(store, "a1")
    waiting = []
    for seq in range(1, 51):
        waiting.append(asyncio.ensure_future(store.log.commit([commit(ID, seq, str(seq).encode())])))
        waiting.append(asyncio.ensure_future(store.inbox.post(ID, str(seq).encode(), audit())))
    outcomes = await asyncio.gather(*waiting)
    assert outcomes[::2] == [[True]] * 50
    assert await store.log.read(ID) == [b"created", *(str(seq).encode() for seq in range(1, 51))]
    mail = await store.inbox.read([ID])
    assert [message.event for message in mail] == [str(seq).encode() for seq in range(1, 51)]
    assert [message.number for message in mail] == sorted(message.number for message in mail)


async def test_of_many_rivals_for_one_number_exactly_one_wins(make_store: Callable[[], Store]) -> None:
    stores = [make_store() for _ in range(3)]
    for store in stores:
        await store.start()
    try:
        await launch(stores[0], "a1", "a2")
        for seq in range(1, 8):
            rivals = [
                s.log.commit([commit(OTHER, seq, b"o"), commit(ID, seq, f"{n}".encode(), nodes=[node(f"n{n}-{seq}")])])
                for n, s in enumerate(stores)
            ]
            outcomes = await asyncio.gather(*rivals)
            winners = [n for n, (_, won) in enumerate(outcomes) if won]
            assert len(winners) == 1
            assert sum(won for won, _ in outcomes) == 1
            assert (await stores[0].log.read(ID))[seq] == f"{winners[0]}".encode()
            for n in range(3):
                kept = await stores[0].nodes.get(ID, f"n{n}-{seq}")
                assert (kept is not None) == (n in winners)
    finally:
        for store in stores:
            await store.stop()


async def test_the_audit_of_a_commit_is_written_with_it(store: Store) -> None:
    await launch(store, "a1")
    await store.log.commit([commit(ID, 1, b"a", audit=[audit("abort", at=5), audit("abort", at=6)])])
    assert [entry.at for entry in await store.audits.page(query(where("action", "eq", "abort")))] == [6, 5]


# Inbox


async def test_mail_stays_until_a_commit_consumes_it(store: Store) -> None:
    await launch(store, "a1", "a2")
    await store.inbox.post(ID, b"one", audit("abort"))
    await store.inbox.post(OTHER, b"else", audit())
    await store.inbox.post(ID, b"two", audit())
    mail = await store.inbox.read([ID])
    assert [(m.execution, m.event) for m in mail] == [(ID, b"one"), (ID, b"two")]
    assert len(await store.inbox.read([OTHER, ID, ID])) == 3
    assert await store.log.commit([commit(ID, 1, b"a", consumed=[mail[0].number])]) == [True]
    assert await store.inbox.read([ID]) == mail[1:]
    assert await store.inbox.read([]) == []
    assert len(await store.audits.page(query(where("action", "eq", "abort")))) == 1


async def test_a_commit_consumes_only_mail_of_its_own_execution(store: Store) -> None:
    await launch(store, "a1", "a2")
    await store.inbox.post(OTHER, b"else", audit())
    [message] = await store.inbox.read([OTHER])
    await store.log.commit([commit(ID, 1, b"a", consumed=[message.number, 12345])])
    assert await store.inbox.read([OTHER]) == [message]


async def test_a_number_of_mail_is_never_used_again(store: Store) -> None:
    await launch(store, "a1")
    seen: list[int] = []
    for seq in range(1, 4):
        await store.inbox.post(ID, b"mail", audit())
        [message] = await store.inbox.read([ID])
        seen.append(message.number)
        await store.log.commit([commit(ID, seq, b"e", consumed=[message.number])])
    assert seen == sorted(set(seen))


async def test_mail_to_nobody_is_refused(store: Store) -> None:
    with pytest.raises(NotFound) as raised:
        await store.inbox.post(ID, b"mail", audit("abort"))
    assert raised.value.code == "ExecutionNotFound"
    assert await store.audits.page(query(where("action", "eq", "abort"))) == []


async def test_mail_of_many_executions_is_read_at_once(store: Store) -> None:
    names = [f"a{n}" for n in range(450)]
    await asyncio.gather(*(launch(store, name) for name in names))
    await asyncio.gather(*(store.inbox.post(execution_id(name), name.encode(), audit()) for name in names))
    mail = await store.inbox.read([execution_id(name) for name in names])
    assert [message.event for message in mail] == [name.encode() for name in names]


# Claims


async def test_open_executions_are_claimed_oldest_first(store: Store) -> None:
    await launch(store, "a1", "a2", "a3", "a4")
    await store.log.commit([commit(ID, 1, b"e", execution=ExecutionChange(ExecutionPhase.SUCCEEDED, 20))])
    assert await store.ownership.claim("r1", now=0, lease_us=LEASE, limit=2) == [execution_id("a2"), execution_id("a3")]
    assert await store.ownership.claim("r1", now=1, lease_us=LEASE, limit=2) == [execution_id("a4")]
    assert await store.ownership.claim("r1", now=2, lease_us=LEASE, limit=2) == []


async def test_a_claim_holds_until_its_lease_ends(store: Store) -> None:
    await launch(store, "a1")
    assert await store.ownership.claim("r1", now=0, lease_us=LEASE, limit=9) == [ID]
    assert await store.ownership.claim("r2", now=LEASE - 1, lease_us=LEASE, limit=9) == []
    await store.ownership.renew("r1", now=LEASE - 1, lease_us=LEASE)
    assert await store.ownership.claim("r2", now=2 * LEASE - 2, lease_us=LEASE, limit=9) == []
    assert await store.ownership.claim("r2", now=2 * LEASE, lease_us=LEASE, limit=9) == [ID]
    assert await store.ownership.claim("r1", now=2 * LEASE, lease_us=LEASE, limit=9) == []


async def test_an_execution_that_is_created_with_an_owner_is_claimed(store: Store) -> None:
    await store.ownership.renew("r1", now=0, lease_us=LEASE)
    await launch(store, "a1", owner="r1")
    assert await store.ownership.claim("r2", now=1, lease_us=LEASE, limit=9) == []


async def test_the_owner_before_is_fenced_off_by_a_claim(store: Store) -> None:
    await launch(store, "a1")
    await store.ownership.claim("r1", now=0, lease_us=LEASE, limit=9)
    assert await store.log.commit([commit(ID, 1, b"a", owner="r1")]) == [True]
    await store.ownership.claim("r2", now=LEASE, lease_us=LEASE, limit=9)
    assert await store.log.commit([commit(ID, 2, b"late", owner="r1")]) == [False]
    assert await store.log.commit([commit(ID, 2, b"b", owner="r2"), commit(ID, 3, b"c", owner="r2")]) == [True, True]
    assert await store.log.read(ID) == [b"created", b"a", b"b", b"c"]


async def test_what_a_runner_has_claimed_can_be_asked(store: Store) -> None:
    await launch(store, "a1", "a2", "a3")
    await store.ownership.claim("r1", now=0, lease_us=LEASE, limit=2)
    await store.ownership.claim("r2", now=0, lease_us=LEASE, limit=1)
    await store.log.commit([commit(OTHER, 1, b"e", execution=ExecutionChange(ExecutionPhase.SUCCEEDED, 20))])
    assert await store.ownership.claimed("r1") == [ID]
    assert await store.ownership.claimed("r2") == [execution_id("a3")]
    assert await store.ownership.claimed("nobody") == []


async def test_an_execution_does_not_end_over_mail_that_was_not_read(store: Store) -> None:
    await launch(store, "a1", "a2")
    await store.inbox.post(ID, b"abort", audit())
    [message] = await store.inbox.read([ID])
    end = commit(ID, 1, b"end", execution=ExecutionChange(ExecutionPhase.SUCCEEDED, 20))
    other = commit(OTHER, 1, b"end", execution=ExecutionChange(ExecutionPhase.FAILED, 20))
    assert await store.log.commit([end, other]) == [False, True]
    assert await store.log.read(ID) == [b"created"]
    read = commit(ID, 1, b"end", execution=ExecutionChange(ExecutionPhase.SUCCEEDED, 20), consumed=[message.number])
    assert await store.log.commit([read]) == [True]


async def test_an_abort_ends_an_execution_whatever_else_is_in_the_mail(store: Store) -> None:
    await launch(store, "a1")
    await store.inbox.post(ID, b"signal", audit())
    aborted = ExecutionChange(ExecutionPhase.ABORTED, 20)
    assert await store.log.commit([commit(ID, 1, b"abort", execution=aborted)]) == [True]
    assert await store.inbox.read([ID]) == []


@pytest.mark.parametrize("end", [ExecutionPhase.SUCCEEDED, ExecutionPhase.ABORTED])
async def test_mail_to_an_execution_that_has_ended_is_refused(store: Store, end: ExecutionPhase) -> None:
    await launch(store, "a1")
    await store.log.commit([commit(ID, 1, b"end", execution=ExecutionChange(end, 20))])
    with pytest.raises(FailedPrecondition) as raised:
        await store.inbox.post(ID, b"late", audit("abort"))
    assert raised.value.code == "ExecutionEnded"
    assert await store.inbox.read([ID]) == []
    assert await store.audits.page(query(where("action", "eq", "abort"))) == []


async def test_a_claim_can_be_for_some_only(store: Store) -> None:
    await launch(store, *(f"a{n}" for n in range(1, 7)))
    elsewhere = execution_id("a2", domain="staging")
    await store.executions.create(execution(elsewhere, created_at=99), b"created", audit())
    await store.ownership.claim("r1", now=0, lease_us=LEASE, limit=1)
    asked = [execution_id("a4"), elsewhere, execution_id("none"), ID, execution_id("a3"), execution_id("a5")]
    claimed = await store.ownership.claim("r2", now=1, lease_us=LEASE, limit=3, among=asked)
    assert len(claimed) == 3 and set(claimed) <= set(asked) - {ID}
    rest = await store.ownership.claim("r2", now=1, lease_us=LEASE, limit=9, among=asked)
    assert {*claimed, *rest} == {*asked} - {ID, execution_id("none")}
    assert await store.ownership.claim("r2", now=1, lease_us=LEASE, limit=9, among=[]) == []
    assert await store.ownership.claim("r2", now=2 * LEASE, lease_us=LEASE, limit=9, among=[ID]) == [ID]


async def test_what_a_runner_releases_is_free_at_once(store: Store) -> None:
    await launch(store, "a1", "a2")
    await store.ownership.claim("r1", now=0, lease_us=LEASE, limit=1)
    await store.ownership.claim("r2", now=0, lease_us=LEASE, limit=1)
    await store.ownership.release("r1")
    assert await store.ownership.claim("r3", now=1, lease_us=LEASE, limit=9) == [ID]
    await store.ownership.release()
    assert await store.ownership.claim("r4", now=2, lease_us=LEASE, limit=9) == [ID, OTHER]


async def test_two_runners_never_claim_the_same_execution(make_store: Callable[[], Store]) -> None:
    stores = [make_store() for _ in range(3)]
    for store in stores:
        await store.start()
    try:
        names = [f"a{n}" for n in range(60)]
        await launch(stores[0], *names)
        claims = [
            s.ownership.claim(f"r{n}-{turn}", now=0, lease_us=LEASE, limit=7)
            for turn in range(4)
            for n, s in enumerate(stores)
        ]
        claimed = [id for ids in await asyncio.gather(*claims) for id in ids]
        assert len(claimed) == len(set(claimed))
        rest = await stores[0].ownership.claim("last", now=0, lease_us=LEASE, limit=99)
        assert {id.name for id in (*claimed, *rest)} == set(names)
    finally:
        for store in stores:
            await store.stop()


# Wake-ups


async def test_creation_and_mail_wake_the_runner_and_commits_do_not(store: Store) -> None:
    woken: asyncio.Queue[ExecutionId] = asyncio.Queue()
    store.on_wake_up(woken.put_nowait)
    await launch(store, "a1")
    assert await asyncio.wait_for(woken.get(), 5) == ID
    await store.inbox.post(ID, b"mail", audit())
    assert await asyncio.wait_for(woken.get(), 5) == ID
    await store.log.commit([commit(ID, 1, b"a")])
    assert not await store.executions.create(execution("a1"), b"again", audit())
    await asyncio.sleep(0)
    assert woken.empty()


async def test_the_runner_is_woken_also_when_the_caller_has_gone(store: Store) -> None:
    woken: asyncio.Queue[ExecutionId] = asyncio.Queue()
    store.on_wake_up(woken.put_nowait)
    creating = asyncio.ensure_future(store.executions.create(execution("a1"), b"c", audit()))
    await asyncio.sleep(0)
    creating.cancel()
    await asyncio.gather(creating, return_exceptions=True)
    assert await asyncio.wait_for(woken.get(), 5) == ID
    assert await store.executions.get(ID) is not None


async def test_the_owner_of_an_execution_is_who_claimed_it_last(store: Store) -> None:
    assert await store.ownership.owner(ID) == ""
    await launch(store, "a1")
    assert await store.ownership.owner(ID) == ""
    await store.ownership.claim("r1", now=0, lease_us=LEASE, limit=1)
    assert await store.ownership.owner(ID) == "r1"
    await store.ownership.release("r1")
    assert await store.ownership.owner(ID) == ""
