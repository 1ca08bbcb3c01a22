"""Flows for the tests of the command line."""

import time
from functools import partial
from pathlib import Path
from typing import NamedTuple

from alula import Cache, LaunchPlan, RecoverableError, current_context, map_task, task, workflow


@task
def greet(name: str) -> str:
    print(f"greeting {name}")
    return f"Hello, {name}!"


@workflow
def hello(name: str = "world") -> str:
    """Greet somebody.

    Args:
        name: whom to greet
    """
    return greet(name=name)


ada = LaunchPlan.create("ada", hello, default_inputs={"name": "Ada"})


def divide(x: int) -> int:
    return 1 // x


@task
def invert(x: int) -> int:
    return divide(x)


@workflow
def failing(x: int = 0) -> int:
    return invert(x=x)


@task(retries=1)
def flaky() -> int:
    if current_context().attempt == 0:
        raise RecoverableError("ask again")
    return 1


@task(cache=Cache(version="1"))
def constant() -> int:
    return 7


@task
def scale(x: int, by: int) -> int:
    print(f"scaling {x}")
    return x * by


trebled = map_task(partial(scale, by=3), concurrency=1)


class Results(NamedTuple):
    scaled: list[int]
    seven: int


@workflow
def wide(xs: list[int] = [1, 2, 3]) -> Results:  # noqa: B006
    first = flaky()
    return Results(map_task(partial(scale, by=first))(x=xs), constant())


@task
def wait(seconds: float = 60.0) -> None:
    print("waiting", flush=True)
    time.sleep(seconds)


@workflow
def patient(seconds: float = 60.0) -> None:
    wait(seconds=seconds)


@task
def talk(folder: str) -> None:
    """Says one thing each time it is started, and ends when a file is there."""
    print("I have begun", flush=True)
    while not Path(folder, "go").exists():
        time.sleep(0.01)
    print("I am done", flush=True)
