"""A workflow that takes its time."""

import time

from flytekit import task, workflow


@task
def wait(seconds: int) -> int:
    time.sleep(seconds)
    return seconds


@workflow
def slow(seconds: int = 600) -> int:
    return wait(seconds=seconds)
