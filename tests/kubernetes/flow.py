"""Workflows whose tasks run in pods."""

import os
import time

from alula import Resources, map_task, task, workflow


@task
def started(at: float) -> float:
    """Runs until its platform was killed and another one lives: as long as the test wants."""
    print("on", os.uname().nodename, flush=True)
    time.sleep(at)
    return at


@task
def square(x: int) -> int:
    return x * x


@task
def total(xs: list[int]) -> int:
    return sum(xs)


@task(requests=Resources(cpu="1000"))
def giant() -> int:
    return 1


@workflow
def lasting(at: float = 8.0) -> int:
    squares = map_task(square)(x=[1, 2, 3])
    started(at=at)
    return total(xs=squares)


@workflow
def never() -> int:
    return giant()
