"""Platforms on one PostgreSQL: it belongs to the objects of the first, and what a dead one claimed is not lost."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from flyteidl.admin import execution_pb2
from flyteidl.core import execution_pb2 as core_execution_pb2
from flyteidl.core import identifier_pb2
from tests import flyte_specs as specs
from tests.integration.api.clients import Client
from tests.integration.platform import Platforms, alula
from tests.postgres import Postgres

from alula.server.runner.lease import LEASE_US

BAD_INPUT = 2
FLOWS = Path(__file__).with_name("flows")
Phase = core_execution_pb2.WorkflowExecution
Id = identifier_pb2.WorkflowExecutionIdentifier


@pytest.fixture
def shared(platforms: Platforms, postgres_url: str) -> Platforms:
    """Starts platforms on one database."""
    platforms.environment = {"ALULA_DATABASE_URL": postgres_url}
    return platforms


def test_a_platform_with_other_objects_is_refused_and_touches_no_run(shared: Platforms) -> None:
    first = shared.start(data=shared.folder / "first")
    _register(first.grpc)
    ledger = shared.folder / "ledger"
    with Client(first.grpc) as client:
        id = _launch(client, ledger, 0)
        first.kill()
        second = shared.start(data=shared.folder / "second", ready=False)
        assert second.process.wait(timeout=60) == BAD_INPUT
        assert f"whose objects are in {first.data / 'objects'}" in second.log() and "Traceback" not in second.log()
    first = shared.start(data=first.data)
    with Client(first.grpc) as client:
        assert _wait(client, id).closure.phase == Phase.SUCCEEDED


def test_one_that_was_killed_and_comes_back_does_not_wait_for_its_own_lease(shared: Platforms) -> None:
    platform = shared.start()
    _register(platform.grpc)
    ledger = shared.folder / "ledger"
    with Client(platform.grpc) as client:
        id = _launch(client, ledger, 0)
    _until_under_way(ledger)
    killed_at = time.monotonic()
    platform.kill()
    again = shared.start()
    with Client(again.grpc) as client:
        assert _wait(client, id).closure.phase == Phase.SUCCEEDED
    assert time.monotonic() - killed_at < LEASE_US / 1e6


def test_a_database_that_is_restarted_costs_time_alone(shared: Platforms, postgres: Postgres) -> None:
    platform = shared.start()
    _register(platform.grpc)
    ledger = shared.folder / "ledger"
    with Client(platform.grpc) as client:
        id = _launch(client, ledger, 0)
        _until_under_way(ledger)
        postgres.stop()
        try:
            _until(lambda: "the store can't be used, trying again" in platform.log())
        finally:
            postgres.start()
        assert _wait(client, id).closure.phase == Phase.SUCCEEDED
    begun = Counter(line.partition(" ")[2] for line in ledger.read_text().splitlines() if line.startswith("began"))
    assert set(begun.values()) == {1}, "no attempt was started anew"


def test_a_run_goes_on_over_the_death_of_the_process_that_runs_it_while_another_answers(shared: Platforms) -> None:
    api = shared.start("--role", "api")
    runner = shared.start_runner(data=api.data)
    _register(api.grpc)
    ledger = shared.folder / "ledger"
    with Client(api.grpc) as client:
        id = _launch(client, ledger, 0)
        _until_under_way(ledger)
        runner.kill()
        waiting = _launch(client, shared.folder / "other", 1)
        request = execution_pb2.WorkflowExecutionGetRequest(id=waiting)
        assert client.GetExecution(request).closure.phase == Phase.QUEUED
        second = shared.start("--role", "runner,scheduler", data=api.data, ready=False)
        for each in (id, waiting):
            assert _wait(client, each).closure.phase == Phase.SUCCEEDED
        third = shared.start("--role", "runner", data=api.data, ready=False)
        assert third.process.wait(timeout=60) == BAD_INPUT
        assert "DataFolderInUse" in third.log()
        stopped = alula("down", "--data", str(api.data))
        assert stopped.returncode == 0, stopped.stderr
        assert (second.process.wait(timeout=20), api.process.wait(timeout=20)) == (0, 0)


def _register(address: str) -> None:
    registered = alula("register", str(FLOWS / "pipeline.py"), "--version", "v1", "--endpoint", address)
    assert registered.returncode == 0, registered.stderr


def _until_under_way(ledger: Path) -> None:
    """Wait until eight attempts of a run have begun."""
    _until(lambda: ledger.exists() and len(ledger.read_text().splitlines()) >= 8)


def _launch(client: Client, ledger: Path, number: int) -> Id:
    plan = specs.identifier(identifier_pb2.LAUNCH_PLAN, "pipeline.pipeline")
    inputs = specs.literal_map(ledger=specs.text(str(ledger)), number=specs.integer(number))
    return client.CreateExecution(specs.execution("", plan, inputs)).id


def _wait(client: Client, id: Id) -> execution_pb2.Execution:
    request = execution_pb2.WorkflowExecutionGetRequest(id=id)
    ends = (Phase.SUCCEEDED, Phase.FAILED, Phase.ABORTED)
    _until(lambda: client.GetExecution(request).closure.phase in ends)
    return client.GetExecution(request)


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.01)
