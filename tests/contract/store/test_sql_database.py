"""What only a store in a database must stand: restarts, crashes, full disks, lost connections, other versions."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from tests.contract.store.conftest import DATABASES
from tests.contract.store.records import audit, cache_entry, cache_key, commit, execution, execution_id, node, query

from alula.core.engine.records import ExecutionChange, ExecutionPhase
from alula.core.errors import FailedPrecondition, InvalidInput, ResourceExhausted, Unavailable
from alula.core.ids import ExecutionId
from alula.server.store.log import Commit
from alula.server.stores.sql import migrating
from alula.server.stores.sql.adapter import SqlStore
from alula.server.stores.sql.connections import normalised
from alula.server.stores.sql.schema import stored_revision
from alula.server.stores.sql.tables import HEAD, metadata

pytestmark = pytest.mark.anyio
ID = execution_id("a1")
both_databases = pytest.mark.parametrize("database_url", DATABASES, indirect=True)
on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


async def opened(url: str) -> SqlStore:
    store = SqlStore(url)
    await store.start()
    return store


# Restarts and crashes


@both_databases
async def test_everything_is_there_after_a_restart(database_url: str) -> None:
    store = await opened(database_url)
    await store.executions.create(execution("a1", labels={"k": "v"}), b"created", audit())
    await store.log.commit([commit(ID, 1, b"a", nodes=[node(created_at=5)], published=[cache_entry()])])
    await store.inbox.post(ID, b"mail", audit())
    before = (await store.executions.page(query()), await store.audits.page(query()))
    await store.stop()

    store = await opened(database_url)
    assert (await store.executions.page(query()), await store.audits.page(query())) == before
    assert await store.log.read(ID) == [b"created", b"a"]
    assert await store.catalog.get(cache_key()) == cache_entry()
    assert [message.event for message in await store.inbox.read([ID])] == [b"mail"]
    assert [project.id for project in await store.projects.page(query())] == ["flytesnacks"]
    await store.stop()


@on_postgresql
async def test_machines_whose_clocks_differ_have_one_time_for_leases(database_url: str) -> None:
    ahead, behind = (SqlStore(database_url, clock=lambda at=at: at) for at in (10**18, 0))
    for store in (ahead, behind):
        await store.start()
    times = [await store.now() for store in (ahead, behind, ahead)]
    assert times == sorted(times) and times[2] - times[0] < 60_000_000
    for store in (ahead, behind):
        await store.stop()


async def test_what_waits_is_written_before_the_store_stops_and_nothing_after(sqlite_url: str) -> None:
    store = await opened(sqlite_url)
    waiting = [asyncio.ensure_future(store.executions.create(execution(f"a{n}"), b"c", audit())) for n in range(300)]
    await asyncio.sleep(0)
    await store.stop()
    assert await asyncio.gather(*waiting) == [True] * 300
    with pytest.raises(Unavailable) as raised:
        await store.inbox.post(ID, b"late", audit())
    assert raised.value.code == "StoreStopped"
    await store.stop()
    await store.start()
    assert len(await store.executions.page(query(limit=1000))) == 300
    await store.stop()


@pytest.mark.parametrize("acknowledged", [1, 7, 40])
async def test_nothing_that_was_acknowledged_is_lost_by_a_kill(sqlite_url: str, acknowledged: int) -> None:
    program = Path(__file__).with_name("committing_program.py")
    process = subprocess.Popen([sys.executable, program, sqlite_url], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    last = 0
    for _ in range(acknowledged):
        last = int(process.stdout.readline())
    os.kill(process.pid, signal.SIGKILL)
    last = max([last, *(int(line) for line in process.stdout.read().split("\n")[:-1])])
    process.wait()
    process.stdout.close()

    store = await opened(sqlite_url)
    log = await store.log.read(ID)
    assert len(log) > last
    assert log == [b"created", *(str(seq).encode() for seq in range(1, len(log)))]
    nodes = await store.nodes.page(ID, None, query(limit=100_000))
    assert {n.node_id for n in nodes} == {f"n{seq}" for seq in range(1, len(log))}
    assert await store.log.commit([commit(ID, len(log), b"on")]) == [True]
    await store.stop()
    with sqlite3.connect(normalised(sqlite_url).database or "") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


# Disks and files


@pytest.fixture
def page_limits() -> Iterator[list[sqlite3.Connection]]:
    """Connections to SQLite that were opened, for tests that take away their space."""
    opened: list[sqlite3.Connection] = []

    def note(connection: sqlite3.Connection, _record: object) -> None:
        opened.append(connection)

    event.listen(Engine, "connect", note)
    yield opened
    event.remove(Engine, "connect", note)


async def test_a_full_disk_is_an_error_that_passes(sqlite_url: str, page_limits: list[sqlite3.Connection]) -> None:
    store = await opened(sqlite_url)
    await store.executions.create(execution("a1"), b"created", audit())
    writing = page_limits[0]
    [pages] = writing.execute("PRAGMA page_count").fetchone()
    writing.execute(f"PRAGMA max_page_count = {pages + 5}")
    big = commit(ID, 1, b"x" * 1_000_000, nodes=[node("big")])
    with pytest.raises(ResourceExhausted) as raised:
        await store.log.commit([big])
    assert raised.value.code == "StoreDiskFull"
    assert await store.log.read(ID) == [b"created"]
    assert await store.nodes.get(ID, "big") is None
    writing.execute("PRAGMA max_page_count = 1000000")
    assert await store.log.commit([big]) == [True]
    await store.stop()


async def test_who_needs_no_room_is_written_though_others_find_the_disk_full(
    sqlite_url: str, page_limits: list[sqlite3.Connection]
) -> None:
    store = await opened(sqlite_url)
    await store.executions.create(execution("a1"), b"created", audit())
    await store.executions.create(execution("a2"), b"created", audit())
    writing = page_limits[0]
    [pages] = writing.execute("PRAGMA page_count").fetchone()
    writing.execute(f"PRAGMA max_page_count = {pages + 5}")
    big, small = await asyncio.gather(
        store.log.commit([commit(ID, 1, b"x" * 1_000_000)]),
        store.log.commit([commit(execution_id("a2"), 1, b"small")]),
        return_exceptions=True,
    )
    assert isinstance(big, ResourceExhausted)
    assert small == [True]
    await store.stop()


async def test_a_value_of_many_megabytes_is_kept(sqlite_url: str) -> None:
    store = await opened(sqlite_url)
    data = os.urandom(1 << 20) * 20
    await store.executions.create(execution("a1", inputs=data), b"created", audit())
    await store.log.commit([commit(ID, 1, data, nodes=[node(outputs=data)])])
    read = await store.nodes.get(ID, "n0")
    assert read is not None
    assert read.outputs == data
    assert (await store.log.read(ID))[1] == data
    await store.stop()


async def test_a_value_that_the_database_can_not_hold_fails_alone(sqlite_url: str) -> None:
    store = await opened(sqlite_url)
    with pytest.raises(OverflowError):
        await store.executions.create(execution("a1", created_at=2**70), b"created", audit())
    assert await store.executions.create(execution("a1"), b"created", audit())
    await store.stop()


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    path.write_bytes(b"not a database, but long enough to look like one" * 100)
    with pytest.raises(FailedPrecondition) as raised:
        await opened(f"sqlite:///{path}")
    assert raised.value.code == "StoreDamaged"
    assert str(path) in raised.value.message


async def test_a_folder_that_is_not_there_is_an_error_at_once(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as raised:
        await opened(f"sqlite:///{tmp_path / 'none' / 'a.sqlite'}")
    assert raised.value.code == "StoreUnreachable"


async def test_a_path_may_have_any_characters(tmp_path: Path) -> None:
    path = tmp_path / "what? 100%" / "a#b.sqlite"
    path.parent.mkdir()
    store = SqlStore(path)
    await store.start()
    await store.stop()
    assert path.exists()


# URLs


@pytest.mark.parametrize(
    "url", ["", "nonsense", "sqlite://", "sqlite:///:memory:", "mysql://secret:secret@host/x", "postgresql://h:port/d"]
)
def test_a_url_that_names_no_store_is_refused_without_showing_a_password(url: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        SqlStore(url)
    assert raised.value.code == "BadDatabaseUrl"
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://user:secret@127.0.0.1:1/alula",
        "postgresql://user@127.0.0.1:1/alula?password=secret",
        "postgresql://user@127.0.0.1:1/alula?sslpassword=secret&application_name=x",
    ],
)
async def test_a_server_that_is_not_there_is_an_error_without_the_password(url: str) -> None:
    with pytest.raises(Unavailable) as raised:
        await opened(url)
    assert raised.value.code == "StoreUnreachable"
    assert "secret" not in str(raised.value)
    assert "127.0.0.1" in raised.value.message


# PostgreSQL: several processes, lost connections


@on_postgresql
async def test_a_password_may_have_any_characters(database_url: str) -> None:
    url = make_url(database_url).set(password="a b/c@d%:'")
    store = SqlStore(url)
    await store.start()
    await store.stop()


async def within(seconds: float, queue: asyncio.Queue[ExecutionId], wanted: ExecutionId) -> None:
    async with asyncio.timeout(seconds):
        while await queue.get() != wanted:
            pass


@on_postgresql
async def test_another_process_on_the_same_database_is_woken(database_url: str) -> None:
    here, there = await opened(database_url), await opened(database_url)
    heard_here: asyncio.Queue[ExecutionId] = asyncio.Queue()
    heard_there: asyncio.Queue[ExecutionId] = asyncio.Queue()
    here.on_wake_up(heard_here.put_nowait)
    there.on_wake_up(heard_there.put_nowait)
    await here.executions.create(execution("a1"), b"created", audit())
    await within(5, heard_there, ID)
    await there.inbox.post(ID, b"mail", audit())
    await there.executions.create(execution("a2"), b"created", audit())
    await within(5, heard_here, execution_id("a2"))
    await within(5, heard_there, execution_id("a2"))
    assert heard_here.empty()
    await here.stop()
    await there.stop()


@on_postgresql
async def test_lost_connections_are_made_again_and_missed_wake_ups_made_good(database_url: str) -> None:
    here, there = await opened(database_url), await opened(database_url)
    heard: asyncio.Queue[ExecutionId] = asyncio.Queue()
    here.on_wake_up(heard.put_nowait)
    await there.executions.create(execution("a1"), b"created", audit())
    await within(5, heard, ID)
    await asyncio.gather(*(here.log.read(ID) for _ in range(8)))
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert await asyncio.gather(*(here.log.read(ID) for _ in range(8))) == [[b"created"]] * 8
    assert await here.log.commit([commit(ID, 1, b"a")]) == [True]
    await there.inbox.post(ID, b"mail", audit())
    await within(10, heard, ID)
    await here.stop()
    await there.stop()


@on_postgresql
@pytest.mark.parametrize("is_committed", [True, False])
async def test_a_commit_whose_answer_is_lost_is_looked_up(database_url: str, is_committed: bool) -> None:
    store = await opened(database_url)
    await store.executions.create(execution("a1"), b"created", audit())
    cuts: list[int] = []

    def cut(connection: Connection) -> None:
        if cuts:
            return
        pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        cuts.append(pid)
        if is_committed:  # the transaction ends well; what fails below is the end of an empty one
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("BEGIN")
        with psycopg.connect(database_url, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s)", [pid])

    event.listen(Engine, "commit", cut)
    try:
        assert await store.log.commit([commit(ID, 1, b"a", nodes=[node()])]) == [True]
    finally:
        event.remove(Engine, "commit", cut)
    assert len(cuts) == 1
    assert await store.log.read(ID) == [b"created", b"a"]
    assert await store.log.commit([commit(ID, 2, b"b")]) == [True]
    await store.stop()


@on_postgresql
async def test_an_end_that_meets_mail_which_another_process_is_posting_waits_for_it(database_url: str) -> None:
    here, there = await opened(database_url), await opened(database_url)
    await here.executions.create(execution("a1"), b"created", audit())
    with held_before_commit() as held:
        posting = asyncio.ensure_future(here.inbox.post(ID, b"abort", audit()))
        await held.reached()
        ending = asyncio.ensure_future(there.log.commit([end_of(ID)]))
        await done_or_waiting(ending, database_url)
        held.let_go()
        await posting
        assert await ending == [False]
    await here.stop()
    await there.stop()


@on_postgresql
async def test_mail_that_meets_an_end_which_another_process_is_writing_is_refused(database_url: str) -> None:
    here, there = await opened(database_url), await opened(database_url)
    await here.executions.create(execution("a1"), b"created", audit())
    with held_before_commit() as held:
        ending = asyncio.ensure_future(there.log.commit([end_of(ID)]))
        await held.reached()
        posting = asyncio.ensure_future(here.inbox.post(ID, b"abort", audit()))
        await done_or_waiting(posting, database_url)
        held.let_go()
        assert await ending == [True]
        with pytest.raises(FailedPrecondition):
            await posting
    assert await here.inbox.read([ID]) == []
    await here.stop()
    await there.stop()


def end_of(id: ExecutionId) -> Commit:
    return commit(id, 1, b"end", execution=ExecutionChange(ExecutionPhase.SUCCEEDED, 20))


class Held:
    """The first transaction that is about to be committed, and stands there until it is let go."""

    def __init__(self) -> None:
        self._reached, self._let_go = threading.Event(), threading.Event()

    def stand(self, _connection: Connection) -> None:
        if not self._reached.is_set():
            self._reached.set()
            self._let_go.wait(10)

    async def reached(self) -> None:
        assert await asyncio.to_thread(self._reached.wait, 10)

    def let_go(self) -> None:
        self._let_go.set()


@contextmanager
def held_before_commit() -> Iterator[Held]:
    held = Held()
    event.listen(Engine, "commit", held.stand)
    try:
        yield held
    finally:
        held.let_go()
        event.remove(Engine, "commit", held.stand)


WAITING = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


async def done_or_waiting(work: asyncio.Future[Any], url: str) -> None:
    """Until it has come to its end, or the database says that somebody waits for a lock."""
    async with asyncio.timeout(10), await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        while not work.done():
            if await (await connection.execute(WAITING)).fetchone():
                return


@on_postgresql
async def test_a_process_that_stands_still_in_a_transaction_does_not_hold_up_who_succeeds_it(database_url: str) -> None:
    store = await opened(database_url)
    await store.executions.create(execution("a1"), b"created", audit(), owner="r1")
    program = subprocess.Popen([sys.executable, str(Path(__file__).with_name("standing_program.py")), database_url])
    try:
        os.waitid(os.P_PID, program.pid, os.WSTOPPED)
        async with asyncio.timeout(30):
            while await store.ownership.claim("r2", now=10**9, lease_us=1, limit=1) != [ID]:
                await asyncio.sleep(0.05)
        assert await store.log.commit([commit(ID, 1, b"a", owner="r2")]) == [True]
        assert await store.log.read(ID) == [b"created", b"a"]
    finally:
        program.kill()
        program.wait()
    await store.stop()


@on_postgresql
async def test_text_that_postgresql_can_not_keep_is_refused_by_name(database_url: str) -> None:
    store = await opened(database_url)
    with pytest.raises(InvalidInput) as raised:
        await store.executions.create(execution("a1", labels={"k": "a\0b"}), b"created", audit())
    assert raised.value.code == "BadText"
    with pytest.raises(InvalidInput):
        await store.projects.get("a\0b")
    assert await store.executions.get(ID) is None
    await store.stop()


# Revisions


@both_databases
async def test_a_store_that_a_newer_program_wrote_is_refused(database_url: str) -> None:
    store = await opened(database_url)
    await store.stop()
    engine = create_engine(normalised(database_url))
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(FailedPrecondition) as raised:
        await opened(database_url)
    assert raised.value.code == "StoreTooNew"
    assert "9999" in raised.value.message
    assert "newer version" in raised.value.fix


@both_databases
def test_migrations_from_nothing_give_the_schema_of_this_program(database_url: str) -> None:
    engine = create_engine(normalised(database_url))
    with engine.begin() as connection:
        metadata.create_all(connection)
        made = schema_of(connection)
        connection.rollback()
    engine.dispose()
    engine = create_engine(normalised(database_url + ("2" if engine.name == "sqlite" else "")))
    with engine.begin() as connection:
        metadata.drop_all(connection)
        migrating.upgrade(connection, None)
        assert stored_revision(connection) == HEAD
        assert schema_of(connection) == made
    engine.dispose()
    assert len(made) > 20


@both_databases
async def test_stores_that_start_at_the_same_time_make_one_schema(database_url: str) -> None:
    stores = await asyncio.gather(*(opened(database_url) for _ in range(4)))
    assert [project.id for project in await stores[0].projects.page(query())] == ["flytesnacks"]
    assert len(await stores[0].audits.page(query())) == 1
    for store in stores:
        await store.stop()


def test_neither_alembic_nor_the_other_dialect_is_loaded_to_open_a_store(sqlite_url: str) -> None:
    program = (
        "import asyncio, sys\n"
        "from alula.server.stores.sql.adapter import SqlStore\n"
        "async def main():\n"
        "    store = SqlStore(sys.argv[1])\n"
        "    await store.start()\n"
        "    await store.stop()\n"
        "asyncio.run(main())\n"
        "print([m for m in ('alembic', 'psycopg', 'sqlalchemy.dialects.postgresql') if m in sys.modules])\n"
    )
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", program, sqlite_url], capture_output=True, text=True, check=True)
        assert done.stdout == "[]\n"


def schema_of(connection: Connection) -> list[str]:
    """Every table, column, constraint and index, in words."""
    if connection.dialect.name == "sqlite":
        rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name"))
        return [f"{name}: {' '.join(sql.split())}" for name, sql in rows]
    statements = [
        "SELECT table_name, ordinal_position, column_name, data_type, collation_name, is_nullable, column_default,"
        " is_identity FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2",
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE connamespace = 'public'::regnamespace ORDER BY 1",
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1",
    ]
    return [str(tuple(row)) for statement in statements for row in connection.execute(text(statement))]
