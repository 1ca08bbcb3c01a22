"""A workflow that waits for people."""

from datetime import timedelta

from alula import task, wait_for_input, workflow

HOUR = timedelta(hours=1)


@task
def told(sure: bool, limits: dict[str, int], after: timedelta) -> str:
    return f"{sure} {limits} {after}"


@workflow
def waiting() -> str:
    sure = wait_for_input("sure", timeout=HOUR, expected_type=bool)
    limits = wait_for_input("limits", timeout=HOUR, expected_type=dict[str, int])
    after = wait_for_input("after", timeout=HOUR, expected_type=timedelta)
    return told(sure=sure, limits=limits, after=after)
