"""No-op tasks for Alula: a chain of 40, a fan-out over a map task, and a hello world."""

from alula import map_task, task, workflow

CHAIN = 40


@task
def increment(x: int) -> int:
    return x + 1


@workflow
def chain(x: int) -> int:
    for _ in range(CHAIN):
        x = increment(x=x)
    return x


@workflow
def fan(xs: list[int]) -> list[int]:
    return map_task(increment)(x=xs)
