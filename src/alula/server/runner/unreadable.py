"""The end of an execution that the engine has no state of: its log can't be read, or no state follows from it.

Its rows are closed as they stand, with one event at the end of its log. The log stays as it is: what had succeeded can
be recovered by a version that reads it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from alula.core.engine import events as facts
from alula.core.engine.records import (
    AttemptPhase,
    AttemptRecord,
    Changes,
    ExecutionChange,
    ExecutionPhase,
    ItemRecord,
    NodePhase,
    NodeRecord,
)
from alula.core.errors import TaskError
from alula.core.ids import AttemptId, ExecutionId
from alula.server import incidents
from alula.server.store import Store
from alula.server.store.attempts import ATTEMPTS
from alula.server.store.items import ITEMS
from alula.server.store.log import Commit
from alula.server.store.nodes import NODES
from alula.server.store.query import Query, every
from alula.server.trouble import passes

PAGE = 1_000


async def end_unread(
    store: Store, id: ExecutionId, error: TaskError, *, runner: str, now: int
) -> Sequence[AttemptId] | None:
    """End it. Returns the attempts that may still run, or None if the execution is not the runner's any more."""
    event = facts.encode(facts.PlatformFailed(now, error))
    changes, may_run = await _closing(store, id, now)
    changes.execution = ExecutionChange(ExecutionPhase.FAILED, now, ended_at=now, error=error)
    while await store.ownership.owner(id) == runner:
        if await _has_ended(store, id):  # the answer to an earlier try may have been lost
            return may_run
        mail = [message.number for message in await store.inbox.read([id])]
        commit = Commit(id, await store.log.next_seq(id), [event], changes, mail, owner=runner)
        if all(await store.log.commit([commit])):
            return may_run
    return None


async def _has_ended(store: Store, id: ExecutionId) -> bool:
    try:
        record = await store.executions.get(id)
    except Exception as error:
        if passes(error):
            raise
        return False  # its own row can't be read, but it can be written
    return record is not None and record.phase.is_terminal


async def _closing(store: Store, id: ExecutionId, now: int) -> tuple[Changes, list[AttemptId]]:
    """The changes that close its rows, but for rows that can't be read either, and the attempts that may still run.

    Those that rows say were aborted are among them: by an earlier try, perhaps, which came to cancel nothing.
    """
    changes = Changes()
    may_run: list[AttemptId] = []
    try:
        async for node in every(NODES, partial(store.nodes.page, id, None), _in_pages("node_id")):
            if not node.phase.is_terminal:
                changes.nodes.append(NodeRecord(node.node_id, NodePhase.ABORTED, now, ended_at=now))
            if node.phase is NodePhase.ABORTED or not node.phase.is_terminal:
                await _close_attempts(store, id, node.node_id, now, changes, may_run)
    except Exception as error:
        if passes(error):
            raise
        incidents.report(error, f"while rows of execution {id} were closed", id)
    return changes, may_run


async def _close_attempts(
    store: Store, id: ExecutionId, node_id: str, now: int, changes: Changes, may_run: list[AttemptId]
) -> None:
    ended = AttemptPhase.ABORTED
    async for attempt in every(ATTEMPTS, partial(store.attempts.page, id, node_id), _in_pages("attempt")):
        if not attempt.phase.is_terminal:
            changes.attempts.append(AttemptRecord(node_id, attempt.attempt, ended, now, ended_at=now))
        if attempt.phase is ended or not attempt.phase.is_terminal:
            may_run.append(AttemptId(id, node_id, attempt.attempt))
    async for item in every(ITEMS, partial(store.items.page, id, node_id), _in_pages("index")):
        if not item.phase.is_terminal:
            changes.items.append(ItemRecord(node_id, item.index, item.attempt, ended, now, ended_at=now))
        if item.phase is ended or not item.phase.is_terminal:
            may_run.append(AttemptId(id, node_id, item.attempt, item.index))


def _in_pages(order: str) -> Query:
    return Query(limit=PAGE, sort_by=order, descending=False)
