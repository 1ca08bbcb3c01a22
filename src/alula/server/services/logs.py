"""The output of an attempt, as far as it is written, or until the attempt ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec

from alula.core.engine.records import AttemptPhase
from alula.core.errors import InvalidInput, NotFound
from alula.core.ids import AttemptId
from alula.server.access import Action
from alula.server.identity import Caller
from alula.server.log import LogSource
from alula.server.pieces import first_bytes
from alula.server.services.executions import read_execution, require_execution
from alula.server.services.nodes import read_attempt
from alula.server.services.platform import Platform
from alula.server.store.query import Filter, Query

FOLLOW_MIN_S, FOLLOW_MAX_S = 0.25, 2.0
"""The shortest and the longest time between a follower's looks for new output: longer the longer there was none."""
OFFSET_MAX = 1 << 60
"""In bytes: no log is longer."""


class OpenLog(msgspec.Struct, frozen=True):
    """A log, as far as it is read."""

    offset: int
    """The bytes before its first piece."""
    size: int
    """All that is written now, in bytes."""
    ended: bool
    """True if nothing will be added."""
    pieces: AsyncIterator[bytes]


async def open_log(
    platform: Platform,
    caller: Caller,
    attempt: AttemptId,
    *,
    offset: int = 0,
    tail: int | None = None,
    limit: int = OFFSET_MAX,
    follow: bool = False,
) -> OpenLog:
    """The log of an attempt after the first `offset` bytes, or its last `tail` bytes, and no more than `limit`; with
    `follow` also all that it will write.

    Raises, before the first piece, `NotFound` if there is no such attempt, and `InvalidInput` for bytes that none has.
    """
    for name, count in (("offset", offset), ("tail", tail or 0), ("limit", limit)):
        if not 0 <= count <= OFFSET_MAX:
            raise InvalidInput("InvalidParameter", f"`{name}` must be a number of bytes from 0 on, not {count}")
    source = await source_of(platform, caller, attempt)
    ended = await has_ended(platform, attempt)
    size = await platform.logs.size(source)
    offset = offset if tail is None else max(0, size - tail)
    is_growing = follow and not ended
    pieces = _followed(platform, source, offset) if is_growing else platform.logs.read(source, offset=offset)
    return OpenLog(offset, size, ended, first_bytes(limit, pieces))


async def source_of(platform: Platform, caller: Caller, attempt: AttemptId) -> LogSource:
    """The log of an attempt. Raises `NotFound` if there is no such run."""
    execution = await require_execution(platform, caller, attempt.execution, Action.VIEW)
    return LogSource(attempt, execution.incarnation)


async def _followed(platform: Platform, source: LogSource, offset: int) -> AsyncIterator[bytes]:
    loop = asyncio.get_running_loop()
    checked_at, ended, interval_s = loop.time(), False, FOLLOW_MIN_S
    with platform.hub.watch(source.attempt.execution) as subscription:
        while True:
            interval_s = min(interval_s * 1.5, FOLLOW_MAX_S)
            if await platform.logs.has_more(source, offset=offset):
                async for piece in platform.logs.read(source, offset=offset):
                    offset += len(piece)
                    yield piece
                interval_s = FOLLOW_MIN_S
            if ended or subscription.closed:
                return
            news = await subscription.next(timeout_s=interval_s)
            if news is not None or loop.time() - checked_at > platform.recheck_s:
                # One more round of reading after the end: output may have come before the news of it.
                ended = await has_ended(platform, source.attempt)
                checked_at = loop.time()


async def has_ended(platform: Platform, attempt: AttemptId) -> bool:
    """True if an attempt writes nothing any more. Raises `NotFound` if there is none."""
    execution = await read_execution(platform, attempt.execution, with_values=False)
    phase = await _phase(platform, attempt)
    if phase is None:
        raise NotFound("TaskExecutionNotFound", f"there is no attempt `{attempt}`")
    return phase.is_terminal or execution.phase.is_terminal


async def _phase(platform: Platform, attempt: AttemptId) -> AttemptPhase | None:
    if attempt.index < 0:
        record = await read_attempt(platform, attempt.execution, attempt.node_id, attempt.attempt)
        return None if record is None else record.phase
    page = Query(limit=1, sort_by="index", filters=(Filter("index", "eq", (str(attempt.index),)),))
    for item in await platform.store.items.page(attempt.execution, attempt.node_id, page):
        if attempt.attempt < item.attempt:
            return AttemptPhase.RETRYABLE_FAILED  # only the newest attempt of an item is on record
        return item.phase if attempt.attempt == item.attempt else None
    return None
