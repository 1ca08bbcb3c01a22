"""Tasks that end badly: each in its own typed error, which `alula describe` tells, and with nothing left behind."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flyteidl.admin import execution_pb2
from flyteidl.core import execution_pb2 as core_execution_pb2
from flyteidl.core import identifier_pb2
from tests import flyte_specs as specs
from tests.integration.api.clients import Client
from tests.integration.platform import Platforms, RunningPlatform, alula, strange_files
from tests.integration.processes import MARK, Found, marked

FLOWS = Path(__file__).with_name("flows")
Phase = core_execution_pb2.WorkflowExecution
ENDS = (Phase.SUCCEEDED, Phase.FAILED, Phase.ABORTED)
MIB = 1024 * 1024
SETTINGS = """
[executors.process]
kill_grace_s = 0.3
leftover_grace_s = 0.2
"""


@dataclass
class Scene:
    """A platform that has the failing tasks."""

    platform: RunningPlatform
    client: Client
    mark: str

    def launch(self, name: str, kind: identifier_pb2.ResourceType = identifier_pb2.TASK) -> Any:
        return self.client.CreateExecution(specs.execution("", specs.identifier(kind, name))).id

    def wait(self, id: Any) -> execution_pb2.Execution:
        request = execution_pb2.WorkflowExecutionGetRequest(id=id)
        deadline = time.monotonic() + 30
        while (execution := self.client.GetExecution(request)).closure.phase not in ENDS:
            assert time.monotonic() < deadline, execution
            time.sleep(0.01)
        return execution

    def describe(self, id: Any) -> tuple[str, dict[str, Any]]:
        """What `alula describe execution` says, as text and as JSON."""
        words = ("describe", "execution", id.name, "--data", str(self.platform.data))
        text, document = alula(*words), alula(*words, "-o", "json")
        assert (text.returncode, document.returncode) == (0, 0), text.stderr + document.stderr
        return text.stdout, json.loads(document.stdout)

    def attempts(self) -> list[Found]:
        """Processes that are neither the platform nor its fork servers."""
        return [each for each in marked(self.mark) if each.is_attempt_of(self.platform.process.pid)]

    def check_nothing_is_left(self) -> None:
        deadline = time.monotonic() + 5  # a fork that stands by takes a moment to say that it does
        while self.attempts():
            assert time.monotonic() < deadline, self.attempts()
            time.sleep(0.01)
        assert strange_files(self.platform.data) == []


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("failures")
    data, library = folder / "data", folder / "library"
    data.mkdir()
    (data / "settings.toml").write_text(SETTINGS)
    library.mkdir()
    (library / "only_at_the_clients.py").write_text("value = 1\n")
    platforms = Platforms(folder, {MARK: str(folder)})
    try:
        platform = platforms.start(data=data)
        registered = alula(
            "register", str(FLOWS), "--version", "v1", "--data", str(data), environment={"PYTHONPATH": str(library)}
        )
        assert registered.returncode == 0, registered.stderr
        with Client(platform.grpc) as client:
            yield Scene(platform, client, str(folder))
    finally:
        platforms.close()


FAILURES = {
    "takes_too_much_memory": ("OOMKilled", "MiB of memory, and their limit is 160 MiB; ask for more memory"),
    "takes_too_long": ("TimeoutExpired", "ran longer than its timeout of 1 s"),
    "exits_without_a_result": ("ExitCode", "ended with status 3; it said last: giving up"),
    "prints_100_mb": ("LogLimitExceeded", "wrote more than 64 MiB to its output"),
    "returns_a_wrong_type": ("USER:TypeError", "expected int, got str 'seven'"),
    "leaves_children": ("ProcessesLeftBehind", "left 2 processes running, which were killed: "),
    "raises": ("USER:KeyError", "KeyError: 'first'"),
    "segfaults": ("Killed", "ended by SIGSEGV"),
    "aborts": ("Killed", "ended by SIGABRT"),
    "prints_after_closing": ("USER:ValueError", "I/O operation on closed file"),
    "raises_after_closing": ("USER:ValueError", "nobody hears this"),
    "exits_by_itself": ("USER:SystemExit", "SystemExit: no data today"),
    "recurses": ("USER:RecursionError", "maximum recursion depth exceeded"),
    "needs_a_library": ("USER:UnloadableCode", "No module named 'only_at_the_clients'"),
}


@pytest.mark.parametrize("task", FAILURES)
def test_each_way_to_fail_is_an_error_of_its_own(scene: Scene, task: str) -> None:
    code, said = FAILURES[task]
    module = "elsewhere" if task == "needs_a_library" else "failing"
    id = scene.launch(f"{module}.{task}")
    execution = scene.wait(id)
    assert execution.closure.phase == Phase.FAILED
    assert execution.closure.error.code == code
    assert said in execution.closure.error.message
    _wait_until_gone(scene, within_s=30 if task == "takes_too_long" else 0)
    scene.check_nothing_is_left()
    text, document = scene.describe(id)
    assert f"error[{code}] (user)" in text
    assert said in text
    (node,), (attempt,) = document["node_executions"], document["task_executions"]
    for closure in (document["closure"], node["closure"], attempt["closure"]):
        assert (closure["phase"], closure["error"]["code"]) == ("FAILED", code)
        assert said in closure["error"]["message"]
    for line in execution.closure.error.message.splitlines():
        assert "alula/sdk" not in line, "the user's traceback has no frames of ours"


def test_an_attempt_after_one_that_ran_out_of_memory_has_more_where_the_task_says_so(scene: Scene) -> None:
    id = scene.launch("failing.takes_more_than_it_says")
    execution = scene.wait(id)
    assert execution.closure.phase == Phase.SUCCEEDED, execution.closure.error
    text, _ = scene.describe(id)
    assert "their limit is 80 MiB" in text
    assert "Tries again after OOMKilled: user retry 1 of 2. With up to 4 times the memory." in text


def test_a_log_is_cut_at_its_limit_and_says_so(scene: Scene) -> None:
    id = scene.launch("failing.prints_100_mb")
    scene.wait(id)
    (log,) = (scene.platform.data / "objects").rglob(f"{id.name}.*/**/log.txt")
    assert 64 * MIB <= log.stat().st_size <= 64 * MIB + 100
    assert log.read_bytes().endswith(b"\n[alula] cut here: the limit is 64 MiB\n")


@pytest.mark.parametrize("task", ["deletes_its_folder", "closes_its_output"])
def test_what_harms_nobody_is_no_failure(scene: Scene, task: str) -> None:
    for _ in range(2):  # the second one where the first one was
        id = scene.launch(f"failing.{task}")
        execution = scene.wait(id)
        assert execution.closure.phase == Phase.SUCCEEDED, execution.closure.error
        scene.check_nothing_is_left()


def test_a_task_that_ignores_the_request_to_end_is_killed_when_it_is_aborted(scene: Scene) -> None:
    id = scene.launch("failing.ignores_the_request_to_end")
    deadline = time.monotonic() + 15
    while not any("trap" in each.command for each in scene.attempts()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    scene.client.TerminateExecution(execution_pb2.ExecutionTerminateRequest(id=id, cause="not needed"))
    assert scene.wait(id).closure.phase == Phase.ABORTED
    _wait_until_gone(scene, within_s=30)
    scene.check_nothing_is_left()
    text, document = scene.describe(id)
    assert "not needed" in text
    assert document["closure"]["abort_metadata"]["cause"] == "not needed"
    assert [attempt["closure"]["phase"] for attempt in document["task_executions"]] == ["ABORTED"]


def test_an_item_of_a_map_fails_the_run_by_name_and_the_others_are_stopped(scene: Scene) -> None:
    id = scene.launch("failing.fails_in_a_map", identifier_pb2.LAUNCH_PLAN)
    execution = scene.wait(id)
    assert execution.closure.error.code == "USER:ValueError"
    assert execution.closure.error.message.startswith("item 2: ValueError: 3 is a multiple of 3")
    _wait_until_gone(scene, within_s=30)
    scene.check_nothing_is_left()
    text, _ = scene.describe(id)
    assert "[2] attempt 0: FAILED" in text


COMMANDS = {
    "exit": (("sh", "-c", "echo no luck >&2; exit 4"), "ExitCode", "status 4; it said last: no luck"),
    "crash": (("sh", "-c", "kill -SEGV $$"), "Killed", "SIGSEGV"),
    "missing": (("no-such-program", "--x"), "CommandNotFound", "no program `no-such-program`"),
    "silent": (("true",), "OutputsNotFound", "wrote no outputs.pb"),
    "garbage": (("sh", "-c", "echo hello > {{.outputPrefix}}/outputs.pb"), "OutputsNotReadable", "can't be read"),
    "empty": (("sh", "-c", ": > {{.outputPrefix}}/outputs.pb"), "OutputsNotFound", "outputs.pb"),
    "leaves": (("sh", "-c", "setsid sleep 600 & exit 0"), "ProcessesLeftBehind", "sleep 600"),
    "prints": (("sh", "-c", "head -c 100000000 /dev/zero"), "LogLimitExceeded", "more than 64 MiB"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_plain_commands_fail_as_clearly(scene: Scene, name: str) -> None:
    command, code, said = COMMANDS[name]
    scene.client.CreateTask(specs.task(f"command.{name}", command=command))
    task = specs.identifier(identifier_pb2.TASK, f"command.{name}")
    id = scene.client.CreateExecution(specs.execution("", task, specs.literal_map(x=specs.integer(1)))).id
    execution = scene.wait(id)
    assert (execution.closure.error.code, execution.closure.phase) == (code, Phase.FAILED)
    assert said in execution.closure.error.message
    scene.check_nothing_is_left()


def _wait_until_gone(scene: Scene, *, within_s: float) -> None:
    """For attempts that the platform gave up before they ended: they have the grace of SIGTERM."""
    deadline = time.monotonic() + within_s
    while scene.attempts() and time.monotonic() < deadline:
        time.sleep(0.01)
