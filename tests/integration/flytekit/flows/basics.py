"""Workflows as a flytekit user writes them."""

from dataclasses import dataclass

from flytekit import LaunchPlan, conditional, current_context, dynamic, map_task, task, workflow
from flytekit.exceptions.user import FlyteRecoverableException
from flytekit.types.error.error import FlyteError
from flytekit.types.file import FlyteFile


@dataclass
class Point:
    x: int
    label: str


@task
def add(a: int, b: int) -> int:
    print(f"adding {a} and {b}")
    return a + b


@task
def double(a: int) -> int:
    return 2 * a


@workflow
def two_tasks(a: int = 2, b: int = 3) -> int:
    return double(a=add(a=a, b=b))


@workflow
def inner(a: int) -> int:
    return double(a=a)


@workflow
def with_sub_workflow(a: int = 4) -> int:
    return add(a=inner(a=a), b=1)


@workflow
def mapped(numbers: list[int] = [1, 2, 3]) -> list[int]:  # noqa: B006
    return map_task(double)(a=numbers)


@task
def count_lines(file: FlyteFile) -> int:
    with open(file) as lines:
        return len(lines.readlines())


@task
def write_twice(file: FlyteFile) -> FlyteFile:
    path = f"{current_context().working_directory}/twice.txt"
    with open(file) as source, open(path, "w") as target:
        target.write(source.read() * 2)
    return FlyteFile(path)


@workflow
def files(file: FlyteFile) -> int:
    return count_lines(file=write_twice(file=file))


@task
def label(point: Point) -> str:
    return f"{point.label}{point.x}"


@workflow
def structured(point: Point = Point(3, "p")) -> str:  # noqa: B008
    return label(point=point)


@task
def breaks(a: int) -> int:
    if a < 10:
        raise ValueError(f"{a} is out of range")
    return a


@workflow
def failing(a: int = 1) -> int:
    return breaks(a=a)


@task(retries=2)
def flaky(a: int) -> int:
    import os

    if os.environ["FLYTE_ATTEMPT_NUMBER"] == "0":
        raise FlyteRecoverableException("not yet")
    return a


@workflow
def retried(a: int = 1) -> int:
    return flaky(a=a)


@task(cache=True, cache_version="1")
def costly(a: int) -> int:
    print("costly ran")
    return a * 100


@workflow
def cached(a: int = 1) -> int:
    return costly(a=a)


@task
def is_big(a: int) -> int:
    return a


@workflow
def branched(a: int = 1) -> int:
    return conditional("size").if_(a > 10).then(double(a=a)).elif_(a > 5).then(is_big(a=a)).else_().then(add(a=a, b=1))


@dynamic
def spread(n: int) -> list[int]:
    return [double(a=i) for i in range(n)]


@task
def total(numbers: list[int]) -> int:
    return sum(numbers)


@workflow
def dynamic_sum(n: int = 4) -> int:
    return total(numbers=spread(n=n))


plan_of_two = LaunchPlan.get_or_create(two_tasks, name="flows.basics.plan_of_two", fixed_inputs={"b": 10})


@workflow
def with_launch_plan(a: int = 1) -> int:
    return double(a=plan_of_two(a=a))


@task
def clean_up(a: int, err: FlyteError | None = None) -> None:
    print(f"cleaning up after {err.failed_node_id if err else 'nothing'}")


@workflow(on_failure=clean_up)
def guarded(a: int = 1) -> int:
    return breaks(a=a)


@workflow
def mapped_plan(a: list[int] = [1, 2]) -> list[int]:  # noqa: B006
    return map_task(plan_of_two, concurrency=2)(a=a)


@task
def needs_file(a: int, path: str) -> int:
    import os

    if not os.path.exists(path):
        raise ValueError(f"{path} is missing")
    return a


@workflow
def mendable(mended: str) -> int:
    return needs_file(a=add(a=3, b=5), path=mended)
