"""The news of a commit for consumers of the outbox: the runs and nodes that are in another phase after it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from alula.core.engine.records import Changes, NodePhase, NodeRecord
from alula.server.store.executions import ExecutionRecord

Told = tuple[Literal["run", "node"], str, int, int]
"""Kind, node id, phase, and the time of the phase in microseconds."""


def told(changes: Changes) -> Iterator[Told]:
    """The news in merged changes of one execution, at most one for each node. The run comes last."""
    for node in changes.nodes:
        if _is_news(node):
            yield "node", node.node_id, int(node.phase), node.updated_at
    run = changes.execution
    if run is not None:
        yield "run", "", int(run.phase), run.updated_at


def launched(execution: ExecutionRecord) -> Told:
    """The news of an execution that is created."""
    return "run", "", int(execution.phase), execution.created_at


def _is_news(node: NodeRecord) -> bool:
    """True if the node has come to its phase; False if only more is known of it in the same phase."""
    is_new = node.created_at is not None or node.started_at is not None
    return is_new or node.phase.is_terminal or node.phase is NodePhase.DYNAMIC_RUNNING
