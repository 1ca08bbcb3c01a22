"""`AsyncFlyteRemote`: the methods of `FlyteRemote` in a form to be awaited."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any, Concatenate, ParamSpec, TypeVar

from alula.core.errors import Unavailable
from alula.sdk.client.flyte_executions import FlyteWorkflowExecution
from alula.sdk.client.flyte_remote import FlyteRemote

P = ParamSpec("P")
R = TypeVar("R")
WAIT_PIECE_S = 5.0
"""The longest that a thread goes on to wait for a run when nobody awaits it any more."""


def _awaited(
    method: Callable[Concatenate[FlyteRemote, P], R],
) -> Callable[Concatenate[AsyncFlyteRemote, P], Coroutine[Any, Any, R]]:
    async def call(self: AsyncFlyteRemote, *args: P.args, **kwargs: P.kwargs) -> R:
        return await asyncio.to_thread(method, self.remote, *args, **kwargs)

    call.__doc__ = method.__doc__
    call.__name__ = method.__name__
    return call


class AsyncFlyteRemote:
    """A `FlyteRemote` for programs with an event loop, which goes on while the platform is asked.

    ```python
    remote = AsyncFlyteRemote(FlyteRemote.auto())
    runs = await asyncio.gather(*(remote.execute(pipeline, inputs={"n": n}, wait=True) for n in range(4)))
    ```
    """

    def __init__(self, remote: FlyteRemote) -> None:
        self.remote = remote

    fetch_task = _awaited(FlyteRemote.fetch_task)
    fetch_workflow = _awaited(FlyteRemote.fetch_workflow)
    fetch_launch_plan = _awaited(FlyteRemote.fetch_launch_plan)
    fetch_execution = _awaited(FlyteRemote.fetch_execution)
    register_task = _awaited(FlyteRemote.register_task)
    register_workflow = _awaited(FlyteRemote.register_workflow)
    register_launch_plan = _awaited(FlyteRemote.register_launch_plan)
    sync = _awaited(FlyteRemote.sync)
    sync_execution = _awaited(FlyteRemote.sync_execution)
    terminate = _awaited(FlyteRemote.terminate)
    approve = _awaited(FlyteRemote.approve)
    reject = _awaited(FlyteRemote.reject)
    set_input = _awaited(FlyteRemote.set_input)
    _start = _awaited(FlyteRemote.execute)

    async def execute(self, *args: Any, wait: bool = False, **kwargs: Any) -> FlyteWorkflowExecution:
        """As `FlyteRemote.execute`."""
        execution = await self._start(*args, **kwargs)
        return await self.wait(execution) if wait else execution

    async def wait(
        self, execution: FlyteWorkflowExecution, timeout: timedelta | float | None = None
    ) -> FlyteWorkflowExecution:
        """Until a run has ended. Raises `Unavailable` code `WaitTimeout`; the run goes on."""
        seconds = timeout.total_seconds() if isinstance(timeout, timedelta) else timeout
        until = None if seconds is None else time.monotonic() + seconds
        while True:
            left = WAIT_PIECE_S if until is None else max(0.0, until - time.monotonic())
            try:
                return await asyncio.to_thread(self.remote.wait, execution, timedelta(seconds=min(WAIT_PIECE_S, left)))
            except Unavailable as error:
                if error.code != "WaitTimeout" or (left <= WAIT_PIECE_S and until is not None):
                    raise

    async def outputs(self, execution: FlyteWorkflowExecution) -> dict[str, object]:
        """The outputs of a run. Raises `FailedPrecondition` unless it has succeeded."""
        return await asyncio.to_thread(lambda: execution.outputs)
