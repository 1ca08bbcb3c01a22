"""A platform that is killed goes on where it was: at any moment, with nothing done twice and nothing left over."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from flyteidl.admin import execution_pb2
from flyteidl.core import execution_pb2 as core_execution_pb2
from flyteidl.core import identifier_pb2, literals_pb2
from tests import flyte_specs as specs
from tests.integration.api.clients import Client
from tests.integration.platform import Platforms, RunningPlatform, alula, strange_files
from tests.integration.processes import MARK, Found, children, marked

from alula.core.engine.records import AttemptPhase
from alula.server.executors.process.ending import recorded_end

FLOWS = Path(__file__).with_name("flows")
SUCCEEDED = core_execution_pb2.WorkflowExecution.SUCCEEDED
ENDS = (SUCCEEDED, core_execution_pb2.WorkflowExecution.FAILED, core_execution_pb2.WorkflowExecution.ABORTED)
NODES = {
    "n0": "export",
    "n1": "fetch_excluded",
    "n2": "clean",
    "n3": "make_grid",
    "n4": "evaluate",
    "n5": "choose",
    "n6": "report",
}
RESULTS = ("outputs.pb", "error.pb")
MAPPED = "n4"
ITEMS = 6
ONCE = [("export", "-"), ("clean", "-"), ("make_grid", "-"), ("choose", "-"), ("report", "-")]
ATTEMPTS = {
    *((task, index, 0) for task, index in ONCE),
    *(("evaluate", str(index), 0) for index in range(ITEMS)),
    ("fetch_excluded", "-", 0),
    ("fetch_excluded", "-", 1),
}
"""Every attempt that the pipeline has, by task, item and number: a crash must not add one."""


class Line(NamedTuple):
    what: str
    task: str
    index: str
    attempt: int
    pid: int
    at: int

    @property
    def of(self) -> tuple[str, str, int]:
        return self.task, self.index, self.attempt


@dataclass
class Run:
    """One execution of the pipeline and what its attempts wrote down."""

    data: Path
    ledger: Path
    number: int
    id: identifier_pb2.WorkflowExecutionIdentifier = field(default_factory=identifier_pb2.WorkflowExecutionIdentifier)

    def lines(self) -> list[Line]:
        text = self.ledger.read_text() if self.ledger.exists() else ""
        return [Line(a, b, c, int(d), int(e), int(f)) for a, b, c, d, e, f in map(str.split, text.splitlines())]

    def events(self) -> int:
        """How many events the log of this execution has."""
        with closing(sqlite3.connect(f"file:{self.data}/alula.sqlite?mode=ro", uri=True)) as database:
            row = database.execute("SELECT count(*) FROM events WHERE execution = ?", (self.id.name,)).fetchone()
        return int(row[0])

    def has_results(self) -> set[tuple[str, str, int]]:
        """The attempts that have ended: those with results beside their inputs, and those that succeeded as rows say,
        whose results are not kept."""
        domain = self.data / "objects/metadata" / specs.PROJECT / specs.DOMAIN
        results = [path for name in RESULTS for path in domain.glob(f"{self.id.name}.*/**/{name}")]
        # A record is written in place: a fork server that is killed while it writes leaves a part of it, which tells
        # nothing.
        records = [path for path in domain.glob(f"{self.id.name}.*/**/exit.json") if recorded_end(str(path.parent))]
        folders = [path.parent.relative_to(domain) for path in (*results, *records)]
        return self._succeeded() | {_attempt_of(folder.parts[1:]) for folder in folders}

    def _succeeded(self) -> set[tuple[str, str, int]]:
        single = "SELECT node_id, -1, attempt, phase FROM task_executions WHERE execution = ?"
        items = "SELECT node_id, item_index, attempt, phase FROM items WHERE execution = ?"
        with closing(sqlite3.connect(f"file:{self.data}/alula.sqlite?mode=ro", uri=True)) as database:
            rows = [*database.execute(single, (self.id.name,)), *database.execute(items, (self.id.name,))]
        return {
            (NODES[node], str(index) if index >= 0 else "-", attempt)
            for node, index, attempt, phase in rows
            if AttemptPhase(phase) is AttemptPhase.SUCCEEDED and (node, index) != (MAPPED, -1)
        }


def _attempt_of(parts: tuple[str, ...]) -> tuple[str, str, int]:
    node, _data, *item, attempt = parts
    return NODES[node], item[-1].removeprefix("n") if item else "-", int(attempt)


@dataclass
class Scene:
    """A platform that a test kills and starts again on the same data folder."""

    platforms: Platforms
    platform: RunningPlatform
    mark: str
    number: int = 0

    def launch(self) -> Run:
        self.number += 1
        run = Run(self.platform.data, self.platforms.folder / f"ledger-{self.number}", self.number)
        plan = specs.identifier(identifier_pb2.LAUNCH_PLAN, "pipeline.pipeline")
        inputs = specs.literal_map(ledger=specs.text(str(run.ledger)), number=specs.integer(run.number))
        with Client(self.platform.grpc) as client:
            run.id = client.CreateExecution(specs.execution("", plan, inputs)).id
        return run

    def start_again(self, before: set[Found]) -> None:
        self.platform = self.platforms.start(data=self.platform.data)
        left = before & marked(self.mark)
        assert not left, f"processes of the killed platform are left: {left}"

    def finish(self, run: Run, attempts: set[tuple[str, str, int]] | None = ATTEMPTS) -> None:
        """Wait for the end of a run, which must be right, and have had these attempts."""
        with Client(self.platform.grpc) as client:
            execution = _wait(client, run)
            assert execution.closure.phase == SUCCEEDED, execution.closure.error
            data = client.GetExecutionData(execution_pb2.WorkflowExecutionGetDataRequest(id=run.id))
        _check_outputs(run, data.full_outputs)
        assert attempts is None or {line.of for line in run.lines()} == attempts, self.platform.log()
        _check_folders(run.data)

    def stop(self) -> None:
        assert self.platform.stop() == 0
        assert not marked(self.mark)
        assert list((self.platform.data / "work/attempts").iterdir()) == []


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """One platform and data folder for all tests here, so that each also runs on what crashes before it left."""
    folder = tmp_path_factory.mktemp("recovery")
    platforms = Platforms(folder, {MARK: str(folder)})
    try:
        scene = Scene(platforms, platforms.start(), str(folder))
        registered = alula("register", str(FLOWS / "pipeline.py"), "--version", "v1", "--data", str(folder / "data"))
        assert registered.returncode == 0, registered.stderr
        yield scene
        scene.stop()
    finally:
        platforms.close()


MOMENTS = [
    *(("events", count) for count in (1, 2, 4, 8, 13, 19, 27)),
    *(("lines", count) for count in range(1, 26, 2)),
]
"""After so many events in the log of the run, or lines in its ledger (which has 26)."""


@pytest.mark.parametrize(("seen", "count"), MOMENTS, ids=[f"{count}-{seen}" for seen, count in MOMENTS])
def test_killed_at_any_moment_it_goes_on_where_it_was(scene: Scene, seen: str, count: int) -> None:
    run = scene.launch()
    _until(lambda: (run.events() if seen == "events" else len(run.lines())) >= count)
    before = marked(scene.mark)
    scene.platform.kill()
    finished, lines = run.has_results(), len(run.lines())
    scene.start_again(before)
    scene.finish(run)
    assert finished or lines < 8
    _check_attempts(run, finished, restarts=1)


@pytest.mark.parametrize("count", [3, 12, 20])
def test_when_all_its_processes_are_killed_one_by_one_it_goes_on_too(scene: Scene, count: int) -> None:
    run = scene.launch()
    _until(lambda: len(run.lines()) >= count)
    before = marked(scene.mark)
    for process in before:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
    scene.platform.process.wait(timeout=20)
    finished = run.has_results()
    scene.start_again(before)
    scene.finish(run, attempts=None)
    # An attempt whose death was noticed before the rest died is followed by another, on the platform's budget.
    _check_attempts(run, finished, restarts=1)


def test_killed_again_whenever_it_has_just_taken_the_run_over(scene: Scene) -> None:
    run = scene.launch()
    _until(lambda: len(run.lines()) >= 5)
    kills = 4
    finished = set[tuple[str, str, int]]()
    before = marked(scene.mark)
    for _ in range(kills):
        scene.platform.kill()
        finished |= run.has_results()
        events = run.events()
        scene.platform = scene.platforms.start(data=run.data, ready=False)
        _until(lambda: run.events() > events)  # noqa: B023  (called at once)
        before |= marked(scene.mark)
    scene.platform.kill()
    finished |= run.has_results()
    scene.start_again(before)
    scene.finish(run)
    _check_attempts(run, finished, restarts=kills + 1)


def test_stopped_in_the_middle_it_leaves_nothing_running_and_goes_on_later(scene: Scene) -> None:
    run = scene.launch()
    _until(lambda: len(run.lines()) >= 13)
    scene.stop()
    assert not (run.data / "server.json").exists()
    finished = run.has_results()
    scene.start_again(set())
    scene.finish(run)
    _check_attempts(run, finished, restarts=1)


def test_a_killed_fork_server_costs_a_system_retry_and_nothing_else(scene: Scene) -> None:
    run = scene.launch()
    _until(lambda: len(run.lines()) >= 13)
    (server,) = [child for child in children(scene.platform.process.pid) if "forkserver" in child.command]
    os.kill(server.pid, signal.SIGKILL)
    _until(lambda: server.pid not in {process.pid for process in marked(scene.mark)})
    finished = run.has_results()
    scene.finish(run, attempts=None)
    begun = Counter(line.of for line in run.lines() if line.what == "began")
    assert {attempt: begun[attempt] for attempt in finished} == dict.fromkeys(finished, 1)
    assert max(begun.values()) == 1, "an attempt that was lost is followed by another, not repeated"
    assert {(task, index) for task, index, _ in begun} == {(task, index) for task, index, _ in ATTEMPTS}
    described = alula("describe", "execution", run.id.name, "--data", str(run.data))
    assert "ForkServerLost" in described.stdout


def _check_attempts(run: Run, finished: set[tuple[str, str, int]], *, restarts: int) -> None:
    """What had ended when the platform was killed did not begin again; anything else once for each restart at most.

    An attempt may have ended before it could say that it had begun: where its process was killed, and its end noticed.
    """
    begun = Counter(line.of for line in run.lines() if line.what == "began")
    assert max((begun[attempt] for attempt in finished), default=0) <= 1
    assert max(begun.values()) <= 1 + restarts


def _check_outputs(run: Run, outputs: literals_pb2.LiteralMap) -> None:
    rows = range(run.number + 2, run.number + 12)
    best = msgspec.msgpack.decode(outputs.literals["best"].scalar.binary.value)
    assert best["value"] == sum(rows) * 3 + 40
    assert (best["settings"]["depth"], best["settings"]["trees"]) == (3, 40)
    report = Path(outputs.literals["report"].scalar.blob.uri).read_text()
    assert report == f"best of {ITEMS}: {sum(rows) * 3 + 40}\n"


def _check_folders(data: Path) -> None:
    """Working folders that wait for the next attempt hold the code and nothing that an attempt wrote."""
    assert strange_files(data) == []


def _wait(client: Client, run: Run) -> execution_pb2.Execution:
    request = execution_pb2.WorkflowExecutionGetRequest(id=run.id)
    _until(lambda: client.GetExecution(request).closure.phase in ENDS)
    return client.GetExecution(request)


def _until(condition: Callable[[], bool], timeout_s: float = 30) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.001)
