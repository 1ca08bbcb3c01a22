"""What one of two platforms on one PostgreSQL does for both, and the other when that one was killed."""

from __future__ import annotations

import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flyteidl.core import identifier_pb2
from sqlalchemy import Engine, create_engine, text
from tests import flyte_specs as specs
from tests.integration.api.clients import Client
from tests.integration.platform import Platforms, RunningPlatform, alula

from alula.core.engine.records import ExecutionPhase, NodePhase
from alula.server.stores.sql.connections import normalised

FLOWS = Path(__file__).with_name("flows")
PROGRAM = Path(__file__).with_name("sharing_program.py")


@pytest.fixture
def sharing(platforms: Platforms, postgres_url: str) -> Platforms:
    """Starts platforms that share database and objects."""
    platforms.environment = {"ALULA_DATABASE_URL": postgres_url}
    platforms.command = [sys.executable, str(PROGRAM), str(platforms.folder / "objects")]
    return platforms


@pytest.fixture
def database(postgres_url: str) -> Iterator[Engine]:
    engine = create_engine(normalised(postgres_url), isolation_level="AUTOCOMMIT")
    yield engine
    engine.dispose()


def test_one_of_two_does_it_and_the_other_when_that_one_was_killed(sharing: Platforms, database: Engine) -> None:
    first = sharing.start(data=sharing.folder / "first")
    _until(lambda: _leads(first))
    second = sharing.start(data=sharing.folder / "second")
    term = _term(database)
    _let_something_expire(database)
    assert _leads(first) and not _leads(second) and _holds(database) == 1
    first.kill()
    _until(lambda: _leads(second))
    _until(lambda: _holds(database) == 0)
    assert _term(database) == term + 1 and _figure(second, 'alula_rows_removed_total{kind="holds"}') == 1
    again = sharing.start(data=sharing.folder / "first")
    assert _leads(second) and not _leads(again)
    assert second.stop() == 0
    _until(lambda: _leads(again))


def test_one_that_was_killed_and_comes_back_does_not_wait_for_its_own_lease(platforms: Platforms) -> None:
    platform = platforms.start()
    _until(lambda: _leads(platform))
    platform.kill()
    again = platforms.start()
    _until(lambda: _leads(again), patience_s=20)


def test_what_a_killed_platform_had_not_delivered_another_delivers(sharing: Platforms, database: Engine) -> None:
    (sharing.folder / "away").touch()
    first = sharing.start(data=sharing.folder / "first")
    registered = alula("register", str(FLOWS / "pipeline.py"), "--version", "v1", "--endpoint", first.grpc)
    assert registered.returncode == 0, registered.stderr
    ledger = specs.text(str(sharing.folder / "ledger"))
    with Client(first.grpc) as client:
        plan = specs.identifier(identifier_pb2.LAUNCH_PLAN, "pipeline.pipeline")
        client.CreateExecution(specs.execution("a1", plan, specs.literal_map(ledger=ledger, number=specs.integer(0))))
    _until(lambda: ExecutionPhase(_phase(database)).is_terminal)
    first.kill()
    told = sharing.folder / "told"
    assert not told.exists()
    (sharing.folder / "away").unlink()
    sharing.start(data=sharing.folder / "second")
    _until(lambda: _waiting(database) == 0)
    lines = [line.split(" ") for line in told.read_text().splitlines()]
    of_run = [ExecutionPhase(int(phase)) for _, phase, node in lines if not node]
    assert (of_run[0], of_run[-1]) == (ExecutionPhase.QUEUED, ExecutionPhase.SUCCEEDED)
    assert [int(number) for number, *_ in lines] == sorted({int(number) for number, *_ in lines})
    ends = {node: NodePhase(int(phase)) for _, phase, node in lines if node}
    assert ends and all(phase is NodePhase.SUCCEEDED for phase in ends.values())


def _phase(database: Engine) -> int:
    with database.connect() as connection:
        return connection.execute(text("SELECT phase FROM executions WHERE name = 'a1'")).scalar_one()


def _waiting(database: Engine) -> int:
    with database.connect() as connection:
        return connection.execute(text("SELECT count(*) FROM outbox")).scalar_one()


def _let_something_expire(database: Engine) -> None:
    with database.connect() as connection:
        connection.execute(text("INSERT INTO holds (name, owner, heartbeat_us, expires_at) VALUES ('h', 'o', 1, 1)"))


def _holds(database: Engine) -> int:
    with database.connect() as connection:
        return connection.execute(text("SELECT count(*) FROM holds")).scalar_one()


def _term(database: Engine) -> int:
    with database.connect() as connection:
        return connection.execute(text("SELECT term FROM leases WHERE name = 'maintenance'")).scalar_one()


def _leads(platform: RunningPlatform) -> bool:
    return _figure(platform, 'alula_leads{duty="maintenance"}') == 1


def _figure(platform: RunningPlatform, name: str) -> float:
    with urllib.request.urlopen(f"{platform.http}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return next((float(line.rpartition(" ")[2]) for line in lines if line.startswith(name)), 0)


def _until(condition: Callable[[], bool], *, patience_s: float = 60) -> None:
    deadline = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.02)
