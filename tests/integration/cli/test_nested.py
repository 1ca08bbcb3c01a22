"""Steps inside other steps are shown under their own names, and those that were not chosen are not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from tests.integration.platform import RunningPlatform, alula

FLOWS = str(Path(__file__).parent / "flows" / "nested.py")


def tree(shown: str) -> list[str]:
    """The names of a printed tree, each with its depth."""
    rows = re.findall(r"^([ │├└─]*)[✓✗●■○] ([\w\[\]]+)", shown, re.MULTILINE)
    return [f"{len(lead) // 3} {name}" for lead, name in rows]


@pytest.mark.parametrize(
    ("workflow", "shown"),
    [
        ("sized", ["1 size", "2 small"]),
        ("chosen", ["1 outer", "2 sized", "3 size", "4 small"]),
        ("made", ["1 each", "2 small", "2 small"]),
        (
            "sized_each",
            ["1 sized[]", "2 sized[0]", "3 size", "4 small", "2 sized[1]", "3 size", "4 large"],
        ),
        ("planned_each", ["1 sized[]", "2 sized[0]", "2 sized[1]"]),
        ("launching", ["1 launched", "2 sized"]),
    ],
)
def test_the_tree_of_a_run(platform: RunningPlatform, workflow: str, shown: list[str]) -> None:
    done = alula("run", "--remote", "--wait", FLOWS, workflow, "--endpoint", platform.grpc)
    assert done.returncode == 0, done.stderr
    assert tree(done.stderr) == shown


def test_the_body_of_a_dynamic_task_has_its_attempt_and_its_log(platform: RunningPlatform) -> None:
    launched = alula("run", "--remote", "--wait", "--name", "dyn", FLOWS, "made", "--endpoint", platform.grpc)
    assert launched.returncode == 0, launched.stderr
    described = alula("describe", "execution", "dyn", "--endpoint", platform.grpc).stdout
    assert re.search(r"^n0 each\n  attempt 0: SUCCEEDED", described, re.MULTILINE), described
    assert alula("logs", "dyn", "each", "--endpoint", platform.grpc).returncode == 0


@pytest.mark.parametrize(
    ("workflow", "value"),
    [
        ("sized_each", ["1 is small", "20 is large"]),
        ("planned_each", ["1 is small", "20 is large"]),
        ("launching", "30 is large"),
    ],
)
def test_what_runs_inside_gives_the_same_here_and_on_the_platform(
    platform: RunningPlatform, workflow: str, value: object
) -> None:
    remote = alula("run", "--remote", "--wait", FLOWS, workflow, "--endpoint", platform.grpc)
    local = alula("run", FLOWS, workflow)
    for done in (remote, local):
        assert done.returncode == 0, done.stderr
        assert yaml.safe_load(done.stdout) == value
