"""Eager tasks on a platform: their calls are runs, which are found again, told of, and ended with the task."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.integration.platform import Platforms, RunningPlatform, alula

FLOWS = str(Path(__file__).parent / "flows" / "eager_calls.py")
PATIENCE_S = 60.0
ROOM = "[executors.process]\ncpu_millicores = 4000\ndefault_cpu_millicores = 100\n"


def launch(platform: RunningPlatform, name: str, entity: str, *inputs: str) -> None:
    done = alula("run", "--remote", "--name", name, "--endpoint", platform.grpc, FLOWS, entity, *inputs)
    assert done.returncode == 0, done.stderr


def told(platform: RunningPlatform, name: str) -> dict[str, Any]:
    return json.loads(alula("describe", "execution", name, "-o", "json", "--endpoint", platform.grpc).stdout)


def calls(platform: RunningPlatform, name: str) -> list[tuple[str, str]]:
    """What a run has called, and the phase of each."""
    launched = told(platform, name)["launched"]
    return sorted(
        (each["spec"]["launch_plan"]["name"].rpartition(".")[2], each["closure"]["phase"]) for each in launched
    )


def eventually(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < until, "it never came about"
        time.sleep(0.1)


def test_the_values_are_those_of_a_local_run(platform: RunningPlatform) -> None:
    local = alula("run", FLOWS, "all_kinds", "--x", "3")
    assert json.loads(local.stdout)[-2:] == ["text", "USER:LookupError"], local.stderr
    for entity in ("all_kinds", "around"):
        remote = alula("run", "--remote", "--wait", FLOWS, entity, "--x", "3", "--endpoint", platform.grpc)
        assert (remote.returncode, remote.stdout) == (0, local.stdout), remote.stderr


def test_a_failure_that_is_not_caught_ends_all(platform: RunningPlatform, tmp_path: Path) -> None:
    launch(platform, "uncaught", "uncaught", "--mark", str(tmp_path / "never"))
    ended = [("refuse", "FAILED"), ("wait_for", "ABORTED")]
    eventually(lambda: calls(platform, "uncaught") == ended)
    eventually(lambda: told(platform, "uncaught")["closure"]["phase"] == "FAILED")
    shown = alula("describe", "execution", "uncaught", "--endpoint", platform.grpc).stdout
    assert "error[USER:LookupError] (user): EagerException: `eager_calls.refuse`, run e-uncaught-uncau-refuse-" in shown
    _, _, section = shown.partition("called by its eager tasks\n")
    (refused,) = [row for row in section.splitlines() if "refuse  FAILED" in row]
    child = alula("describe", "execution", refused.split()[0], "--endpoint", platform.grpc).stdout
    assert "called by:       uncaught\n" in child


def test_a_call_that_is_cancelled_is_aborted(platform: RunningPlatform, tmp_path: Path) -> None:
    launch(platform, "limited", "limited", "--mark", str(tmp_path / "never"))
    eventually(lambda: told(platform, "limited")["closure"]["phase"] == "SUCCEEDED")
    eventually(lambda: calls(platform, "limited") == [("wait_for", "ABORTED")])


def test_a_retry_launches_again_what_failed_and_nothing_else(platform: RunningPlatform, tmp_path: Path) -> None:
    launch(platform, "again", "again", "--mark", str(tmp_path / "mark"))
    eventually(lambda: told(platform, "again")["closure"]["phase"] == "SUCCEEDED")
    twice = [("only_the_second_time", "FAILED"), ("only_the_second_time", "SUCCEEDED")]
    assert calls(platform, "again") == [("double", "SUCCEEDED"), *twice]


@pytest.fixture
def roomy(platforms: Platforms, tmp_path: Path) -> RunningPlatform:
    (tmp_path / "settings.toml").write_text(ROOM)
    return platforms.start("--settings", str(tmp_path / "settings.toml"))


def test_calls_are_found_again_after_a_crash_and_ended_by_an_abort(
    platforms: Platforms, roomy: RunningPlatform, tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    for name, awaited in (("found", mark), ("aborted", tmp_path / "never")):
        launch(roomy, name, "waiting", "--mark", str(awaited))
        eventually(lambda name=name: len(calls(roomy, name)) == 2)
    roomy.kill()
    roomy = platforms.start("--settings", str(tmp_path / "settings.toml"))
    alula("abort", "aborted", "--endpoint", roomy.grpc)
    eventually(lambda: calls(roomy, "aborted") == 2 * [("wait_for", "ABORTED")])
    mark.touch()
    eventually(lambda: told(roomy, "found")["closure"]["phase"] == "SUCCEEDED")
    assert calls(roomy, "found") == 2 * [("wait_for", "SUCCEEDED")]
