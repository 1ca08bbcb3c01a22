"""Workflows that wait for people and for time."""

from datetime import timedelta

from flytekit import approve, sleep, task, wait_for_input, workflow


@task
def measure() -> int:
    return 20


@task
def scale(size: int, factor: int) -> int:
    return size * factor


@workflow
def reviewed() -> int:
    size = measure()
    approved = approve(size, "size-is-fine", timeout=timedelta(minutes=5))
    factor = wait_for_input("factor", timeout=timedelta(minutes=5), expected_type=int)
    return scale(size=approved, factor=factor)


@workflow
def paused() -> int:
    pause = sleep(timedelta(seconds=1))
    size = measure()
    pause >> size
    return size
