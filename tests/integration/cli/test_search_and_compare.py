"""`alula search` and `alula compare` on a platform."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from tests.integration.platform import Platforms, RunningPlatform, alula

FLOW = """
from alula import Cache, task, workflow

@task(cache=Cache(version="1"))
def square(x: int) -> int:
    return x * x

@task
def inverse(x: int) -> float:
    return 1 / x

@workflow
def numbers(x: int, y: int) -> float:
    square(x=x)
    return inverse(x=y)
"""


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    folder = tmp_path_factory.mktemp("numbers")
    (folder / "flow.py").write_text(FLOW)
    platforms = Platforms(folder)
    running = platforms.start()
    to = ("--remote", "--endpoint", running.grpc, "--wait")
    for name, y, status in (("monday", 2, 0), ("tuesday", 0, 1)):
        ended = alula("run", *to, "--name", name, str(folder / "flow.py"), "numbers", "--x", "3", "--y", str(y))
        assert ended.returncode == status, ended.stderr
    yield running
    platforms.close()


def test_things_are_found_by_a_part_of_their_name(platform: RunningPlatform) -> None:
    to = ("--endpoint", platform.grpc)
    runs = alula("search", "day", *to)
    assert [line.split()[:4] for line in runs.stdout.splitlines()[1:]] == [
        ["run", "tuesday", "flytesnacks", "development"],
        ["run", "monday", "flytesnacks", "development"],
    ]
    named = json.loads(alula("search", "flow.num", "-o", "json", *to).stdout)
    assert {(hit["kind"], hit["name"]) for hit in named} == {
        ("workflow", "flow.numbers"),
        ("launch_plan", "flow.numbers"),
    }
    first = alula("search", "day", "--limit", "1", *to)
    assert len(first.stdout.splitlines()) == 2
    assert "--limit" in first.stderr


def test_nothing_found_is_said_with_where(platform: RunningPlatform) -> None:
    elsewhere = ("-d", "production", "--endpoint", platform.grpc)
    nothing = alula("search", "monday", *elsewhere)
    assert (nothing.returncode, nothing.stdout) == (1, "")
    assert "flytesnacks/production" in nothing.stderr
    assert "--everywhere" in nothing.stderr
    assert "monday" in alula("search", "monday", "--everywhere", *elsewhere).stdout


def test_runs_are_compared(platform: RunningPlatform) -> None:
    to = ("--endpoint", platform.grpc)
    lines = alula("compare", "monday", "tuesday", *to).stdout.splitlines()
    assert lines[0].split()[:3] == ["A:", "monday", "SUCCEEDED"]
    assert lines[1].split()[:3] == ["B:", "tuesday", "FAILED"]
    told = [line.split() for line in lines]
    assert ["y", "2", "0"] in told
    assert ["o0", "0.5", "(none)"] in told
    [square] = [line for line in lines if line.startswith("n0 ")]
    assert square.endswith("from the cache")
    [inverse] = [line.split() for line in lines if line.startswith("n1 ")]
    assert (inverse[1], inverse[3]) == ("SUCCEEDED", "FAILED")
    assert not any(line[:1] == ["x"] for line in told)
    assert ["x", "3", "3"] in [
        line.split() for line in alula("compare", "monday", "tuesday", "--all", *to).stdout.splitlines()
    ]


def test_what_cannot_be_compared_is_refused(platform: RunningPlatform) -> None:
    to = ("--endpoint", platform.grpc)
    missing = alula("compare", "monday", "sunday", *to)
    assert missing.returncode == 2
    assert "sunday" in missing.stderr
    apart = alula("compare", "monday", "flytesnacks/production/monday", *to)
    assert apart.returncode == 2
    assert "different domains" in apart.stderr
