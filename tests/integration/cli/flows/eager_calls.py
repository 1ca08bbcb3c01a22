"""Eager tasks, which call others as runs of their own."""

import asyncio
import time
from functools import partial
from pathlib import Path

from alula import (
    EagerException,
    FlyteFile,
    LaunchPlan,
    RecoverableError,
    eager,
    map_task,
    task,
    workflow,
)


@task
def double(x: int) -> int:
    return 2 * x


@task
async def later(x: int) -> int:
    return x


@task
def scale(x: int, factor: int) -> int:
    return x * factor


@task
def read(file: FlyteFile) -> str:
    return Path(file).read_text()


@task
def refuse(x: int) -> int:
    raise LookupError(f"no {x}")


@task
def wait_for(mark: str) -> str:
    while not Path(mark).exists():
        time.sleep(0.05)
    return mark


@task
def only_the_second_time(mark: str) -> str:
    with open(mark, "a") as file:
        file.write("x")
    if Path(mark).read_text() == "x":
        raise LookupError("the first time")
    return mark


@workflow
def flow(x: int) -> int:
    return double(x=x)


plan = LaunchPlan.create("eager-calls-plan", flow, default_inputs={"x": 7})


@eager
async def inner(x: int) -> int:
    return double(x=x) + 1


@eager
async def all_kinds(x: int) -> list[str]:
    values: list[object] = [double(x=x), flow(x=x), plan(), await inner(x=x)]
    values += await asyncio.gather(later(x=1), later(x=1), double.aio(x=3), flow.aio(x=4), plan.aio(x=5))
    values.append(map_task(partial(scale, factor=double(x=2)))(x=[1, 2]))
    file = FlyteFile.new("a.txt")
    with file.open("w") as out:
        out.write("text")
    values.append(read(file=file))
    try:
        refuse(x=x)
    except EagerException as error:
        values.append(error.error_code)
    return [str(value) for value in values]


@workflow
def around(x: int) -> list[str]:
    return all_kinds(x=x)  # pyright: ignore[reportReturnType]  a step, by its type a coroutine


@eager
async def uncaught(mark: str) -> int:
    waited, refused = await asyncio.gather(wait_for.aio(mark=mark), refuse.aio(x=1))
    return len(waited) + refused


@eager
async def waiting(mark: str) -> int:
    marks = await asyncio.gather(*(wait_for.aio(mark=mark) for _ in range(2)))
    return len(marks)


@eager
async def limited(mark: str) -> str:
    try:
        return await asyncio.wait_for(wait_for.aio(mark=mark), 0.5)
    except TimeoutError:
        return "too late"


@eager(retries=1)
async def again(mark: str) -> str:
    double(x=1)
    try:
        return only_the_second_time(mark=mark)
    except EagerException as error:
        raise RecoverableError("once more") from error
