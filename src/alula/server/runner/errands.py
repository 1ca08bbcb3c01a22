"""Work for executions that takes time, beside the runner's loop: each piece is a task of the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from alula.core.ids import ExecutionId

Broke = Callable[[ExecutionId, Exception, str], None]

T = TypeVar("T")


class Errands:
    """The errands under way. `broke` takes an error that belongs to one execution, and the words for its errand."""

    def __init__(self, broke: Broke) -> None:
        self._broke = broke
        self._tasks: set[asyncio.Task[Any]] = set()

    async def stop(self) -> None:
        """Leave all errands that are under way."""
        running = list(self._tasks)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    @property
    def under_way(self) -> int:
        """The number of errands that have not ended."""
        return len(self._tasks)

    def spawn(self, execution: ExecutionId, doing: str, work: Coroutine[object, object, None]) -> None:
        """Do something for an execution, which ends with an error that comes of it."""

        async def guarded() -> None:
            try:
                await work
            except Exception as error:  # noqa: BLE001  (whatever it is, no other task waits for it)
                self._broke(execution, error, doing)

        self.beside(guarded())

    def beside(self, work: Coroutine[object, object, T]) -> asyncio.Task[T]:
        """Do something that raises nothing, or whose errors the caller takes from the task."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
