"""Workflows whose specifications are compared with flytekit's: they are the same source but for the import."""

import functools
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from alula import Cache, CronSchedule, LaunchPlan, Resources, Secret, map_task, task, workflow


@dataclass
class Numbers:
    a: int
    xs: list[int]


class Named(NamedTuple):
    total: int
    name: str


@task(
    retries=2,
    timeout=timedelta(minutes=5),
    cache=Cache(version="1", serialize=True, ignored_inputs=("y",)),
    requests=Resources(cpu="1", mem="1Gi"),
    limits=Resources(cpu="2", mem="2Gi", gpu="1"),
    environment={"A": "1"},
    interruptible=True,
    enable_deck=True,
    secret_requests=[Secret(group="g", key="k")],
)
def add(x: int, y: int = 3) -> int:
    """Add two numbers.

    Long description.

    Args:
        x: first number
        y: second number

    Returns:
        the sum
    """
    return x + y


@task(container_image="special:1", resources=Resources(cpu=("1", "2"), mem="1Gi"))
def make(n: int) -> Numbers:
    return Numbers(n, [n])


@task
def many(n: int) -> Named:
    return Named(n, "x")


@task
def two(n: int) -> tuple[int, str]:
    return n, "a"


@task
def nothing(s: str = "a b", o: int | None = None):
    print(s, o)


@task
def collect(values: list[int], named: dict[str, int], maybe: list[int] | None = None) -> int:
    return sum(values)


@task(deprecated="no longer")
def scale(x: int, b: str) -> float:
    return x * 1.0


@workflow
def inner(a: int) -> Named:
    found = many(n=a)
    return Named(found.total, found.name)


@workflow(interruptible=True)
def middle(a: int) -> Named:
    return inner(a=a)


@workflow
def everything(x: int = 5, items: list[int] = [1, 2], o: int | None = None) -> tuple[int, list[float]]:  # noqa: B006
    """A workflow.

    Args:
        x: the x
    """
    s = add(x=x, y=4).with_overrides(  # pyright: ignore[reportAttributeAccessIssue]  a step, by its type a value
        requests=Resources(cpu="3"),
        retries=5,
        timeout=timedelta(seconds=9),
        interruptible=False,
        cache=True,
        cache_version="z",
        node_name="My Node",
    )
    p = make(n=s)
    q = add(x=p.a, y=p.xs[0])
    z = middle(a=q)
    m = map_task(functools.partial(scale, b="k"), concurrency=3, min_success_ratio=1.0)(x=items)
    first = nothing(o=o)
    second = nothing(s=z.name)
    first >> second
    collect(values=[q, 1], named={"a": q, "b": 2}, maybe=[q])
    return z.total, m  # pyright: ignore[reportReturnType]  with a ratio of 1 all items are there


@workflow
def mapped(items: list[int]) -> list[float | None]:
    return map_task(scale, min_success_ratio=0.5)(x=items, b=["a", "b"])


@workflow
def constants() -> Named:
    _, b = two(n=1)
    return Named(3, b)


plan = LaunchPlan.get_or_create(
    everything,
    name="flows.plan",
    default_inputs={"x": 7},
    fixed_inputs={"items": [9]},
    schedule=CronSchedule(schedule="*/5 * * * *", kickoff_time_input_arg="x"),
    max_parallelism=4,
)


@workflow
def launching(x: int) -> int:
    total, _ = plan(x=x)
    return total
