"""Stores that older programs wrote, as they wrote them: a platform ran, was stopped, and is started by this program.

`older/` has a database of each such revision. It is SQLite's own file; PostgreSQL is given the schema of that revision
by the migrations up to it, and the same rows.
"""

from __future__ import annotations

import gzip
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from flyteidl.core import compiler_pb2
from sqlalchemy import Connection, MetaData, create_engine, text
from tests.contract.store.conftest import DATABASES
from tests.contract.store.records import query
from tests.contract.store.test_sql_database import schema_of

from alula.core.engine.attempt_info import AttemptInfo, LogLink
from alula.core.engine.plan import make_plan
from alula.core.engine.records import AttemptPhase, AttemptRecord, Changes, ExecutionPhase, ItemRecord
from alula.core.engine.step import fold
from alula.core.engine.usage import Figure, Usage
from alula.core.policy.task_datasets import TaskDataset
from alula.server.services.history import decode_log
from alula.server.store.datasets import DatasetId
from alula.server.store.log import Commit
from alula.server.stores.sql import migrating
from alula.server.stores.sql.adapter import SqlStore
from alula.server.stores.sql.connections import normalised
from alula.server.stores.sql.schema import stored_revision
from alula.server.stores.sql.tables import HEAD, metadata

pytestmark = pytest.mark.anyio
OLDER = Path(__file__).with_name("older")
REVISIONS = sorted(path.name.partition(".")[0] for path in OLDER.iterdir())
_COUNT = "SELECT pg_get_serial_sequence(:table, 'number')"


@pytest.fixture
def older(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> Callable[[str], str]:
    """Gives the URL of a database as the program of a revision left it."""

    def made(revision: str) -> str:
        file = tmp_path / f"{revision}.sqlite"
        file.write_bytes(gzip.decompress((OLDER / f"{revision}.sqlite.gz").read_bytes()))
        if database_url.startswith("sqlite"):
            return f"sqlite:///{file}"
        engine = create_engine(normalised(database_url))
        with engine.begin() as connection, sqlite3.connect(file) as source:
            migrating.upgrade(connection, None, to=revision)
            _copy(source, connection)
        engine.dispose()
        source.close()
        return database_url

    return made


def _copy(source: sqlite3.Connection, target: Connection) -> None:
    source.row_factory = sqlite3.Row
    tables = MetaData()
    tables.reflect(target)
    for table in tables.sorted_tables:
        rows = [dict(row) for row in source.execute(f"SELECT * FROM {table.name}")]
        if not rows or table.name == "alembic_version":
            continue
        target.execute(table.insert(), rows)
        if "number" in table.c and (count := target.execute(text(_COUNT), {"table": table.name}).scalar()):
            target.execute(text(f"SELECT setval('{count}', (SELECT max(number) FROM {table.name}))"))


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize("database_url", DATABASES, indirect=True)
async def test_what_an_older_program_stored_is_there_and_can_be_gone_on_with(
    older: Callable[[str], str], revision: str
) -> None:
    url = older(revision)
    store = SqlStore(url)
    await store.start()
    good, bad = sorted(await store.executions.page(query()), key=lambda each: each.phase)
    assert (good.phase, bad.phase) == (ExecutionPhase.SUCCEEDED, ExecutionPhase.FAILED)
    (first,) = await store.attempts.page(good.id, "n0", query())
    executor = None if revision < "0005" else "process"
    assert (first.phase, first.executor, first.logs, first.info) == (AttemptPhase.SUCCEEDED, executor, None, None)
    assert first.usage is None
    (failed,) = await store.attempts.page(bad.id, "n0", query())
    assert failed.error is not None and failed.error.code == "USER:ValueError"
    items = await store.items.page(good.id, "n1", query(sort_by="index", descending=False))
    assert [(item.index, item.phase, item.logs) for item in items] == [
        (index, AttemptPhase.SUCCEEDED, None) for index in range(3)
    ]
    for record in (good, bad):
        entity = await store.entities.get("workflow", record.workflow)
        assert entity is not None
        plan = make_plan(compiler_pb2.CompiledWorkflowClosure.FromString(entity.closure))
        events = await store.log.read(record.id)
        assert fold(plan, decode_log(events, len(events))).phase is record.phase

    logs, info = (LogLink("driver", "https://logs/1"),), AttemptInfo({"a": [1]})
    usage = Usage(cpu_us=Figure(7, "rusage"))
    attempt = AttemptRecord("n0", 0, AttemptPhase.SUCCEEDED, 1, executor="remote", logs=logs, info=info, usage=usage)
    item = ItemRecord("n1", 0, 0, AttemptPhase.SUCCEEDED, 1, logs=logs, info=info, usage=usage)
    changes = Changes(attempts=[attempt], items=[item])
    assert await store.log.commit([Commit(good.id, len(await store.log.read(good.id)), [], changes)]) == [True]
    (first,) = await store.attempts.page(good.id, "n0", query())
    assert (first.executor, first.logs, first.info, first.usage) == ("remote", logs, info, usage)
    items = await store.items.page(good.id, "n1", query(sort_by="index", descending=False))
    told = [(item.logs, item.info, item.usage) for item in items]
    assert told == [(logs, info, usage), (None, None, None), (None, None, None)]
    await store.stop()


@pytest.mark.parametrize("database_url", DATABASES, indirect=True)
async def test_the_cache_entries_of_an_older_program_have_datasets(older: Callable[[str], str]) -> None:
    store = SqlStore(older("0005"))
    await store.start()
    entries = await store.catalog.page(query())
    oldest: dict[DatasetId, int] = {}
    for entry in sorted(entries, key=lambda entry: -entry.created_at):
        oldest[DatasetId(entry.key.project, entry.key.domain, *TaskDataset.of(entry.key))] = entry.created_at
    assert (len(entries), len(oldest)) == (4, 2)
    found = await store.datasets.page(query())
    assert {dataset.id: dataset.created_at for dataset in found} == oldest
    assert {(dataset.uuid, dataset.partition_keys, *dataset.metadata) for dataset in found} == {("", ())}
    execution = sorted(await store.executions.page(query()), key=lambda each: each.phase)[0].id
    again = Commit(execution, len(await store.log.read(execution)), [], Changes(published=entries))
    assert await store.log.commit([again]) == [True]
    assert await store.datasets.page(query()) == found
    await store.stop()


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize("database_url", DATABASES, indirect=True)
async def test_the_schema_of_an_older_program_becomes_that_of_this_one(
    older: Callable[[str], str], revision: str
) -> None:
    url = older(revision)
    store = SqlStore(url)
    await store.start()
    await store.stop()
    engine = create_engine(normalised(url))
    with engine.begin() as connection:
        assert stored_revision(connection) == HEAD
        migrated = schema_of(connection)
        metadata.drop_all(connection)
        metadata.create_all(connection)
        assert schema_of(connection) == migrated
    engine.dispose()
