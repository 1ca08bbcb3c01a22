"""Following a run: how it stands, and how it stands after each change, until its end."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec

from alula.core.engine.records import ExecutionPhase
from alula.core.ids import ExecutionId
from alula.server.access import Action
from alula.server.identity import Caller
from alula.server.services.executions import read_execution, require_execution
from alula.server.services.platform import Platform


class Standing(msgspec.Struct, frozen=True):
    """How a run stands."""

    seq: int
    """The number of events in its log."""
    phase: ExecutionPhase


async def follow_execution(platform: Platform, caller: Caller, id: ExecutionId) -> AsyncIterator[Standing]:
    """How it stands at once, after each commit, and from time to time; nothing after its end.

    Raises `NotFound`, before the first.
    """
    await require_execution(platform, caller, id, Action.VIEW, with_values=False)
    return _standings(platform, id)


async def _standings(platform: Platform, id: ExecutionId) -> AsyncIterator[Standing]:
    with platform.hub.watch(id) as subscription:
        last = await _read(platform, id)
        yield last
        while not last.phase.is_terminal and not subscription.closed:
            news = await subscription.next(timeout_s=platform.recheck_s)
            if news is None and subscription.closed:
                return
            if news is None or news.nodes is None:  # silence may mean that news was lost; and lines show that it lives
                last = await _read(platform, id)
            else:
                last = Standing(news.seq, last.phase if news.phase is None else news.phase)
            yield last


async def _read(platform: Platform, id: ExecutionId) -> Standing:
    record = await read_execution(platform, id, with_values=False)
    return Standing(record.seq, record.phase)
