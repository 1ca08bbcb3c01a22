"""Between the two worlds: a coroutine run to its end, a blocking call awaited. Nothing else is async here."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")


def run(make: Callable[[], Coroutine[object, object, Result]]) -> Result:
    """Run what `make` gives in a new event loop; beside one that is running already (a notebook's), in a thread."""
    if not _is_in_loop():
        return asyncio.run(_of(make))
    context = contextvars.copy_context()
    with ThreadPoolExecutor(1, "alula-async-task") as threads:
        return threads.submit(context.run, lambda: asyncio.run(_of(make))).result()


def _is_in_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


async def _of(make: Callable[[], Coroutine[object, object, Result]]) -> Result:
    return await make()


async def in_thread(call: Callable[[], Result]) -> Result:
    """Await a call that blocks."""
    return await asyncio.to_thread(call)
