"""The resources that the attempts of a node have used, beside those that they asked for and could have."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from flyteidl.admin import execution_pb2
from flyteidl.core import compiler_pb2, tasks_pb2, workflow_pb2

from alula.core.engine.plan import PlanNode, make_plan
from alula.core.engine.plan_nodes import PlanNodes
from alula.core.engine.records import AttemptRecord, ItemRecord, NodeRecord, Reason
from alula.core.engine.recovery import decode
from alula.core.engine.usage import Accuracy, Figure, Usage
from alula.core.errors import NotFound
from alula.core.ids import ExecutionId
from alula.core.policy.resources import Amounts
from alula.core.policy.target import with_overrides
from alula.server.access import Action
from alula.server.identity import Caller
from alula.server.services import layout
from alula.server.services.console.shown import LIST_MAX
from alula.server.services.executions import require_execution
from alula.server.services.history import read_plan
from alula.server.services.platform import Platform
from alula.server.services.task_resources import resources_of_attempt
from alula.server.store.executions import ExecutionRecord
from alula.server.store.query import Filter, Query


class Measured(msgspec.Struct, frozen=True):
    """A figure, with where it comes from and how far it is to be trusted."""

    value: int
    source: str
    accuracy: Accuracy
    every_ms: int
    """The longest time between two samples, of a sampled figure."""


class AttemptUse(msgspec.Struct, frozen=True):
    """One attempt. A figure that is not known is null; zero has been measured."""

    attempt: int
    phase: int
    took_us: int | None
    cpu_us: Measured | None
    peak_memory_bytes: Measured | None
    written_bytes: Measured | None
    requests: Amounts
    """0 for none."""
    limits: Amounts
    """0 for no limit."""


class Use(msgspec.Struct, frozen=True):
    """The attempts of a node, or the newest one of an item of it."""

    node: str
    attempts: list[AttemptUse]


async def read_use(platform: Platform, caller: Caller, id: ExecutionId, node_id: str, index: int = -1) -> Use:
    """The use of a node, or of one item of an array. An array itself and a node that is no task have none.

    Raises `NotFound`.
    """
    record = await require_execution(platform, caller, id, Action.VIEW, with_values=False)
    rows = await _rows(platform, id, node_id)
    tried = await _tried(platform, id, node_id, index)
    plan = await _plan_node(platform, record, rows)
    if plan.array is not None and index >= 0:
        plan = plan.array.item
    if plan.task is None or not tried:
        return Use(node_id, [])
    task = with_overrides(plan.task.template, plan.node.task_node.overrides if plan.node is not None else None)
    task = with_overrides(task, await _changed(platform, record, rows))
    found = await platform.store.reasons.page(id, node_id=node_id, index=index, code="Retried", limit=LIST_MAX)
    retries = [reason for _, reason in found]
    return Use(node_id, [_shown(each, task, record.task_resources, retries) for each in tried])


async def _rows(platform: Platform, id: ExecutionId, node_id: str) -> list[NodeRecord]:
    """A node and those around it."""
    rows, next_id = list[NodeRecord](), node_id
    while next_id:
        row = await platform.store.nodes.get(id, next_id)
        if row is None:
            raise NotFound("NodeExecutionNotFound", f"execution `{id}` has no node `{next_id}`")
        rows.append(row)
        next_id = row.parent_id or ""
    return rows


async def _tried(
    platform: Platform, id: ExecutionId, node_id: str, index: int
) -> Sequence[AttemptRecord] | Sequence[ItemRecord]:
    if index < 0:
        query = Query(LIST_MAX, sort_by="attempt", descending=False)
        return [each for each in await platform.store.attempts.page(id, node_id, query) if each.size is None]
    one = Query(1, filters=(Filter("index", "eq", (str(index),)),), sort_by="index")
    return await platform.store.items.page(id, node_id, one)


async def _plan_node(platform: Platform, record: ExecutionRecord, rows: Sequence[NodeRecord]) -> PlanNode:
    graphs = {
        row.dynamic_uri: make_plan(
            compiler_pb2.CompiledWorkflowClosure.FromString(await platform.blobs.get(row.dynamic_uri))
        )
        for row in rows[1:]
        if row.dynamic_uri
    }
    plan = await read_plan(platform.store, record.workflow)
    return PlanNodes(plan, graphs, {row.node_id: row for row in rows}).of(rows[0])


async def _changed(
    platform: Platform, record: ExecutionRecord, rows: Sequence[NodeRecord]
) -> workflow_pb2.TaskNodeOverrides | None:
    """The changes that a fork has made to a node that it runs again, or to one inside of such a node."""
    if record.mode != execution_pb2.ExecutionMetadata.RECOVERED:
        return None
    uri = layout.recovery_uri(platform.blobs, record.id, incarnation=record.incarnation)
    recovery = decode(await platform.blobs.get(uri))
    if recovery.overrides and not {row.node_id for row in rows}.isdisjoint(recovery.again):
        return workflow_pb2.TaskNodeOverrides.FromString(recovery.overrides)
    return None


def _shown(
    row: AttemptRecord | ItemRecord, task: tasks_pb2.TaskTemplate, task_resources: bytes, retries: Sequence[Reason]
) -> AttemptUse:
    grew = [float(each.facts["memory"]) for each in retries if "memory" in each.facts and each.attempt < row.attempt]
    factor = grew[0] if grew else 1.0  # of the first growth, which is one time the factor that the run has
    asked = resources_of_attempt(task, task_resources, memory_growth=factor, out_of_memory=len(grew))
    used = row.usage or Usage()
    took = None if row.started_at is None or row.ended_at is None else row.ended_at - row.started_at
    return AttemptUse(
        row.attempt,
        row.phase,
        took,
        _measured(used.cpu_us),
        _measured(used.peak_memory_bytes),
        _measured(used.written_bytes),
        asked.requests,
        asked.limits,
    )


def _measured(figure: Figure | None) -> Measured | None:
    return None if figure is None else Measured(figure.value, figure.source, figure.accuracy, figure.every_ms)
