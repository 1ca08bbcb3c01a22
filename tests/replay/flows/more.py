"""Workflows for recordings: what `tests/crash_points/flows` has not. They end, or wait, in about a second."""

import os
import time
from datetime import timedelta
from pathlib import Path

from alula import RecoverableError, approve, conditional, current_context, dynamic, map_task, task, workflow


@task
def add(x: int, y: int) -> int:
    return x + y


@task(retries=1, timeout=timedelta(seconds=1))
def slow(x: int) -> int:
    """Too slow at first."""
    if current_context().attempt == 0:
        time.sleep(60)
    return x


@task(retries=5, timeout=timedelta(seconds=1))
def hopeless(x: int) -> int:
    time.sleep(60)
    return x


@task
def patient(x: int) -> int:
    """Takes long, but only the first time that it is started."""
    begun = Path(os.environ["LEDGER"])
    if not begun.exists():
        begun.touch()
        time.sleep(60)
    return x


@task(retries=1)
def stubborn(x: int) -> int:
    raise RecoverableError("never")


@task
def uneven(x: int) -> int:
    if x % 2 == 0:
        raise ValueError(f"{x} is even")
    return x


@task
def count(xs: list[int | None]) -> int:
    return len([x for x in xs if x is not None])


@dynamic
def nested(x: int) -> int:
    """A graph with a map and a branch of its own."""
    several = count(xs=map_task(uneven, min_success_ratio=0.3, concurrency=1)(x=[x, x + 1, x + 2]))
    return conditional("few").if_(several < 2).then(add(x=several, y=10)).else_().then(add(x=several, y=20))


@workflow
def late() -> int:
    """An attempt runs into its timeout, and another follows."""
    return slow(x=1)


@workflow
def overdue() -> int:
    """No attempt is quick enough, until the node has had twice its timeout."""
    return hopeless(x=1)


@workflow
def waiting() -> int:
    return patient(x=1)


@workflow
def exhausted() -> int:
    """Every attempt fails, and what waits is stopped."""
    approve(add(x=1, y=2), "never", timeout=timedelta(hours=1))
    return stubborn(x=1)


@workflow
def unanswered() -> int:
    """Nobody answers the gate in time."""
    return approve(add(x=1, y=2), "silence", timeout=timedelta(seconds=1))


@workflow
def rejected() -> int:
    return approve(add(x=1, y=2), "no", timeout=timedelta(hours=1))


@workflow
def grown() -> int:
    return nested(x=2)


@workflow
def impossible() -> int:
    """No case of the branch holds."""
    return conditional("none").if_(add(x=1, y=2) > 5).then(add(x=1, y=2)).else_().fail("it is too small")
