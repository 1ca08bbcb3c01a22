"""The output of an attempt, as far as it is written, or until the attempt ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from alula.core.engine.records import AttemptPhase
from alula.core.errors import InvalidInput, NotFound
from alula.core.ids import AttemptId
from alula.server.access import Action
from alula.server.identity import Caller
from alula.server.services import layout
from alula.server.services.executions import read_execution, require_execution
from alula.server.services.nodes import read_attempt
from alula.server.services.platform import Platform
from alula.server.store import Filter, Query

FOLLOW_MIN_S, FOLLOW_MAX_S = 0.25, 2.0
"""How often a follower looks for new output: less often the longer there was none."""


async def open_log(platform: Platform, caller: Caller, attempt: AttemptId, *, follow: bool) -> AsyncIterator[bytes]:
    """The log of an attempt in pieces; with `follow` also what it will write.

    Raises `NotFound` when there is no such attempt, before the first piece.
    """
    execution = await require_execution(platform, caller, attempt.execution, Action.VIEW)
    uri = layout.log_uri(platform.blobs, attempt, incarnation=execution.incarnation)
    ended = await _has_ended(platform, attempt)
    return _followed(platform, attempt, uri) if follow and not ended else _written(platform, uri, 0)


async def _followed(platform: Platform, attempt: AttemptId, uri: str) -> AsyncIterator[bytes]:
    loop = asyncio.get_running_loop()
    offset, checked_at, ended, interval_s = 0, loop.time(), False, FOLLOW_MIN_S
    with platform.hub.watch(attempt.execution) as subscription:
        while True:
            interval_s = min(interval_s * 1.5, FOLLOW_MAX_S)
            if (await platform.blobs.size(uri) or 0) > offset:  # to open it costs more than to look
                async for piece in _written(platform, uri, offset):
                    offset += len(piece)
                    yield piece
                interval_s = FOLLOW_MIN_S
            if ended or subscription.closed:
                return
            news = await subscription.next(timeout_s=interval_s)
            if news is not None or loop.time() - checked_at > platform.recheck_s:
                # One more round of reading after the end: output may have come before the news of it.
                ended = await _has_ended(platform, attempt)
                checked_at = loop.time()


async def _written(platform: Platform, uri: str, offset: int) -> AsyncIterator[bytes]:
    try:
        async for piece in platform.blobs.read(uri, offset=offset):
            yield piece
    except (NotFound, InvalidInput):
        return  # it has not written anything, or put something else in the place of its log


async def _has_ended(platform: Platform, attempt: AttemptId) -> bool:
    execution = await read_execution(platform, attempt.execution)
    phase = await _phase(platform, attempt)
    if phase is None:
        raise NotFound("TaskExecutionNotFound", f"there is no attempt `{attempt}`")
    return phase.is_terminal or execution.phase.is_terminal


async def _phase(platform: Platform, attempt: AttemptId) -> AttemptPhase | None:
    if attempt.index < 0:
        record = await read_attempt(platform, attempt.execution, attempt.node_id, attempt.attempt)
        return None if record is None else record.phase
    page = Query(limit=1, sort_by="index", filters=(Filter("index", "eq", (str(attempt.index),)),))
    for item in await platform.store.items(attempt.execution, attempt.node_id, page):
        if attempt.attempt < item.attempt:
            return AttemptPhase.RETRYABLE_FAILED  # only the newest attempt of an item is on record
        return item.phase if attempt.attempt == item.attempt else None
    return None
