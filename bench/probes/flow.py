"""No-op tasks for Alula: a chain of 40, a fan-out over a map task and over nodes of their own, and a single task."""

from alula import map_task, task, workflow

CHAIN = 40
FAN = 1000


@task
def increment(x: int) -> int:
    return x + 1


@workflow
def single(x: int) -> int:
    return increment(x=x)


@workflow
def chain(x: int) -> int:
    for _ in range(CHAIN):
        x = increment(x=x)
    return x


@workflow
def fan(xs: list[int]) -> list[int]:
    return map_task(increment)(x=xs)


@workflow
def nodes(x: int) -> None:
    for _ in range(FAN):
        increment(x=x)
