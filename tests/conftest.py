"""What several suites need: a real PostgreSQL, with a fresh database for each test, servers of object stores, and
flytekit."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import settings
from tests import flytekit_environment
from tests.objects.servers import SERVERS
from tests.pooler import pooled
from tests.postgres import Postgres, running

from alula.server.blobs.options import ObjectOptions

# What is slow on a busy machine is no failure. The examples of properties are the same each time, so that a commit is
# not refused for what others have done; `make properties` tries others.
settings.register_profile("alula", deadline=None, derandomize=True)
if examples := os.environ.get("ALULA_EXAMPLES"):
    settings.register_profile("others", deadline=None, max_examples=int(examples))
settings.load_profile("others" if examples else "alula")

STEADY = {"unit", "property", "replay", "transitions"}
"""The folders whose tests have no process, no clock and no server beside them, so that nothing happens by chance."""

# A shell's background job ignores it, and so would every process that tests start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let what needs real processes have a second try: among so many one is always unlucky on a busy machine."""
    root = Path(__file__).parent
    for item in items:
        if item.path.relative_to(root).parts[0] not in STEADY:
            item.add_marker(pytest.mark.flaky(reruns=1))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell why a test needed its second try: that is a bug, of the test or of what it tests."""
    failed = {report.nodeid for report in terminalreporter.getreports("failed")}
    for report in terminalreporter.getreports("rerun"):
        if report.nodeid not in failed:
            terminalreporter.write_sep("_", f"first try of {report.nodeid}")
            terminalreporter.write_line(report.longreprtext)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A server that lives as long as the session."""
    with running() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_server(postgres: Postgres) -> str:
    """The URL of the server, without the name of a database."""
    return postgres.url


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """The URL of an empty database of its own."""
    with postgres.database() as url:
        yield url


@pytest.fixture
def pooled_url(postgres_url: str) -> Iterator[str]:
    """The URL of the same database by way of a pooler."""
    with pooled(postgres_url) as url:
        yield url


@pytest.fixture(scope="session")
def flytekit_bin() -> Path:
    """The `bin` of an environment with flytekit."""
    return flytekit_environment.made()


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], ObjectOptions]]:
    """The servers of object stores that tests have asked for, each started once."""
    with ExitStack() as stack:
        started: dict[str, ObjectOptions] = {}

        def server(kind: str) -> ObjectOptions:
            if kind not in started:
                started[kind] = stack.enter_context(SERVERS[kind](tmp_path_factory.mktemp(kind)))
            return started[kind]

        yield server
