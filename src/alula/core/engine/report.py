"""The rows that show what a machine did: nodes and attempts of a graph, items of an array."""

from __future__ import annotations

from alula.core.engine.cells import TaskCell
from alula.core.engine.events import AttemptProgressed
from alula.core.engine.records import (
    AttemptPhase,
    AttemptRecord,
    CacheStatus,
    ItemRecord,
    JobRecord,
    NodePhase,
    NodeRecord,
)
from alula.core.engine.state import Scope, Turn
from alula.core.engine.usage import Usage
from alula.core.errors import TaskError


def node_queued(turn: Turn, scope: Scope, node: int, inputs: bytes) -> None:
    """A node has its inputs and is on its way."""
    if turn.silent or scope.is_compact:
        return
    plan = scope.plan_node(node)
    parent = scope.parent
    turn.changes.nodes.append(
        NodeRecord(
            node_id=scope.node_id(node),
            phase=NodePhase.QUEUED,
            updated_at=turn.at,
            spec_node_id=scope.spec_id(node),
            parent_id=parent.node_id(scope.parent_node) if parent else "",
            created_at=turn.at,
            inputs=inputs,
            is_parent=plan.kind in ("subworkflow", "branch"),
            is_array=plan.kind == "array",
            is_dynamic=False,
        )
    )


def node_running(turn: Turn, scope: Scope, node: int) -> None:
    if turn.silent or scope.is_compact:
        return
    turn.changes.nodes.append(
        NodeRecord(scope.node_id(node), NodePhase.RUNNING, updated_at=turn.at, started_at=turn.at)
    )


def node_expanded(turn: Turn, scope: Scope, node: int, closure_uri: str) -> None:
    """A dynamic task gave its graph, which runs now."""
    if turn.silent or scope.is_compact:
        return
    turn.changes.nodes.append(
        NodeRecord(
            scope.node_id(node),
            NodePhase.DYNAMIC_RUNNING,
            updated_at=turn.at,
            is_parent=True,
            is_dynamic=True,
            dynamic_uri=closure_uri,
        )
    )


def node_ended(
    turn: Turn,
    scope: Scope,
    node: int,
    phase: NodePhase,
    *,
    outputs: bytes | None = None,
    error: TaskError | None = None,
) -> None:
    """A node came to its end."""
    if turn.silent or scope.is_compact:
        return
    turn.changes.nodes.append(
        NodeRecord(scope.node_id(node), phase, updated_at=turn.at, ended_at=turn.at, outputs=outputs, error=error)
    )


def node_skipped(turn: Turn, scope: Scope, node: int) -> None:
    """A node will not run, because one before it did not succeed."""
    node_queued(turn, scope, node, b"")
    node_ended(turn, scope, node, NodePhase.SKIPPED)


def cache_status(turn: Turn, scope: Scope, node: int, cell: TaskCell, *, source: str | None = None) -> None:
    if turn.silent or scope.is_compact:
        return
    turn.changes.nodes.append(
        NodeRecord(
            scope.node_id(node),
            NodePhase.QUEUED,
            updated_at=turn.at,
            cache_status=cell.cache_status,
            cache_source=source,
        )
    )


def node_taken_over(
    turn: Turn, scope: Scope, node: int, *, deck_uri: str, cache_status: CacheStatus, cache_source: str, child: str
) -> None:
    """A node has its result from an earlier execution."""
    if turn.silent or scope.is_compact:
        return
    turn.changes.nodes.append(
        NodeRecord(
            scope.node_id(node),
            NodePhase.QUEUED,
            updated_at=turn.at,
            deck_uri=deck_uri or None,
            cache_status=cache_status if cache_status is not CacheStatus.DISABLED else None,
            cache_source=cache_source or None,
            child=child or None,
        )
    )


def item_taken_over(turn: Turn, scope: Scope, node: int) -> None:
    """An item of an array of tasks has its result from an earlier execution."""
    if not turn.silent:
        turn.changes.items.append(
            ItemRecord(scope.node_id(node), node, 0, AttemptPhase.SUCCEEDED, updated_at=turn.at, ended_at=turn.at)
        )


def deck(turn: Turn, scope: Scope, node: int, attempt: int, uri: str) -> None:
    """An attempt has something to show. What one of an item of an array shows is told beside the item, which has no
    node of its own."""
    if turn.silent or not uri:
        return
    if scope.is_compact:
        turn.explain(scope, node, attempt, "ItemDeck", f"deck: {uri}", {"deck": uri})
    else:
        turn.changes.nodes.append(NodeRecord(scope.node_id(node), NodePhase.RUNNING, updated_at=turn.at, deck_uri=uri))


def attempt(
    turn: Turn,
    scope: Scope,
    node: int,
    cell: TaskCell,
    phase: AttemptPhase,
    *,
    error: TaskError | None = None,
    is_interruptible: bool | None = None,
    at: int = 0,
    progress: AttemptProgressed | None = None,
    usage: Usage | None = None,
) -> None:
    """An attempt is now in `phase`, since `at` if that is known: a row of its own, or its item's in an array."""
    if turn.silent:
        return
    ended_at = (at or turn.at) if phase.is_terminal else None
    started_at = (at or turn.at) if phase is AttemptPhase.RUNNING else None
    logs, info = (progress.logs, progress.info) if progress is not None else (None, None)
    if scope.is_compact:
        turn.changes.items.append(
            ItemRecord(
                node_id=scope.node_id(node),
                index=node,
                attempt=cell.attempt,
                phase=phase,
                updated_at=turn.at,
                started_at=started_at,
                ended_at=ended_at,
                error=error,
                cache_status=cell.cache_status if cell.cache_status is not CacheStatus.DISABLED else None,
                logs=logs,
                info=info,
                usage=usage,
            )
        )
        return
    record = AttemptRecord(
        node_id=scope.node_id(node),
        attempt=cell.attempt,
        phase=phase,
        updated_at=turn.at,
        started_at=started_at,
        ended_at=ended_at,
        error=error,
        is_interruptible=is_interruptible,
        executor=(progress.executor or None) if progress is not None else None,
        logs=logs,
        info=info,
        usage=usage,
    )
    if phase is AttemptPhase.QUEUED:
        task = scope.plan_node(node).task
        assert task is not None
        record.task, record.task_type, record.created_at = task.id, task.template.type, turn.at
    turn.changes.attempts.append(record)


def job(turn: Turn, scope: Scope, node: int, cell: TaskCell) -> None:
    """Another system has a job for the attempt."""
    if not turn.silent:
        turn.changes.jobs.append(_job(scope, node, cell, cell.executor, cell.handle))


def job_over(turn: Turn, scope: Scope, node: int, cell: TaskCell) -> None:
    """The job of the attempt, if it has one, is over: its executor has told of the end."""
    if cell.handle and not turn.silent:
        turn.changes.jobs.append(_job(scope, node, cell))


def _job(scope: Scope, node: int, cell: TaskCell, executor: str = "", handle: bytes = b"") -> JobRecord:
    index = node if scope.is_compact else -1
    return JobRecord(scope.node_id(node), index, cell.attempt, executor, handle)
