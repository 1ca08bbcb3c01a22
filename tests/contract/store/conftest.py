"""One store of each kind, started, for every test of the suite; and a way to open it again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from alula.server.store import Store
from alula.server.stores.memory.adapter import MemoryStore
from alula.server.stores.sql.adapter import SqlStore

DATABASES = ["sqlite", "postgresql"]


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A fresh database: of the kind in the test's parameters, else SQLite."""
    kind = getattr(request, "param", "sqlite")
    return request.getfixturevalue("postgres_url") if kind == "postgresql" else f"sqlite:///{tmp_path / 'a.sqlite'}"


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'a.sqlite'}"


@pytest.fixture(params=["memory", *DATABASES, "pooler"])
def make_store(request: pytest.FixtureRequest, sqlite_url: str) -> Callable[[], Store]:
    """Each call gives one more store object on the same database; of the memory store there is only one."""
    if request.param == "memory":
        store = MemoryStore()
        return lambda: store
    if request.param == "pooler":
        pooled_url = request.getfixturevalue("pooled_url")
        return lambda: SqlStore(pooled_url, pooled=True)
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else sqlite_url
    return lambda: SqlStore(url)


@pytest.fixture
async def store(make_store: Callable[[], Store], anyio_backend: str) -> AsyncIterator[Store]:
    store = make_store()
    await store.start()
    yield store
    await store.stop()
