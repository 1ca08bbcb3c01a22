"""Calls `registered.py` by references, in every place where a step may stand."""

from __future__ import annotations

from alula import (
    LaunchPlan,
    conditional,
    dynamic,
    map_task,
    reference_launch_plan,
    reference_task,
    reference_workflow,
    task,
    workflow,
)

HOME = {"project": "flytesnacks", "domain": "development", "version": "v1"}


@reference_task(name="registered.add", **HOME)
def add(x: int, y: int = 5) -> int: ...


@reference_launch_plan(name="ten", **HOME)
def ten(x: int) -> int: ...


@reference_workflow(name="registered.whole", **HOME)
def whole(x: int) -> int: ...


@reference_task(name="registered.add", **HOME)
def texts(x: str, y: int) -> int: ...


@reference_task(name="registered.ad", **HOME)
def misspelt(x: int) -> int: ...


@task
def together(xs: list[int]) -> str:
    return " ".join(str(x) for x in xs)


@dynamic
def grown(xs: list[int]) -> str:
    return together(xs=[add(x=x) for x in xs] + [ten(x=1), whole(x=2)])


of_whole = LaunchPlan.create("of_whole", whole, fixed_inputs={"x": 7})


@workflow
def everything(x: int) -> tuple[str, str, list[int], int]:
    chosen = conditional("far").if_(x > 1).then(whole(x=x)).else_().then(add(x=x))
    items = map_task(add)(x=[x, 2], y=[1, 1])
    return together(xs=[add(x=x), ten(x=x), whole(x=x), of_whole()]), grown(xs=[x]), items, chosen


@workflow
def mistyped(x: str) -> int:
    return texts(x=x, y=1)


@workflow
def lost(x: int) -> int:
    return misspelt(x=x)
