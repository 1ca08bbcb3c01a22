"""What a commit tells the consumers of the outbox: which runs and nodes are in another phase after it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from alula.core.engine.records import Changes, NodePhase, NodeRecord
from alula.server.store.executions import ExecutionRecord

Told = tuple[Literal["run", "node"], str, int, int]
"""Kind, node id, phase, since when."""


def told(changes: Changes) -> Iterator[Told]:
    """Of the changes of one execution, merged: at most one row for each node. A run that ends comes last."""
    for node in changes.nodes:
        if _is_news(node):
            yield "node", node.node_id, int(node.phase), node.updated_at
    run = changes.execution
    if run is not None:
        yield "run", "", int(run.phase), run.updated_at


def launched(execution: ExecutionRecord) -> Told:
    """Of an execution that is created."""
    return "run", "", int(execution.phase), execution.created_at


def _is_news(node: NodeRecord) -> bool:
    """Whether the node has come to its phase, and not only more is known of it in that."""
    is_new = node.created_at is not None or node.started_at is not None
    return is_new or node.phase.is_terminal or node.phase is NodePhase.DYNAMIC_RUNNING
