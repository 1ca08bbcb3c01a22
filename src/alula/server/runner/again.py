"""Repeated tries of work that the store, or that of the objects, refuses for now."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable
from typing import TypeVar

from alula.core.errors import ResourceExhausted
from alula.core.ids import ExecutionId
from alula.server.log_subject import about
from alula.server.trouble import passes

RETRY_S = 0.5
OBJECT_TRIES = 1_200
"""The tries to read or write one object, ten minutes in all: after that the object itself is at fault."""
logger = logging.getLogger(__name__)

T = TypeVar("T")


async def again(
    work: Callable[[], Awaitable[T]], of: ExecutionId, *, every_s: float = RETRY_S, tries: int = sys.maxsize
) -> T:
    """Do the work of a run, again while its error passes, up to `tries` times. Any other error goes through.

    A full disk does not count as a try: all else here waits for it, too.
    """
    while True:
        try:
            return await work()
        except Exception as error:
            if not passes(error):
                raise
            tries -= 0 if isinstance(error, ResourceExhausted) else 1
            if tries <= 0:
                raise
            logger.warning("it can't be read or kept now, trying again: %s", error, extra=about(of))
            await asyncio.sleep(every_s)
