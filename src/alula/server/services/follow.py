"""Following a run: how it stands, and how it stands after each change, until its end."""

from __future__ import annotations

from collections.abc import AsyncIterator

from alula.core.ids import ExecutionId
from alula.server.access import Action
from alula.server.identity import Caller
from alula.server.services.executions import read_execution, require_execution
from alula.server.services.platform import Platform
from alula.server.services.watch import News


async def follow_execution(platform: Platform, caller: Caller, id: ExecutionId) -> AsyncIterator[News]:
    """News at once, after each commit, and from time to time; none after those of the end.

    Raises `NotFound`, before the first news.
    """
    await require_execution(platform, caller, id, Action.VIEW)
    return _news(platform, id)


async def _news(platform: Platform, id: ExecutionId) -> AsyncIterator[News]:
    with platform.hub.watch(id) as subscription:
        last = News(platform.hub.version, (await read_execution(platform, id)).phase)
        yield last
        while not last.phase.is_terminal and not subscription.closed:
            news = await subscription.next(timeout_s=platform.recheck_s)
            if news is None and subscription.closed:
                return
            # Silence may mean that another process runs it; and news show that the stream lives.
            last = news or News(last.version, (await read_execution(platform, id)).phase)
            yield last
