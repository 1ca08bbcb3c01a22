"""A store behind a pooler, which gives each transaction another connection of the server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
import pytest
from sqlalchemy import Connection, text
from tests.contract.store.records import audit, commit, execution, execution_id
from tests.pooler import CONNECTIONS

from alula.core.ids import ExecutionId
from alula.server.store.news import News
from alula.server.stores.sql.adapter import SqlStore

pytestmark = pytest.mark.anyio
ID = execution_id("a1")
TIMEOUT = "idle_in_transaction_session_timeout"
PATIENCE_S = 20


@asynccontextmanager
async def opened(url: str, direct_url: str = "") -> AsyncIterator[SqlStore]:
    store = SqlStore(url, pooled=True, direct_url=direct_url)
    await store.start()
    try:
        yield store
    finally:
        await store.stop()


def listeners(url: str) -> int:
    with psycopg.connect(url) as connection:
        statement = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'alula-wake-up'"
        found = connection.execute(statement).fetchone()
    assert found is not None
    return found[0]


@pytest.mark.parametrize("is_direct", [False, True])
async def test_processes_hear_of_each_other_with_and_without_a_way_around_it(
    pooled_url: str, postgres_url: str, is_direct: bool
) -> None:
    direct_url = postgres_url if is_direct else ""
    woken: asyncio.Queue[ExecutionId] = asyncio.Queue()
    told = asyncio.Event()
    async with opened(pooled_url, direct_url) as here, opened(pooled_url, direct_url) as there:
        assert listeners(postgres_url) == (2 if is_direct else 0)
        there.on_wake_up(woken.put_nowait)

        def heard(_: News) -> None:
            told.set()

        there.on_news(heard, told.set)
        await here.executions.create(execution("a1"), b"created", audit())
        async with asyncio.timeout(PATIENCE_S):
            while await woken.get() != ID:
                pass
        told.clear()
        await here.log.commit([commit(ID, 1, b"a")])
        async with asyncio.timeout(PATIENCE_S):
            await told.wait()


async def test_nothing_stays_on_a_connection_that_others_have_next(pooled_url: str) -> None:
    async with opened(pooled_url) as store:
        assert await store._database.write(_timeout) == "5s"
        afterwards = set[str]()
        for _ in range(CONNECTIONS * 3):
            with psycopg.connect(pooled_url, prepare_threshold=None) as connection:
                found = connection.execute(f"SHOW {TIMEOUT}").fetchone()
                assert found is not None
                afterwards.add(found[0])
        assert afterwards == {"0"}


def _timeout(connection: Connection) -> str:
    return connection.scalar(text(f"SHOW {TIMEOUT}")) or ""
