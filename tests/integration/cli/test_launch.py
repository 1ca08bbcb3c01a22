"""`alula launch`: runs of what is registered, without its code."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests import flyte_specs as specs
from tests.integration.platform import RunningPlatform, alula

from alula.sdk.client.connection import Connection
from alula.sdk.client.endpoint import Endpoint
from alula.sdk.client.rpcs import CREATE_TASK, CREATE_WORKFLOW

Launch = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def launch(platform: RunningPlatform) -> Launch:
    flows = Path(__file__).parent / "flows/launched.py"
    for version in ("v1", "v2"):
        done = alula("register", str(flows), "--version", version, "--endpoint", platform.grpc)
        assert done.returncode == 0, done.stderr
    return lambda *words: alula("launch", *words, "--endpoint", platform.grpc)


@pytest.fixture
def note(tmp_path: Path) -> str:
    path = tmp_path / "note.txt"
    path.write_text("sky\n")
    return str(path)


def outputs(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_workflow_with_a_file_and_typed_inputs(launch: Launch, note: str) -> None:
    done = launch("launched.describing", "--file", note, "--times", "2", "--wait")
    assert "red skyred sky" in outputs(done)


def test_untyped_lists_and_dicts(launch: Launch) -> None:
    inputs = json.dumps({"items": [1, {"a": [2]}], "named": {"b": 3}, "maybe": ["c"]})
    assert outputs(launch("launched.untyped", "--inputs", inputs, "--wait")) == '[1, {"a": [2]}, "b", "c"]'
    assert outputs(launch("launched.untyped", "--items", "[]", "--named", "{}", "--wait")) == "[]"
    assert "expected dict or list, got `a`" in launch("launched.untyped", "--items", "a", "--named", "{}").stderr


def test_a_launch_plan_of_one_version_with_an_object_of_inputs(launch: Launch, note: str) -> None:
    inputs = json.dumps({"file": note, "note": "!", "times": 9})
    done = launch("launched.blue@v1", "--inputs", inputs, "--times", "1", "--wait")
    assert "blue sky!" in outputs(done)
    launched = json.loads(outputs(launch("launched.blue@v1", "--inputs", inputs, "-o", "json")))
    assert launched["spec"]["launch_plan"]["version"] == "v1"


def test_a_task_needs_all_that_is_not_optional(launch: Launch, note: str) -> None:
    done = launch("launched.describe", "--file", note, "--colour", "blue", "--times", "1", "--wait")
    assert "blue sky" in outputs(done)
    lacking = launch("launched.describe", "--file", note)
    assert (lacking.returncode, "needs `colour` and `times`" in lacking.stderr) == (2, True)


def test_the_newest_version_and_its_inputs_are_shown(launch: Launch) -> None:
    shown = outputs(launch("launched.describing", "--help"))
    assert "launch plan launched.describing, version v2" in shown
    assert "--colour [red|blue]" in shown
    assert "how often  [default: 1]" in shown


@pytest.mark.parametrize(
    ("words", "error", "fix"),
    [
        (["launched.decribing"], "NotFound", "did you mean `launched.describing`?"),
        (["describing"], "NotFound", "did you mean `launched.describing`?"),
        (["launched.blue@v9"], "NotFound", "launch plan `launched.blue` has no version `v9`"),
        (
            ["launched.blue@v9"],
            "NotFound",
            "name the newest, `launched.blue@v2`, or leave the version out; its versions",
        ),
        (["launched.describing@v9"], "NotFound", "launch plan `launched.describing` has no version `v9`"),
        (["launched.describe@v9"], "NotFound", "task `launched.describe` has no version `v9`"),
        (
            ["launched.blue", "--colour", "red"],
            "FixedInput",
            "launch plan `launched.blue` fixes input `colour` to `blue`",
        ),
        (["launched.blue", "--inputs", "{colour: red}"], "FixedInput", "chosen: `alula launch launched.describing`"),
        (["launched.describing", "--inputs", "{tmes: 1}"], "UnknownInput", "did you mean `times`?"),
        (["launched.describing", "--inputs", "[1]"], "BadInputsFile", ""),
        (["launched.describing", "--file", "/no/such"], "FileNotFound", ""),
        (["launched.describing", "--inputs-file", "/no/such"], "FileNotFound", "fix: there is no folder `/no`"),
        ([], "BadUsage", ""),
    ],
)
def test_mistakes_are_named(launch: Launch, words: list[str], error: str, fix: str) -> None:
    done = launch(*words)
    assert done.returncode == 2 or error == "NotFound"
    assert f"error[{error}]" in done.stderr
    assert fix in done.stderr


def test_a_workflow_without_a_launch_plan_is_told_to_need_one(platform: RunningPlatform, launch: Launch) -> None:
    with Connection(Endpoint(platform.grpc, tls=False, source="the test")) as connection:
        connection.call(CREATE_TASK, specs.task("bare.t"))
        connection.call(CREATE_WORKFLOW, specs.workflow("bare", "bare.t"))
    done = launch("bare", "--x", "1")
    assert "error[NotFound]: there is no launch plan and no task `bare`" in done.stderr
    assert "fix: register a launch plan of workflow `bare`" in done.stderr
