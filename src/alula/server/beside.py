"""Work that takes its time: done on the event loop if it is small, else in a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

AT_ONCE_BYTES = 64 * 1024
"""The limit of a message that is read, checked or written on the event loop. Others must not wait for a larger one."""

P = ParamSpec("P")
T = TypeVar("T")


async def done_beside(size: int, work: Callable[P, T], /, *args: P.args, **named: P.kwargs) -> T:
    """Do something with a message of so many bytes."""
    if size <= AT_ONCE_BYTES:
        return work(*args, **named)
    return await asyncio.to_thread(work, *args, **named)
