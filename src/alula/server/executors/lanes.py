"""Work on objects by name: what concerns one is done one thing after the other, and different ones side by side."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeAlias, TypeVar

from alula.server import incidents

Key = TypeVar("Key", bound=Hashable)
_Answer = TypeVar("_Answer")
Work: TypeAlias = Callable[[], Awaitable[None]]


class Lanes(Generic[Key]):
    """Each lane lives as long as it has work."""

    def __init__(self) -> None:
        self._waiting: dict[Key, deque[Work]] = {}
        self._tasks: dict[Key, asyncio.Task[None]] = {}

    def add(self, key: Key, work: Work) -> None:
        """Do this after all that is to be done with the same object already. An error of it is an incident."""
        lane = self._waiting.get(key)
        if lane is not None:
            lane.append(work)
            return
        self._waiting[key] = deque((work,))
        self._tasks[key] = asyncio.create_task(self._run(key), name=f"lane of {key}")

    async def do(self, key: Key, work: Work) -> None:
        """As `add`, and wait until it is done."""
        done = asyncio.get_running_loop().create_future()

        async def told() -> None:
            try:
                await work()
            finally:
                if not done.done():
                    done.set_result(None)

        self.add(key, told)
        await done

    async def ask(self, key: Key, work: Callable[[], Awaitable[_Answer]]) -> _Answer:
        """As `add`, and give the answer. The work is done to its end, also if nobody waits for it any more."""
        answer: asyncio.Future[_Answer] = asyncio.get_running_loop().create_future()

        async def answered() -> None:
            try:
                result = await work()
            except Exception as error:  # noqa: BLE001 - it is for the one that waits
                if not answer.done():
                    answer.set_exception(error)
            else:
                if not answer.done():
                    answer.set_result(result)

        self.add(key, answered)
        return await answer

    async def _run(self, key: Key) -> None:
        lane = self._waiting[key]
        try:
            while lane:
                try:
                    await lane.popleft()()
                except Exception as error:  # noqa: BLE001 - the next work is not to suffer from it
                    incidents.report(error, f"at the job {key} of an executor")
        finally:
            del self._waiting[key], self._tasks[key]

    async def close(self, *, grace_s: float = 0.0) -> None:
        """Drop all work, also that under way once it has had its grace."""
        tasks = list(self._tasks.values())
        if tasks and grace_s:
            await asyncio.wait(tasks, timeout=grace_s)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
