"""Real Flyte clients run unchanged: `pyflyte` and FlyteRemote against a platform started for the test."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from tests.integration.flytekit.conftest import Pyflyte
from tests.integration.platform import RunningPlatform, alula

BASICS = "flows/basics.py"


@pytest.fixture
def pyflyte(flytekit_bin: Path, platform: RunningPlatform, tmp_path: Path) -> Pyflyte:
    return Pyflyte(flytekit_bin, tmp_path, platform.grpc)


OUTCOME = """
import json, sys
from flytekit.configuration import Config, PlatformConfig
from flytekit.remote import FlyteRemote
remote = FlyteRemote(Config.auto(), "flytesnacks", "development")
name = sys.argv[1]
execution = remote.sync_execution(remote.fetch_execution(name=name), sync_nodes=True)
closure = execution.closure
print(json.dumps({
    "name": name,
    "phase": closure.phase,
    "error": closure.error.message if closure.error else "",
    "code": closure.error.code if closure.error else "",
    "outputs": {key: execution.outputs.get(key) for key in (execution.outputs or {})} if closure.phase == 4 else {},
    "nodes": sorted(execution.node_executions),
}))
"""


def outcome(pyflyte: Pyflyte, name: str) -> dict[str, Any]:
    """How an execution ended, as FlyteRemote sees it with all its nodes."""
    return json.loads(pyflyte.python(OUTCOME, name).splitlines()[-1])


def run(pyflyte: Pyflyte, workflow: str, *inputs: str, status: int = 0, module: str = BASICS) -> dict[str, Any]:
    printed = pyflyte("run", "--remote", "--wait", "--poll-interval", "1", module, workflow, *inputs, status=status)
    found = re.search(r"/executions/(\w+)", printed)
    assert found, printed
    return outcome(pyflyte, found[1])


def test_two_tasks(pyflyte: Pyflyte) -> None:
    ended = run(pyflyte, "two_tasks", "--a", "5")
    assert (ended["phase"], ended["outputs"]) == (4, {"o0": 16})


def test_a_sub_workflow(pyflyte: Pyflyte) -> None:
    assert run(pyflyte, "with_sub_workflow")["outputs"] == {"o0": 9}


def test_a_map_task(pyflyte: Pyflyte) -> None:
    assert run(pyflyte, "mapped", "--numbers", "[4, 5, 6]")["outputs"] == {"o0": [8, 10, 12]}


def test_files_in_and_out(pyflyte: Pyflyte, tmp_path: Path) -> None:
    path = tmp_path / "lines.txt"
    path.write_text("one\ntwo\n")
    assert run(pyflyte, "files", "--file", str(path))["outputs"] == {"o0": 4}


def test_a_dataclass(pyflyte: Pyflyte) -> None:
    assert run(pyflyte, "structured", "--point", '{"x": 7, "label": "q"}')["outputs"] == {"o0": "q7"}


def test_a_user_error_is_shown_with_its_code_and_traceback(pyflyte: Pyflyte) -> None:
    ended = run(pyflyte, "failing", status=255)
    assert ended["phase"] == 6
    assert ended["code"] == "USER:RuntimeError"
    assert "ValueError: 1 is out of range" in str(ended["error"])


def test_a_recoverable_error_is_retried(pyflyte: Pyflyte) -> None:
    assert run(pyflyte, "retried", "--a", "9")["outputs"] == {"o0": 9}


def test_a_cached_task_runs_once(pyflyte: Pyflyte, platform: RunningPlatform) -> None:
    assert run(pyflyte, "cached")["outputs"] == {"o0": 100}
    assert run(pyflyte, "cached")["outputs"] == {"o0": 100}
    logs = list((platform.data / "objects").rglob("log.txt"))
    assert sum("costly ran" in log.read_text() for log in logs) == 1


def test_a_backfill_runs_a_launch_plan_for_days_in_the_past(pyflyte: Pyflyte) -> None:
    pyflyte("register", "flows/scheduled.py", "--version", "slots")
    printed = pyflyte("backfill", "--from-date", "2026-01-01", "--to-date", "2026-01-04", "--parallel", "daily")
    found = re.search(r"/executions/(\w+)", printed)
    assert found, printed
    assert alula("watch", found[1], "--endpoint", pyflyte.endpoint).returncode == 0
    ended = outcome(pyflyte, found[1])
    assert (ended["phase"], ended["error"]) == (4, "")
    assert [node for node in ended["nodes"] if node.startswith("n")] == ["n0", "n1", "n2"]


def test_register_a_package_and_run_what_it_registered(pyflyte: Pyflyte) -> None:
    printed = pyflyte("register", "flows", "--version", "v1")
    assert "Successfully registered" in printed
    again = pyflyte("register", "flows", "--version", "v1")
    assert "error" not in again.lower()
    pyflyte("run", "remote-launchplan", "flows.basics.two_tasks:v1", "--a", "1", "--b", "1")


def test_a_task_alone(pyflyte: Pyflyte) -> None:
    ended = run(pyflyte, "add", "--a", "1", "--b", "2")
    assert ended["outputs"] == {"o0": 3}


def test_large_values(pyflyte: Pyflyte, platform: RunningPlatform) -> None:
    outputs = run(pyflyte, "large", module="flows/large.py")["outputs"]
    assert isinstance(outputs, dict)
    assert outputs["o0"] == [20_000] * 10
    assert (outputs["o1"], outputs["o2"], outputs["o3"]) == (20_010, "notes", [20_000] * 2)
    assert outputs["o4"] == [letter * 20_000 for letter in "abcdefghij"]
    assert len(list((platform.data / "objects/data/flytesnacks/development/values").iterdir())) == 2


def test_shell_scripts_programs_and_echoes(pyflyte: Pyflyte, platform: RunningPlatform, tmp_path: Path) -> None:
    path = tmp_path / "lines.txt"
    path.write_text("one\ntwo\n")
    ended = run(pyflyte, "programs", "--file", str(path), module="flows/programs.py")
    assert ended["outputs"] == {"o0": 2, "o1": 5, "o2": 6}
    logs = [log.read_text() for log in (platform.data / "objects").rglob("log.txt")]
    assert "hello ada 3\n" in logs


def test_an_echo_is_told_as_what_the_platform_did_itself(pyflyte: Pyflyte, platform: RunningPlatform) -> None:
    ended = run(pyflyte, "echoes", "--a", "4", module="flows/programs.py")
    assert ended["outputs"] == {"o0": 4, "o1": 7}
    name = str(ended["name"])
    described = alula("describe", "execution", name, "--endpoint", platform.grpc).stdout
    (node,) = [part for part in described.split("\n\n") if "echo" in part.splitlines()[0] and "nothing was run" in part]
    assert "attempt" not in node, "there was none"
    explained = alula("explain", name, "n0", "--endpoint", platform.grpc)
    assert explained.returncode == 0, explained.stderr
    assert "succeeded without running: the platform gave its inputs back" in explained.stdout


def test_a_container_task_that_needs_files_is_refused_when_it_is_launched(pyflyte: Pyflyte) -> None:
    refused = pyflyte("run", "--remote", "--wait", "flows/programs.py", "needs_copilot", status=1)
    assert "needs files of a container for input `name`, output `length`" in refused


def test_terminate(pyflyte: Pyflyte) -> None:
    program = """
import sys, time
from flytekit.configuration import Config
from flytekit.remote import FlyteRemote
from flytekit import task
remote = FlyteRemote(Config.auto(), "flytesnacks", "development")
execution = remote.fetch_execution(name=sys.argv[1])
remote.terminate(execution, "no longer needed")
"""
    pyflyte("run", "--remote", "--name", "slow-one", "flows/slow.py", "slow")
    pyflyte.python(program, "slow-one")
    wait = """
import sys
from datetime import timedelta
from flytekit.configuration import Config
from flytekit.remote import FlyteRemote
remote = FlyteRemote(Config.auto(), "flytesnacks", "development")
execution = remote.fetch_execution(name=sys.argv[1])
done = remote.wait(execution, timeout=timedelta(seconds=30), poll_interval=timedelta(seconds=1))
print(done.closure.phase, done.closure.abort_metadata.cause)
"""
    assert pyflyte.python(wait, "slow-one").split() == ["7", "no", "longer", "needed"]


@pytest.mark.parametrize(("a", "result"), [(11, 22), (6, 6), (1, 2)])
def test_a_branch(pyflyte: Pyflyte, a: int, result: int) -> None:
    assert run(pyflyte, "branched", "--a", str(a))["outputs"] == {"o0": result}


def test_a_dynamic_task(pyflyte: Pyflyte) -> None:
    assert run(pyflyte, "dynamic_sum", "--n", "4")["outputs"] == {"o0": 12}


def test_a_launch_plan_node(pyflyte: Pyflyte) -> None:
    assert run(pyflyte, "with_launch_plan", "--a", "3")["outputs"] == {"o0": 52}


def test_a_map_over_a_launch_plan(pyflyte: Pyflyte) -> None:
    assert run(pyflyte, "mapped_plan", "--a", "[1, 5]")["outputs"] == {"o0": [22, 30]}


def test_a_failure_node_runs_with_the_error(pyflyte: Pyflyte, platform: RunningPlatform) -> None:
    ended = run(pyflyte, "guarded", status=255)
    assert (ended["phase"], ended["nodes"]) == (6, ["fn0", "n0"])
    logs = list((platform.data / "objects").rglob("log.txt"))
    assert any("cleaning up after n0" in log.read_text() for log in logs)


def test_recover_runs_only_what_did_not_succeed(pyflyte: Pyflyte, platform: RunningPlatform, tmp_path: Path) -> None:
    ended = run(pyflyte, "mendable", "--mended", str(tmp_path / "mended"), status=255)
    (tmp_path / "mended").touch()
    pyflyte("execution", "-p", "flytesnacks", "-d", "development", "--execution-id", str(ended["name"]), "recover")
    wait = """
import sys
from datetime import timedelta
from flytekit.configuration import Config
from flytekit.remote import FlyteRemote
remote = FlyteRemote(Config.auto(), "flytesnacks", "development")
for each in remote.recent_executions(limit=1):
    done = remote.wait(remote.fetch_execution(name=each.id.name), timeout=timedelta(seconds=30))
    done = remote.sync_execution(done, sync_nodes=True)
    print(each.id.name, done.closure.phase, done.node_executions["n0"].closure.phase, done.outputs["o0"])
"""
    name, phase, first, output = pyflyte.python(wait).split()
    assert (phase, first, output) == ("4", "10", "8")
    logs = (platform.data / "objects/metadata/flytesnacks/development").glob(f"{name}.*/**/log.txt")
    assert not any("adding" in log.read_text() for log in logs)
