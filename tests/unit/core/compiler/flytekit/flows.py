"""Workflows of every kind, written with flytekit; `package.tgz` is what flytekit 1.16.31 makes of them.

To make it again, in an environment with flytekit and in this folder:
`pyflyte --pkgs flows package --image image:1 --copy none --force --output package.tgz`,
and for `futures.pb` run this file. The tests read the package only: flytekit is not needed for them.
"""

import datetime
import enum
import typing
from dataclasses import dataclass, field
from functools import partial

from flytekit import (
    LaunchPlan,
    Resources,
    StructuredDataset,
    approve,
    conditional,
    dynamic,
    map_task,
    sleep,
    task,
    wait_for_input,
    workflow,
)
from flytekit.types.directory import FlyteDirectory
from flytekit.types.error.error import FlyteError
from flytekit.types.file import FlyteFile

HOUR = datetime.timedelta(hours=1)


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Inner:
    a: int
    b: list[str]


@dataclass
class Config:
    rate: float = 0.1
    size: int = 3
    inner: Inner | None = None
    names: list[str] = field(default_factory=list)
    sizes: dict[str, int] = field(default_factory=dict)


@task
def make() -> Config:
    return Config(inner=Inner(1, ["a"]))


@task
def use(config: Config, size: int, name: str) -> int:
    return size


@task
def add(a: int, b: int = 2) -> int:
    return a + b


@task
def choose(a: int | None = None, color: Color = Color.RED, either: int | str = 1) -> int | None:
    return a


@task
def numbers(n: int) -> list[int]:
    return list(range(n))


@task
def files(file: FlyteFile, folder: FlyteDirectory) -> tuple[FlyteFile["csv"], FlyteDirectory]:  # noqa: F821
    return file, folder


@task
def table(file: FlyteFile["csv"]) -> FlyteFile:  # noqa: F821
    return file


@task
def plain(values: dict) -> dict:
    return values


@task
def frame(data: StructuredDataset) -> StructuredDataset:
    return data


@task
def shift(by: datetime.timedelta, at: datetime.datetime) -> datetime.datetime:
    return at + by


@task
def is_big(x: int) -> bool:
    return x > 1


@task
def total_of_some(xs: list[int | None]) -> int:
    return len(xs)


@task
def total(xs: list[int]) -> int:
    return sum(xs)


@task
def clean(a: int, err: FlyteError | None = None) -> None: ...


@dynamic
def grow(n: int) -> int:
    x = 0
    for i in range(n):
        x = add(a=i, b=x)
    y, _ = inner(a=x)
    return y


@workflow
def inner(a: int) -> typing.NamedTuple("Out", y=int, z=int | None):
    return add(a=a), choose(a=a)


@workflow
def single(a: int, k: str = "x") -> int:
    return add(a=a)


single_plan = LaunchPlan.get_or_create(single, name="single_plan")
inner_plan = LaunchPlan.get_or_create(inner, name="inner_plan", default_inputs={"a": 3})


@workflow
def attributes(n: int = 1) -> int:
    config = make()
    x = use(config=config, size=config.size, name=config.names[0])
    y = use(config=config, size=config.sizes["k"], name="s")
    return add(a=x, b=y)


@workflow
def deep_attributes() -> int:
    config = make()
    return use(config=config, size=config.inner.a, name=config.inner.b[0])


@workflow
def branches(a: int, s: str) -> int:
    x = add(a=a)
    flag = is_big(x=a)
    chosen = (
        conditional("c")
        .if_((x > 5) & (a < 100))
        .then(add(a=x, b=1))
        .elif_(flag.is_true())
        .then(add(a=a, b=x))
        .elif_(s == "x")
        .then(grow(n=x))
        .else_()
        .fail("no")
    )
    return add(a=chosen)


@workflow
def nested_branches(a: int) -> int:
    return (
        conditional("outside")
        .if_(a > 1)
        .then(conditional("within").if_(a > 2).then(add(a=a)).else_().then(add(a=a, b=7)))
        .else_()
        .then(add(a=1))
    )


@workflow
def maps(n: int) -> tuple[int, int]:
    xs = numbers(n=n)
    ys = map_task(add)(a=xs, b=xs)
    zs = map_task(partial(add, b=n), min_success_ratio=0.5, concurrency=2)(a=xs)
    return total(xs=ys), total_of_some(xs=zs)


@workflow
def array_of_launch_plans(n: int) -> list[int]:
    return map_task(single_plan)(a=numbers(n=n), k=["a"])


@workflow
def gates(n: int) -> int:
    x = approve(add(a=n), "ok", timeout=HOUR)
    y = wait_for_input("val", timeout=HOUR, expected_type=int)
    pause = sleep(datetime.timedelta(seconds=1))
    pause >> x
    return add(a=x, b=y)


@workflow(on_failure=clean)
def failing(a: int) -> int:
    return add(a=a).with_overrides(retries=3, limits=Resources(cpu="2", mem="1Gi"))


@workflow
def nesting(a: int, color: Color = Color.BLUE) -> int:
    _, z = inner(a=a)
    y, _ = inner_plan(a=a)
    choose(a=z, color=color)
    choose(a=y, either="x")
    choose()
    return grow(n=y)


@workflow
def mixed(
    file: FlyteFile, folder: FlyteDirectory, data: StructuredDataset, values: dict
) -> tuple[FlyteFile, StructuredDataset, dict]:
    found, _ = files(file=file, folder=folder)
    shift(by=datetime.timedelta(seconds=3), at=datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC))
    return table(file=found), frame(data=data), plain(values=values)


@workflow
def lists(a: int) -> tuple[int, int]:
    return total(xs=[add(a=a), a, 3]), total(xs=[])


if __name__ == "__main__":
    from pathlib import Path

    from flytekit.configuration import Image, ImageConfig, SerializationSettings
    from flytekit.core.context_manager import ExecutionState, FlyteContextManager

    context = FlyteContextManager.current_context()
    image = ImageConfig(default_image=Image("image", "image", "1"))
    builder = context.with_serialization_settings(SerializationSettings(image, "p", "d", "v"))
    mode = context.execution_state.with_params(mode=ExecutionState.Mode.TASK_EXECUTION)
    with FlyteContextManager.with_context(builder.with_execution_state(mode)):
        job = grow.dynamic_execute(grow._task_function, n=3)
    Path("futures.pb").write_bytes(job.to_flyte_idl().SerializeToString(deterministic=True))
