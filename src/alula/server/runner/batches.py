"""Calls of the store for several executions at once, made again for each if one of them is at fault.

`broke` takes the error that belongs to one execution. Trouble of the store that passes is raised.
"""

from __future__ import annotations

from collections.abc import Sequence

from alula.core.engine import events as facts
from alula.core.engine.events import Event
from alula.core.ids import ExecutionId
from alula.server.runner.errands import Broke
from alula.server.store import Store
from alula.server.store.inbox import InboxMessage
from alula.server.store.log import Commit
from alula.server.trouble import passes


async def commit(store: Store, commits: Sequence[Commit], broke: Broke) -> list[bool]:
    """Commit them. Returns for each whether the store has kept it."""
    try:
        return await store.log.commit(commits)
    except Exception as error:
        if passes(error):
            raise
        if len(commits) == 1:
            broke(commits[0].execution, error, "while its rows were stored")
            return [False]
    return [kept for commit_ in commits for kept in await commit(store, [commit_], broke)]


async def messages(store: Store, ids: Sequence[ExecutionId], broke: Broke) -> list[tuple[InboxMessage, Event]]:
    """The messages of these executions with their events, aborts first."""
    found = [
        (message, event)
        for message in await _inbox(store, ids, broke)
        if (event := _decoded(message, broke)) is not None
    ]
    return sorted(found, key=lambda told: not isinstance(told[1], facts.AbortRequested))


async def _inbox(store: Store, ids: Sequence[ExecutionId], broke: Broke) -> list[InboxMessage]:
    try:
        return await store.inbox.read(ids)
    except Exception as error:
        if passes(error):
            raise
        if len(ids) > 1:
            return [message for id in ids for message in await _inbox(store, [id], broke)]
        broke(ids[0], error, "while its mail was read")
        return []


def _decoded(message: InboxMessage, broke: Broke) -> Event | None:
    try:
        return facts.decode(message.event)
    except Exception as error:  # noqa: BLE001  (the record may be of any other version)
        broke(message.execution, error, "while its mail was read")
        return None
