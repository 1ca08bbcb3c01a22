"""The time of a run: a tree of spans, from the times in its rows.

A run holds its nodes, a node its attempts, its inner nodes or the run that it started; what is left between them are
operations: setup, runtime, idle time, teardown. Decides nothing; a span that is under way ends now.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec
from flyteidl.admin import execution_pb2
from flyteidl.core import metrics_pb2
from google.protobuf import timestamp_pb2

from alula.core.engine.records import AttemptRecord, NodePhase, NodeRecord
from alula.core.ids import ExecutionId
from alula.server.access import Action
from alula.server.identity import Caller
from alula.server.services.executions import require_execution
from alula.server.services.messages.names import execution_id, execution_identifier, node_identifier
from alula.server.services.messages.runs import task_execution_identifier
from alula.server.services.messages.times import timestamp
from alula.server.services.platform import Platform
from alula.server.store.executions import ExecutionRecord
from alula.server.store.query import Query

NODES_MAX = 2_000
"""Nodes of one execution, and attempts of a node, the oldest; more would not pass a client's limit on a message."""
LEVELS_MAX = 90
"""Spans inside spans: protobuf reads no message that is nested deeper than 100."""
Span = metrics_pb2.Span


async def get_execution_metrics(
    platform: Platform, caller: Caller, request: execution_pb2.WorkflowExecutionGetMetricsRequest
) -> execution_pb2.WorkflowExecutionGetMetricsResponse:
    """The spans of a run, `depth` levels of runs, nodes and attempts deep; all of them when negative.

    Raises `NotFound`.
    """
    record = await require_execution(platform, caller, execution_id(request.id), Action.VIEW)
    depth = min(request.depth, LEVELS_MAX) if request.depth >= 0 else LEVELS_MAX
    span = await _run_span(platform, record, depth)
    return execution_pb2.WorkflowExecutionGetMetricsResponse(span=span)


class _Nodes(msgspec.Struct, frozen=True):
    """The nodes of one run, by the node that they are in."""

    execution: ExecutionId
    inside: dict[str, list[NodeRecord]]


async def _run_span(platform: Platform, record: ExecutionRecord, depth: int) -> Span:
    end = record.ended_at or platform.clock()
    span = _span(record.created_at, end)
    span.workflow_id.CopyFrom(execution_identifier(record.id))
    if depth == 0:
        return span
    page = Query(limit=NODES_MAX, sort_by="created_at", descending=False)
    nodes = _Nodes(record.id, defaultdict(list))
    for node in await platform.store.nodes.page(record.id, None, page):
        nodes.inside[node.parent_id or ""].append(node)
    parts = [await _node_span(platform, nodes, node, depth - 1) for node in nodes.inside[""]]
    _fill(span, parts, "WORKFLOW_SETUP", "WORKFLOW_TEARDOWN", record.created_at, end)
    return span


async def _node_span(platform: Platform, nodes: _Nodes, node: NodeRecord, depth: int) -> Span:
    start = node.created_at or node.updated_at
    end = node.ended_at or (node.updated_at if node.phase.is_terminal else platform.clock())
    span = _span(start, end)
    span.node_id.CopyFrom(node_identifier(nodes.execution, node.node_id))
    if depth == 0:
        return span
    parts = await _attempt_spans(platform, nodes, node, depth - 1)
    parts += [await _node_span(platform, nodes, inner, depth - 1) for inner in nodes.inside.get(node.node_id, ())]
    if node.child:
        child = ExecutionId(nodes.execution.project, nodes.execution.domain, node.child)
        record = await platform.store.executions.get(child)
        parts += [] if record is None else [await _run_span(platform, record, depth - 1)]
    if parts:
        _fill(span, parts, "NODE_SETUP", "NODE_TEARDOWN", start, end)
    elif node.phase is not NodePhase.SKIPPED:
        began = node.started_at or end
        span.spans.extend(_operations(("NODE_SETUP", start, began), ("NODE_IDLE", began, end)))
    return span


async def _attempt_spans(platform: Platform, nodes: _Nodes, node: NodeRecord, depth: int) -> list[Span]:
    """Attempts in their order, with the time between two of them."""
    spans: list[Span] = []
    before: int | None = None
    page = Query(limit=NODES_MAX, descending=False)
    for attempt in await platform.store.attempts.page(nodes.execution, node.node_id, page):
        start = attempt.created_at or attempt.updated_at
        end = attempt.ended_at or (node.ended_at if node.phase.is_terminal else None) or platform.clock()
        if before is not None:
            spans += _operations(("NODE_RESET", before, start))
        spans.append(_attempt_span(attempt, nodes.execution, start, end, depth))
        before = end
    return spans


def _attempt_span(attempt: AttemptRecord, execution: ExecutionId, start: int, end: int, depth: int) -> Span:
    span = _span(start, end)
    span.task_id.CopyFrom(task_execution_identifier(attempt, execution))
    if depth != 0:
        began = attempt.started_at or end
        span.spans.extend(_operations(("TASK_SETUP", start, began), ("TASK_RUNTIME", began, end)))
    return span


def _fill(span: Span, parts: Sequence[Span], setup: str, teardown: str, start: int, end: int) -> None:
    """Fill a span with its parts, and with the operations before the first and after the last."""
    first = min((_us(part.start_time) for part in parts), default=end)
    last = max((_us(part.end_time) for part in parts), default=end)
    span.spans.extend(_operations((setup, start, first)))
    span.spans.extend(parts)
    span.spans.extend(_operations((teardown, last, end)))


def _operations(*operations: tuple[str, int, int]) -> Iterable[Span]:
    """The operations that took any time."""
    for name, start, end in operations:
        if end > start:
            span = _span(start, end)
            span.operation_id = name
            yield span


def _span(start: int, end: int) -> Span:
    return Span(start_time=timestamp(start), end_time=timestamp(max(start, end)))


def _us(time: timestamp_pb2.Timestamp) -> int:
    return time.seconds * 1_000_000 + time.nanos // 1000
