"""Explanations of a run, or of a node of it: reads the known facts and lets the core draw conclusions."""

from __future__ import annotations

import asyncio
from functools import partial

from flyteidl.admin import execution_pb2
from flyteidl.core import compiler_pb2

from alula.core.engine.causes import Link
from alula.core.engine.explain import RunFacts, explain
from alula.core.engine.plan import Plan, make_plan
from alula.core.engine.records import ItemRecord
from alula.core.ids import ExecutionId
from alula.core.policy.triggering import trigger_cause
from alula.server.access import Action
from alula.server.identity import Caller
from alula.server.services.executions import require_execution
from alula.server.services.history import read_plan
from alula.server.services.platform import Platform
from alula.server.store.nodes import NODES
from alula.server.store.query import Query, every

PAGE = 5_000


async def explain_execution(
    platform: Platform, caller: Caller, id: ExecutionId, node_id: str = "", index: int = -1
) -> Link:
    """The reason of a run, node or item, with the reasons behind it. Raises `NotFound` if there is none such."""
    record = await require_execution(platform, caller, id, Action.VIEW)
    rows = every(NODES, partial(platform.store.nodes.page, id, None), Query(PAGE, sort_by="node_id", descending=False))
    nodes = {row.node_id: row async for row in rows}
    graphs = {row.dynamic_uri: await _graph(platform, row.dynamic_uri) for row in nodes.values() if row.dynamic_uri}
    run = RunFacts(
        phase=record.phase,
        error=record.error,
        abort_cause=record.abort_cause or "",
        abort_principal=record.abort_principal or "",
        plan=await read_plan(platform.store, record.workflow),
        graphs=graphs,
        nodes=nodes,
        reasons=await platform.store.reasons.read(id),
        item=await _item(platform, id, node_id, index) if index >= 0 else None,
        items=(await platform.store.attempts.sizes(id, [node_id])).get(node_id) if index >= 0 else None,
        trigger_cause=trigger_cause(execution_pb2.ExecutionSpec.FromString(record.spec)),
    )
    return await asyncio.to_thread(explain, run, node_id, index)


async def _item(platform: Platform, id: ExecutionId, node_id: str, index: int) -> ItemRecord | None:
    found = await platform.store.items.portion(id, after=(node_id, index - 1), limit=1)
    return next((item for item in found if (item.node_id, item.index) == (node_id, index)), None)


async def _graph(platform: Platform, uri: str) -> Plan:
    closure = await platform.blobs.get(uri)
    return await asyncio.to_thread(lambda: make_plan(compiler_pb2.CompiledWorkflowClosure.FromString(closure)))
