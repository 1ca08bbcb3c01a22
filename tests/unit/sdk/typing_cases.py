# pyright: strict, reportUnnecessaryTypeIgnoreComment=true, reportUnusedExpression=false
"""What a type checker must see. Checked by pyright and mypy in `test_typing.py`; not run."""

import asyncio
import functools
from datetime import timedelta
from typing import Any, NamedTuple, assert_type

from alula import (
    Cache,
    Deck,
    FlyteError,
    FlyteFile,
    LaunchPlan,
    Resources,
    StructuredDataset,
    approve,
    conditional,
    current_context,
    dynamic,
    eager,
    map_task,
    sleep,
    task,
    wait_for_input,
    workflow,
)


class Stats(NamedTuple):
    mean: float
    label: str


@task
def add(x: int, y: int = 1) -> int:
    return x + y


@task(retries=3, timeout=timedelta(minutes=1), cache=Cache(version="1"), requests=Resources(cpu="1", mem="1Gi"))
def describe(values: list[float]) -> Stats:
    Deck("Values").text(str(values))
    return Stats(sum(values), current_context().task_id.name)


@task
async def fetch(url: str) -> FlyteFile:
    return FlyteFile(url)


@task
def load(file: FlyteFile, rows: StructuredDataset) -> None:
    with file.open() as content:
        content.read()


@workflow
def flow(x: int, y: int = 2) -> float:
    total = add(x, y=y)
    assert_type(total, int)
    stats = describe(values=[1.0])
    assert_type(stats, Stats)
    assert_type(stats.mean, float)
    assert_type(add.with_overrides(retries=2)(x=1), int)
    return stats.mean


@workflow
def ordered(url: str) -> None:
    file = FlyteFile(url)
    first, second = load(file, StructuredDataset()), ordered_too(n=1)
    first >> second >> load(file, StructuredDataset()).with_overrides(retries=2)
    add(1) >> first >> sleep(timedelta(minutes=1)) >> add(2)


@dynamic(retries=1)
def ordered_too(n: int) -> None:
    load(FlyteFile("u"), StructuredDataset()) >> load(FlyteFile("u"), StructuredDataset())


@task
def anything(n: int) -> Any:
    return n


@workflow
async def asynchronous(url: str) -> FlyteFile:
    file = await fetch(url)
    assert_type(file, FlyteFile[Any])
    return file


@dynamic(retries=1, timeout=timedelta(hours=1))
def expanded(values: list[float], flag: bool) -> Stats:
    stats = describe(values=[value for value in values if value > 0])
    assert_type(stats, Stats)
    return stats


@eager(retries=1)
async def searching(values: list[float]) -> float:
    stats = describe(values=values)
    assert_type(stats, Stats)
    assert_type(await describe.aio(values), Stats)
    assert_type(await flow.aio(x=1), float)
    assert_type(await asyncio.gather(add.aio(1), fetch("u")), tuple[int, FlyteFile[Any]])
    assert_type(await map_task(add).aio(x=[1], y=[2]), list[int])
    await add(1)  # pyright: ignore[reportGeneralTypeIssues]
    return stats.mean if stats.mean > 0 else await searching([1.0])


@task
def clean(x: int, err: FlyteError | None = None) -> None:
    print(x, err.message if err else "")


@workflow(on_failure=clean)
def branching(x: int, flag: bool) -> float:
    chosen = (
        conditional("size")
        .if_((x > 3) & flag)
        .then(add(x=x))
        .elif_(x == 0)
        .then(flow(x=x))
        .else_()
        .then(expanded([1.0], flag=flag).mean)
    )
    assert_type(chosen, int | float)
    failing = conditional("or").if_(flag).then(add(x=x)).else_().fail("no")
    assert_type(failing, int)
    approved = approve(failing, "ok", timeout=timedelta(hours=1))
    assert_type(approved, int)
    given = wait_for_input("value", timeout=timedelta(hours=1), expected_type=float)
    assert_type(given, float)
    return chosen


assert_type(expanded([1.0], flag=True), Stats)
assert_type(branching(x=1, flag=True), float)
assert_type(asyncio.run(searching([1.0])), float)
assert_type(add(1), int)
assert_type(anything(1), Any)
assert_type(add(1, y=2), int)
assert_type(describe([1.0]), Stats)
assert_type(asyncio.run(fetch("u")), FlyteFile[Any])
assert_type(asyncio.run(asynchronous(url="u")), FlyteFile[Any])
assert_type(flow(x=1), float)
assert_type(map_task(add)(x=[1], y=[2]), list[int])
assert_type(map_task(functools.partial(add, y=1), concurrency=2)(x=[1]), list[int])
LaunchPlan.create("nightly", flow, default_inputs={"x": 1})

add(load(FlyteFile("u"), StructuredDataset()))  # pyright: ignore[reportArgumentType]
add("a")  # pyright: ignore[reportArgumentType]
add()  # pyright: ignore[reportCallIssue]
add(1, z=2)  # pyright: ignore[reportCallIssue]
expanded("a", True)  # pyright: ignore[reportArgumentType]
dynamic(retries="a")  # pyright: ignore[reportArgumentType]
conditional("c").if_(True).else_()  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
conditional("c").if_(True).fail("no")  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
eager(add.function)  # pyright: ignore[reportArgumentType]
flow("a")  # pyright: ignore[reportArgumentType]
task(retries="a")  # pyright: ignore[reportArgumentType]
add.with_overrides(retry=2)  # pyright: ignore[reportCallIssue]
