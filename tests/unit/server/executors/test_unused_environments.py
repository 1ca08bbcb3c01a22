"""Environments that nothing has used for long are removed; those in use, or being made, stay."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from alula.server.executors.process.environments import Environments, Wanted
from alula.server.executors.process.options import ProcessOptions
from alula.server.executors.process.unused_environments import DAY_S, READY, UnusedEnvironments

pytestmark = pytest.mark.anyio
NOW = 1_800_000_000.0
FLYTEKIT = "cr.flyte.org/flyteorg/flytekit:py3.11-1.16.31"
NAME = "py3.11-flytekit-1.16.31"


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


def make(folder: Path, name: str, *, used_days_ago: float, whole: bool = True) -> Path:
    made = folder / name
    (made / "bin").mkdir(parents=True)
    (made / "bin" / "python").touch()
    then = NOW - used_days_ago * DAY_S
    if whole:
        (made / READY).touch()
        os.utime(made / READY, (then, then))
    os.utime(made, (then, then))
    return made


def unused(folder: Path, clock: Clock | None = None, *, days: float = 30) -> UnusedEnvironments:
    return UnusedEnvironments(folder, keep_s=days * DAY_S, forget=lambda: None, clock=clock or Clock())


def names(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir() if not each.name.endswith(".lock")}


async def test_what_was_not_used_for_long_goes_and_so_does_what_was_never_whole(tmp_path: Path) -> None:
    make(tmp_path, "old", used_days_ago=31)
    make(tmp_path, "half", used_days_ago=31, whole=False)
    make(tmp_path, "new", used_days_ago=29)
    make(tmp_path, ".going-dead", used_days_ago=0)  # left by a process that has died
    await unused(tmp_path).remove(())
    assert names(tmp_path) == {"new"}


async def test_nothing_goes_by_age_where_all_is_kept_and_nothing_is_there(tmp_path: Path) -> None:
    make(tmp_path, "old", used_days_ago=1000)
    await unused(tmp_path, days=0).remove(())
    assert names(tmp_path) == {"old"}
    await unused(tmp_path / "missing").remove(())


async def test_one_that_is_in_use_or_being_made_stays(tmp_path: Path) -> None:
    used, making = make(tmp_path, "used", used_days_ago=31), make(tmp_path, "making", used_days_ago=31, whole=False)
    clock = Clock()
    environments = unused(tmp_path, clock)
    taken = [environments.take(str(used / "bin/python")) for _ in range(2)]
    environments.give_back(taken.pop())
    clock.now += 40 * DAY_S  # an attempt that takes very long
    await environments.remove({making})
    assert names(tmp_path) == {"used", "making"}
    environments.give_back(taken.pop())
    await environments.remove({making})  # its end is a use, too
    assert names(tmp_path) == {"used", "making"}
    clock.now += 31 * DAY_S
    await environments.remove({making})
    assert names(tmp_path) == {"making"}


async def test_one_that_another_process_makes_stays(tmp_path: Path) -> None:
    make(tmp_path, "old", used_days_ago=31)
    with open(tmp_path / ".old.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        await unused(tmp_path).remove(())
        assert names(tmp_path) == {"old"}
    await unused(tmp_path).remove(())
    assert names(tmp_path) == set()


def test_pythons_that_were_not_made_here_are_nobodys_use(tmp_path: Path) -> None:
    assert unused(tmp_path).take("/usr/bin/python3") == ""
    assert unused(tmp_path).take(str(tmp_path / "deep" / "er" / "bin/python")) == ""


async def test_one_that_has_gone_is_made_anew(tmp_path: Path) -> None:
    make(tmp_path, NAME, used_days_ago=1000)
    environments = Environments(tmp_path, keep_s=DAY_S)
    found = environments.known(Wanted(FLYTEKIT))
    assert found is not None
    let_go = environments.hold(found)
    await environments._unused.remove(())
    assert environments.known(Wanted(FLYTEKIT)) == found
    let_go()
    os.utime(tmp_path / NAME / READY, (0, 0))
    await environments._unused.remove(())
    assert environments.known(Wanted(FLYTEKIT)) is None


def test_an_environment_outlives_its_idle_fork_servers() -> None:
    assert not list(ProcessOptions(environments_keep_days=0).problems())
    ((name, _),) = ProcessOptions(environments_keep_days=0.001).problems()
    assert name == "environments_keep_days"
