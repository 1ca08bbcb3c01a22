"""Trying again what the store, or that of the objects, refuses for now."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from alula.core.errors import ResourceExhausted, Unavailable

RETRY_S = 0.5

logger = logging.getLogger(__name__)

T = TypeVar("T")


async def again(work: Callable[[], Awaitable[T]], *, every_s: float = RETRY_S) -> T:
    """Do the work, for as long as it takes; what else it raises goes through."""
    while True:
        try:
            return await work()
        except (Unavailable, ResourceExhausted) as error:
            logger.warning("it can't be read or kept now, trying again: %s", error)
            await asyncio.sleep(every_s)
