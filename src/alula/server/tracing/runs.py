"""The spans of a run that has ended: its own, those of its nodes, and those of their attempts, from the rows it left.

Of a run, at most about `SPANS_MAX` spans are told. Decides nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial

from flyteidl.admin import execution_pb2

from alula.core.engine.records import AttemptPhase, AttemptRecord, ItemRecord, NodeRecord
from alula.core.errors import TaskError
from alula.core.ids import ExecutionId
from alula.core.policy.trace_context import TraceContext, context_in, launched_in, span_id
from alula.server.store import Store
from alula.server.store.executions import ExecutionRecord
from alula.server.store.nodes import NODES
from alula.server.store.query import Query, every
from alula.server.traces import FinishedSpan

PAGE = 500
SPANS_MAX = 10_000
"""The most spans of one run: the first nodes, with their attempts."""
_FAILED = (AttemptPhase.FAILED, AttemptPhase.RETRYABLE_FAILED)


async def run_spans(store: Store, id: ExecutionId) -> AsyncIterator[FinishedSpan]:
    """All spans of a run, its own first; none of a run that is not traced."""
    record = await store.executions.get(id)
    if record is None:
        return
    launch = launched_in(execution_pb2.ExecutionSpec.FromString(record.spec).annotations.values)
    if launch is None or not launch.is_sampled:
        return
    told = 0
    yield _of_run(record, launch)
    in_order = Query(PAGE, sort_by="created_at", descending=False)
    async for node in every(NODES, partial(store.nodes.page, id, None), in_order):
        yield _of_node(record, launch, node)
        async for attempt in _attempts(store, id, node):
            yield _of_attempt(record, launch, node, attempt)
            told += 1
        told += 1
        if told >= SPANS_MAX:
            return


async def _attempts(store: Store, id: ExecutionId, node: NodeRecord) -> AsyncIterator[AttemptRecord | ItemRecord]:
    for attempt in await store.attempts.page(id, node.node_id, Query(PAGE, descending=False)):
        yield attempt
    if node.is_array:
        for item in await store.items.page(id, node.node_id, Query(SPANS_MAX, sort_by="index", descending=False)):
            yield item


def _of_run(record: ExecutionRecord, launch: TraceContext) -> FinishedSpan:
    return FinishedSpan(
        f"run {record.workflow.name}",
        context_in(launch, record.incarnation),
        launch.span_id,
        record.created_at,
        record.ended_at or record.updated_at,
        {**_names(record), "alula.workflow.version": record.workflow.version, "alula.phase": record.phase.name},
        _why(record.error),
    )


def _of_node(record: ExecutionRecord, launch: TraceContext, node: NodeRecord) -> FinishedSpan:
    of = (record.incarnation, node.parent_id) if node.parent_id else (record.incarnation,)
    return FinishedSpan(
        f"node {node.spec_node_id or node.node_id}",
        context_in(launch, record.incarnation, node.node_id),
        span_id(*of),
        node.created_at or node.updated_at,
        node.ended_at or node.updated_at,
        {**_names(record), "alula.node": node.node_id, "alula.phase": node.phase.name},
        _why(node.error),
    )


def _of_attempt(
    record: ExecutionRecord, launch: TraceContext, node: NodeRecord, attempt: AttemptRecord | ItemRecord
) -> FinishedSpan:
    is_item = isinstance(attempt, ItemRecord)
    index = attempt.index if is_item else -1
    began = attempt.started_at or (None if is_item else attempt.created_at) or attempt.updated_at
    more = {"alula.index": index} if is_item else {}
    return FinishedSpan(
        f"attempt {node.spec_node_id or node.node_id}",
        context_in(launch, record.incarnation, node.node_id, attempt.attempt, index),
        span_id(record.incarnation, node.node_id),
        began,
        attempt.ended_at or attempt.updated_at,
        {
            **_names(record),
            "alula.node": node.node_id,
            "alula.attempt": attempt.attempt,
            "alula.phase": attempt.phase.name,
            **more,
        },
        _why(attempt.error) if attempt.phase in _FAILED else "",
    )


def _names(record: ExecutionRecord) -> dict[str, str | int]:
    return {
        "alula.project": record.id.project,
        "alula.domain": record.id.domain,
        "alula.execution": record.id.name,
    }


def _why(error: TaskError | None) -> str:
    return f"{error.code}: {error.message}" if error is not None else ""
