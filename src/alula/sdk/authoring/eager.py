"""`@eager`: a task whose body is plain Python, and whose calls are runs of their own.

On the platform each call launches an execution and gives its result. In a local run it runs in this process.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar, Unpack, overload

from alula.sdk.authoring.interface import is_async
from alula.sdk.authoring.kind import EAGER
from alula.sdk.authoring.task import Task, check_ignored
from alula.sdk.authoring.task_settings import TaskOptions, task_settings
from alula.sdk.mistake import caller, mistake

P = ParamSpec("P")
R = TypeVar("R")


@overload
def eager(function: Callable[P, Coroutine[Any, Any, R]], /) -> Task[P, Coroutine[Any, Any, R]]: ...


@overload
def eager(
    **options: Unpack[TaskOptions],
) -> Callable[[Callable[P, Coroutine[Any, Any, R]]], Task[P, Coroutine[Any, Any, R]]]: ...


def eager(
    function: Callable[P, Coroutine[Any, Any, R]] | None = None, /, **options: Unpack[TaskOptions]
) -> Task[P, Coroutine[Any, Any, R]] | Callable[[Callable[P, Coroutine[Any, Any, R]]], Task[P, Coroutine[Any, Any, R]]]:
    """Make an eager task of an `async def`: each task, workflow or launch plan that it calls is a run of its own.

    ```python
    @eager
    async def search(depths: list[int], data: str) -> float:
        scores = await asyncio.gather(*(train.aio(data=data, depth=depth) for depth in depths))
        return max(scores)
    ```

    The body sees values everywhere, so it may use all of Python. Calls of what is an `async def` are awaited, all
    others give their result when it is there; `aio` awaits these, too. A call whose run fails raises `EagerException`.
    Settings are those of `@task` and concern the body.

    Raises `InvalidInput` as `@task` does, and for a function that is no `async def`.
    """
    at = caller()
    settings = task_settings(options, "`@eager`", at=at)

    def declare(function: Callable[P, Coroutine[Any, Any, R]]) -> Task[P, Coroutine[Any, Any, R]]:
        made = Task(function, settings, EAGER)
        if not is_async(function):
            raise mistake(
                "NotAsync",
                f"eager task `{made.interface.name}` is a plain function",
                at=made.location,
                fix=f"write `async def {made.interface.name}(...)`",
            )
        check_ignored(made, at=at)
        return made

    return declare if function is None else declare(function)
