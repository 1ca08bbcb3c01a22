"""The change feed: what changed in an execution after any number of its log, and the news of it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

import msgspec
import psycopg
import pytest
from sqlalchemy import Engine, event
from tests.contract.store.records import audit, commit, execution, execution_id, node, query, running
from tests.contract.store.test_sql_database import opened
from tests.feed import Feed

from alula.core.engine.records import (
    AttemptPhase,
    AttemptRecord,
    CacheStatus,
    ExecutionChange,
    ExecutionPhase,
    ItemRecord,
    NodePhase,
    NodeRecord,
    Reason,
    SignalRecord,
)
from alula.core.errors import TaskError
from alula.core.ids import ExecutionId
from alula.server.store import Store
from alula.server.store.news import News
from alula.server.store.query import Filter
from alula.server.stores.sql import news as notes
from alula.server.stores.sql.connections import normalised
from alula.server.stores.sql.news import NewsLine

pytestmark = pytest.mark.anyio
ID, OTHER = execution_id("a1"), execution_id("a2")


async def launch(store: Store, *names: str) -> None:
    for name in names:
        assert await store.executions.create(execution(name), b"created", audit())


def attempt(node_id: str = "n0", number: int = 0, phase: AttemptPhase = AttemptPhase.RUNNING, **more: Any) -> Any:
    return AttemptRecord(node_id, number, phase, 20, **more)


def item(index: int, phase: AttemptPhase = AttemptPhase.RUNNING, **more: Any) -> ItemRecord:
    return ItemRecord("n1", index, more.pop("attempt", 0), phase, 20, **more)


# Rows


async def test_an_execution_tells_how_long_its_log_is(store: Store) -> None:
    await launch(store, "a1", "a2")
    assert await store.log.commit([commit(ID, 1, b"a", b"b"), commit(ID, 3, b"c")]) == [True, True]
    [record] = [record for record in [await store.executions.get(ID)] if record is not None]
    assert record.seq == await store.log.next_seq(ID) == 4
    histories = await store.log.histories([ID, OTHER])
    assert [history and history.record.seq for history in histories] == [4, 1]


async def test_nodes_that_have_changed_are_found_by_the_number_of_the_log(store: Store) -> None:
    await launch(store, "a1", "a2")
    await store.log.commit([commit(ID, 1, b"a", nodes=[node("n0"), node("n1"), node("n2")])])
    await store.log.commit([commit(ID, 2, b"b", nodes=[node("n1", at=30)]), commit(OTHER, 1, b"x", nodes=[node("n5")])])
    await store.log.commit([commit(ID, 3, b"c", attempts=[attempt("n2")])])
    found = [(await store.nodes.columns(ID, since=since, limit=9)).node_id for since in range(5)]
    assert [list(ids) for ids in found] == [["n0", "n1", "n2"], ["n0", "n1", "n2"], ["n1", "n2"], ["n2"], []]
    assert list((await store.nodes.columns(execution_id("none"), limit=9)).node_id) == []


async def test_several_commits_in_one_call_count_as_one_that_is_seen_whole(store: Store) -> None:
    await launch(store, "a1")
    await store.log.commit([commit(ID, 1, b"a", nodes=[node("n0")]), commit(ID, 2, b"b", nodes=[node("n1")])])
    assert set((await store.nodes.columns(ID, since=1, limit=9)).node_id) == {"n0", "n1"}
    assert list((await store.nodes.columns(ID, since=3, limit=9)).node_id) == []


async def test_nothing_of_a_commit_that_is_fenced_off_is_a_change(store: Store) -> None:
    await launch(store, "a1")
    await store.log.commit([commit(ID, 1, b"a", nodes=[node("n0")], items=[item(0)])])
    assert await store.log.commit([commit(ID, 1, b"x", nodes=[node("n0")], items=[item(0)])]) == [False]
    assert list((await store.nodes.columns(ID, since=2, limit=9)).node_id) == []
    assert list((await store.items.columns(ID, since=2)).item) == []


async def test_nodes_as_columns_have_all_that_a_list_of_them_shows(store: Store) -> None:
    await launch(store, "a1")
    error = TaskError("USER:E", "broken", "USER")
    nodes = [
        node("n1", NodePhase.DYNAMIC_RUNNING, spec_node_id="n1", parent_id="", is_parent=True, is_dynamic=True),
        node("n1-0-a", NodePhase.FAILED, parent_id="n1", created_at=1, started_at=2, ended_at=3, error=error),
        node("n1-0-b", parent_id="n1", is_array=True, deck_uri="d", child="c", cache_status=CacheStatus.HIT),
    ]
    await store.log.commit([commit(ID, 1, b"a", nodes=nodes, attempts=[attempt("n1-0-a"), attempt("n1-0-a", 1)])])
    columns = await store.nodes.columns(ID, limit=9)
    assert [list(column) for column in columns] == [
        ["n1", "n1-0-a", "n1-0-b"],
        ["n1", None, None],
        ["", "n1", "n1"],
        [9, 5, 2],
        [None, 1, None],
        [None, 2, None],
        [None, 3, None],
        [0, 2, 0],
        [None, None, 2],
        [3, 0, 12],
        [None, None, "c"],
        [None, error, None],
    ]
    assert list((await store.nodes.columns(ID, "", limit=9)).node_id) == ["n1"]
    assert list((await store.nodes.columns(ID, "n1", limit=1)).node_id) == ["n1-0-a"]
    assert list((await store.nodes.columns(ID, "n1", after="n1-0-a", limit=9)).node_id) == ["n1-0-b"]


async def test_attempts_that_their_nodes_do_not_tell_are_those_that_differ(store: Store) -> None:
    await launch(store, "a1")
    ended = AttemptPhase.SUCCEEDED
    rows = [
        attempt("plain", phase=ended, created_at=1, started_at=2, ended_at=3),
        attempt("again", 0, AttemptPhase.RETRYABLE_FAILED),
        attempt("again", 1, ended),
        attempt("array", phase=ended, size=7),
        attempt("flying"),
    ]
    await store.log.commit([commit(ID, 1, b"a", attempts=rows)])
    told = await store.attempts.columns(ID, limit=9)
    assert list(zip(told.node_id, told.attempt, told.phase, told.size, strict=True)) == [
        ("again", 0, 8, None),
        ("again", 1, 3, None),
        ("array", 0, 3, 7),
        ("flying", 0, 2, None),
    ]
    changed = await store.attempts.columns(ID, since=1, limit=9)
    assert [list(changed.node_id)[-1], changed.created_at[-1], changed.ended_at[-1]] == ["plain", 1, 3]
    assert len((await store.attempts.columns(ID, since=1, limit=2)).node_id) == 2


async def test_items_that_have_changed_are_found_and_an_older_attempt_changes_none(store: Store) -> None:
    await launch(store, "a1")
    await store.log.commit([commit(ID, 1, b"a", items=[item(i) for i in range(5)])])
    done = item(3, AttemptPhase.SUCCEEDED, attempt=1, started_at=5, ended_at=9, cache_status=CacheStatus.HIT)
    await store.log.commit([commit(ID, 2, b"b", items=[done])])
    await store.log.commit([commit(ID, 3, b"c", items=[item(3, AttemptPhase.FAILED, attempt=0)])])
    assert [list(column) for column in await store.items.columns(ID, since=2)] == [["n1"], [3], [1], [3], [2], [5], [9]]
    assert list((await store.items.columns(ID, since=3)).item) == []
    assert list((await store.items.columns(ID, "n1")).phase) == [2, 2, 2, 3, 2]
    assert list((await store.items.columns(ID, "n2")).phase) == []
    assert list((await store.items.columns(ID, limit=2)).item) == [0, 1]


async def test_signals_that_have_changed_are_found(store: Store) -> None:
    await launch(store, "a1")
    asked = [SignalRecord("s0", "n0", created_at=1), SignalRecord("s1", "n1", created_at=2)]
    await store.log.commit([commit(ID, 1, b"a", signals=asked)])
    await store.log.commit([commit(ID, 2, b"b", signals=[SignalRecord("s1", "n1", value=b"v", principal="ada")])])
    assert [signal.signal_id for signal in await store.signals.changed(ID, 0)] == ["s0", "s1"]
    [answered] = await store.signals.changed(ID, 2)
    assert (answered.signal_id, answered.created_at, answered.principal) == ("s1", 2, "ada")


async def test_open_questions_are_counted_for_many_executions(store: Store) -> None:
    await launch(store, "a1", "a2", "a3")
    nodes = [node("n0", NodePhase.RUNNING), node("n1", NodePhase.RUNNING), node("n2", NodePhase.FAILED)]
    asked = [SignalRecord(f"s{number}", f"n{number}") for number in range(3)]
    await store.log.commit([commit(ID, 1, b"a", nodes=nodes, signals=asked)])
    assert await store.signals.open([ID, ID._replace(name="a2"), ID._replace(name="nowhere")]) == {ID: 2}
    await store.log.commit([commit(ID, 2, b"b", signals=[SignalRecord("s1", "n1", value=b"v")])])
    assert await store.signals.open([ID]) == {ID: 1}


async def test_nodes_of_many_executions_are_counted_by_phase(store: Store) -> None:
    await launch(store, "a1", "a2", "a3")
    await store.log.commit([commit(ID, 1, b"a", nodes=[node("n0"), node("n1"), node("n2", NodePhase.FAILED)])])
    await store.log.commit([commit(OTHER, 1, b"a", nodes=[node("n0", NodePhase.SUCCEEDED)])])
    assert await store.nodes.counts([ID, OTHER, execution_id("a3")]) == {
        ID: {NodePhase.RUNNING: 2, NodePhase.FAILED: 1},
        OTHER: {NodePhase.SUCCEEDED: 1},
        execution_id("a3"): {},
    }


async def test_nodes_that_take_from_the_cache_are_found_by_what_they_take(store: Store) -> None:
    def hit(name: str, source: str, status: CacheStatus = CacheStatus.HIT) -> NodeRecord:
        return node(name, NodePhase.SUCCEEDED, cache_status=status, cache_source=source)

    await launch(store, "a1", "a2", "a3")
    given = [hit("n2", "p/d/r/n0/0"), hit("n1", "p/d/r/n0/1"), hit("n3", "p/d/r/n00/0"), hit("n4", "p/d/r/n0[1]/0")]
    await store.log.commit([commit(ID, 1, b"a", nodes=[*given, hit("n5", "p/d/r/n0/0", CacheStatus.MISS)])])
    await store.log.commit([commit(OTHER, 1, b"a", nodes=[hit("n0", "p/d/r/n0/0"), node("n1")])])
    asked = query(Filter("source", "eq", ("p/d/r/n0/0",)), sort_by="execution", descending=False)
    taken = [(taker.execution, taker.node_id) for taker in await store.nodes.takers(asked)]
    assert taken == [(ID, "n2"), (OTHER, "n0")]
    assert await store.nodes.takers(query(Filter("source", "eq", ("p/d/r/n0",)))) == []


@pytest.mark.parametrize("seed", range(3))
async def test_changes_since_any_number_laid_over_the_rows_of_then_are_the_rows_of_now(store: Store, seed: int) -> None:
    await launch(store, "a1")
    random = Random(seed)
    then = [await Feed.read(store, ID)]
    seq = 1
    for _ in range(12):
        given = [commit(ID, seq, b"e", **some_rows(random))]
        given += [commit(ID, seq + 1, b"e", b"f", **some_rows(random))] if random.random() < 0.3 else []
        assert all(await store.log.commit(given))
        seq = given[-1].next_seq
        then.append(await Feed.read(store, ID))
    for feed in then:
        assert (await feed.brought_up(store, ID)).shown == then[-1].shown


def some_rows(random: Random) -> dict[str, Any]:
    def among(count: int) -> list[int]:
        return [random.randrange(count) for _ in range(random.randrange(4))]

    return {
        "nodes": [node(f"n{n}", random.choice(list(NodePhase)), created_at=random.randrange(9)) for n in among(5)],
        "attempts": [attempt(f"n{n}", random.randrange(3), random.choice(list(AttemptPhase))) for n in among(5)],
        "items": [item(i, random.choice(list(AttemptPhase)), attempt=random.randrange(2)) for i in among(9)],
        "signals": [SignalRecord(f"s{n}", f"n{n}", principal=random.choice([None, "ada"])) for n in among(3)],
    }


# News


async def test_each_commit_is_news_that_names_its_nodes(store: Store) -> None:
    heard: list[News] = []
    store.on_news(heard.append, lambda: None)
    await launch(store, "a1")
    rows = {
        "nodes": [node("n0")],
        "attempts": [attempt("n3")],
        "items": [item(7)],
        "signals": [SignalRecord("s", "n4")],
    }
    await store.log.commit([commit(ID, 1, b"a", b"b", execution=running(), **rows), commit(OTHER, 1, b"fenced off")])
    await store.log.commit([commit(ID, 3, b"c")])
    assert heard == [
        News(ID, 1, ExecutionPhase.QUEUED),
        News(ID, 3, ExecutionPhase.RUNNING, frozenset(["n0", "n1", "n3", "n4"])),
        News(ID, 4),
    ]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_news_reaches_other_processes_once_and_as_it_was(database_url: str) -> None:
    here, there = await opened(database_url), await opened(database_url)
    echo, heard = Heard(), Heard()
    here.on_news(echo.put_nowait, lambda: None)
    there.on_news(heard.put_nowait, lambda: None)
    await launch(here, "a1")
    many = [node(f"n{n}") for n in range(notes.NODES_NAMED_MAX + 1)]
    end = ExecutionChange(ExecutionPhase.SUCCEEDED, 50, ended_at=50)
    await here.log.commit([commit(ID, 1, b"a", nodes=[node("n0")])])
    await heard.until(ID, 2)
    await here.log.commit([commit(ID, 2, b"b", nodes=many)])
    assert (await heard.until(ID, 3)).nodes is None
    await here.log.commit([commit(ID, 3, b"c", nodes=[node("é" * 5_000)])])
    assert (await heard.until(ID, 4)).nodes is None
    await here.log.commit([commit(ID, 4, b"d", execution=end, nodes=[node("n0")])])
    assert await heard.until(ID, 5) == News(ID, 5, ExecutionPhase.SUCCEEDED, frozenset(["n0"]))
    assert [echo.get_nowait().seq for _ in range(5)] == [1, 2, 3, 4, 5]
    assert echo.empty()
    for store in (here, there):
        await store.stop()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_process_that_was_cut_off_is_told_that_it_may_have_missed_news(database_url: str) -> None:
    here, there = await opened(database_url), await opened(database_url)
    heard, missed = Heard(), asyncio.Event()
    here.on_news(heard.put_nowait, missed.set)
    await launch(there, "a1")
    await heard.until(ID, 1)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    async with asyncio.timeout(20):
        await missed.wait()
        await there.log.commit([commit(ID, 1, b"a", nodes=[node("n0")])])
        await heard.until(ID, 2)
    for store in (here, there):
        await store.stop()


def test_news_is_packed_into_notes_that_a_database_takes() -> None:
    line = NewsLine("here")
    heard: list[News] = []
    there = NewsLine("there")
    there.add(heard.append, lambda: None)
    news = [News(execution_id(f"run-{n}"), n, None, frozenset([f"n{n}" * 30])) for n in range(500)]
    packed = list(line.notes(news))
    assert 1 < len(packed) < 50
    assert max(len(note.encode()) for note in packed) <= notes.NOTE_MAX_BYTES
    for note in [*packed, *there.notes([News(ID, 1)]), "nonsense", '["x"]']:
        there.hear(note)
    assert heard == news


class Heard(asyncio.Queue[News]):
    async def until(self, execution: ExecutionId, seq: int) -> News:
        """The news that tells of that number of the log."""
        async with asyncio.timeout(10):
            while (news := await self.get()).execution != execution or news.seq < seq:
                pass
        return news


async def plans_of(url: str, ask: Callable[[Store], Awaitable[None]]) -> list[list[str]]:
    """How SQLite finds what is asked for, by statement."""
    store = await opened(url)
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        asked.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        await ask(store)
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    await store.stop()
    with sqlite3.connect(normalised(url).database or "") as connection:
        plans = [[row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", given)] for sql, given in asked]
    connection.close()
    return plans


async def test_those_who_took_a_result_are_found_by_an_index(sqlite_url: str) -> None:
    async def ask(store: Store) -> None:
        given = {"source": "p/d/r/n0/0", "project": "p", "domain": "d"}
        asked = query(*(Filter(name, "eq", (value,)) for name, value in given.items()), sort_by="updated_at")
        await store.nodes.takers(asked)
        await store.nodes.takers(msgspec.structs.replace(asked, after=(9, "p", "d", "r", "n0")))

    plans = await plans_of(sqlite_url, ask)
    assert len(plans) == 2
    for plan in plans:
        assert len(plan) == 1 and "node_executions_takers" in plan[0], plan


async def test_what_changed_is_found_by_an_index(sqlite_url: str) -> None:
    async def ask(store: Store) -> None:
        await store.nodes.columns(ID, since=1, limit=9)
        await store.attempts.columns(ID, since=1, limit=9)
        await store.items.columns(ID, since=1)
        await store.items.columns(ID, "n0", since=1, limit=9)
        await store.signals.changed(ID, 1)

    plans = await plans_of(sqlite_url, ask)
    assert len(plans) == 5
    for plan in plans:
        assert any("changed_seq>?" in step for step in plan), plan
        assert not any(step.endswith("execution=?)") for step in plan), plan


# Lean reads


async def test_an_execution_is_read_without_its_values_if_asked(store: Store) -> None:
    await store.executions.create(execution("a1", incarnation="i1", labels={"k": "v"}), b"created", audit())
    [listed] = await store.executions.page(query())
    assert await store.executions.get(ID, with_values=False) == listed
    assert (listed.inputs, listed.incarnation, listed.labels) == (b"", "", {"k": "v"})
    assert await store.executions.get(OTHER, with_values=False) is None


async def test_the_sizes_of_arrays_are_told(store: Store) -> None:
    await launch(store, "a1")
    attempts = [attempt("n0"), attempt("n1", size=7), attempt("n1", 1, size=7), attempt("n2", size=0)]
    await store.log.commit([commit(ID, 1, b"a", attempts=attempts)])
    assert await store.attempts.sizes(ID, ["n0", "n1", "n2", "n9"]) == {"n1": 7, "n2": 0}
    assert await store.attempts.sizes(ID, []) == {}


async def test_reasons_are_paged_by_number_and_chosen(store: Store) -> None:
    await launch(store, "a1")
    reasons = [Reason(i, f"n{i % 2}", 0, i, "Odd" if i % 2 else "Even", f"{i}") for i in range(6)]
    await store.log.commit([commit(ID, 1, b"a", reasons=reasons[:4])])
    await store.log.commit([commit(ID, 2, b"b", reasons=reasons[4:])])
    first = await store.reasons.page(ID, limit=4)
    rest = await store.reasons.page(ID, after=first[-1][0], limit=4)
    assert [reason for _, reason in first + rest] == reasons
    assert [number for number, _ in first + rest] == sorted({number for number, _ in first + rest})
    assert [reason.text for _, reason in await store.reasons.page(ID, node_id="n1", limit=2)] == ["1", "3"]
    assert [reason.text for _, reason in await store.reasons.page(ID, code="Even", index=2, limit=9)] == ["2"]
    assert await store.reasons.page(OTHER, limit=9) == []
