"""Attempts to be debugged: one that fails on a value that another module gives, items, graphs, eager calls."""

import os
from functools import partial

from alula import FlyteFile, current_context, dynamic, eager, map_task, task, workflow


@task
def write(text: str) -> FlyteFile:
    file = FlyteFile.new("a.txt")
    with file.open("w") as out:
        out.write(text)
    return file


@task(environment={"COLOUR": "blue"})
def divide(x: int, file: FlyteFile) -> float:
    """Divide by the length of a text."""
    with file.open() as text:
        length = len(text.read())
    print(os.environ["COLOUR"], current_context().execution_id.name, current_context().attempt)
    return x / length


@task
async def square(x: int, plus: int) -> int:
    return x * x + plus


@task
def double(x: int) -> int:
    return 2 * x


@dynamic
def doubled(n: int) -> list[int]:
    return [double(x=x) for x in range(n)]


@eager
async def eager_double(x: int) -> int:
    return double(x=x) + 1


@workflow
def kinds(text: str = "abcd") -> float:
    map_task(partial(square, plus=1))(x=[1, 2, 3])
    doubled(n=2)
    eager_double(x=4)  # pyright: ignore[reportUnusedCoroutine]  a step, by its type a coroutine
    return divide(x=10, file=write(text=text))


@workflow
def failing() -> float:
    return divide(x=10, file=write(text=""))
