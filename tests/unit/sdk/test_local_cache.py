"""The cache of local runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from alula import Cache, task, workflow

CALLS: list[int] = []


@task(cache=Cache(version="1", serialize=True))
def doubled(x: int) -> int:
    CALLS.append(x)
    return 2 * x


@workflow
def twice(x: int) -> tuple[int, int]:
    first = doubled(x=x)
    second = doubled(x=x)
    first >> second
    first >> second
    return first, second


def test_a_task_of_which_equal_runs_wait_for_each_other_runs_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALULA_LOCAL_CACHE", str(tmp_path))
    CALLS.clear()
    assert twice(x=3) == (6, 6)
    assert CALLS == [3]
