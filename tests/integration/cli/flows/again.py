"""A pipeline that can be broken and mended from outside, and that leaves a mark for every step that runs."""

from functools import partial
from pathlib import Path

from alula import current_context, dynamic, map_task, task, workflow


def mark(folder: str, step: str) -> None:
    with open(f"{folder}/steps", "a") as steps:
        steps.write(f"{step}\n")


@task
def load(folder: str, n: int) -> list[int]:
    mark(folder, "load")
    return list(range(n))


@task
def square(x: int, folder: str) -> int:
    mark(folder, f"square {x}")
    checkpoint = current_context().checkpoint
    if x == 2 and not Path(folder, "mended").exists():
        checkpoint.write(b"half way")
        raise ValueError("two is broken")
    before = checkpoint.read()
    return x * x + (100 if before == b"half way" else 0)


@dynamic
def spread(folder: str, xs: list[int]) -> list[int]:
    mark(folder, "spread")
    return [square(x=x + 10, folder=folder) for x in xs]


@task
def total(folder: str, xs: list[int], ys: list[int], extra: int) -> int:
    mark(folder, "total")
    return sum(xs) + sum(ys) + extra


@workflow
def pipeline(folder: str, n: int = 3, extra: int = 0) -> int:
    xs = load(folder=folder, n=n)
    ys = spread(folder=folder, xs=xs)
    squares = map_task(partial(square, folder=folder), run_all_sub_nodes=True)(x=xs)
    ys >> squares  # pyright: ignore[reportOperatorIssue]  a step, by its type a value
    return total(folder=folder, xs=squares, ys=ys, extra=extra)
