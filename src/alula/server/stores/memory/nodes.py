"""Nodes of executions."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec

from alula.core.engine.records import CacheStatus, NodePhase, NodeRecord
from alula.core.ids import ExecutionId
from alula.server.store.nodes import NODES, TAKERS, NodeColumns, NodeFlag, Taker
from alula.server.store.query import Query
from alula.server.stores.checking import check
from alula.server.stores.memory import lists
from alula.server.stores.memory.columns import columns_of
from alula.server.stores.memory.runs import Run, Runs


class Nodes:
    def __init__(self, runs: Runs) -> None:
        self._runs = runs

    async def get(self, execution: ExecutionId, node_id: str) -> NodeRecord | None:
        run = self._runs.get(execution)
        node = run.nodes.get(node_id) if run else None
        return None if node is None else copy.copy(node)

    async def page(
        self, execution: ExecutionId, parent_id: str | None, query: Query, *, with_values: bool = False
    ) -> list[NodeRecord]:
        page = check(query, NODES)
        run = self._runs.get(execution)
        among = [node for node in (run.nodes.values() if run else ()) if _is_below(node, parent_id)]
        left_out = {} if with_values else {"inputs": None, "outputs": None}
        found = lists.page_of(among, page, NODES)
        return [msgspec.structs.replace(node, **left_out) for node in found]

    async def columns(
        self, execution: ExecutionId, parent_id: str | None = None, *, since: int = 0, after: str = "", limit: int
    ) -> NodeColumns:
        run = self._runs.get(execution)
        if run is None:
            return NodeColumns(*columns_of([], len(NodeColumns._fields)))
        with_new = {
            node_id for node_id, attempt in run.attempts if run.has_changed("attempt", (node_id, attempt), since)
        }
        among = [
            node
            for id, node in sorted(run.nodes.items())
            if id > after and _is_below(node, parent_id) and (id in with_new or run.has_changed("node", id, since))
        ]
        rows = (_line(run, node) for node in among[:limit])
        return NodeColumns(*columns_of(rows, len(NodeColumns._fields)))

    async def takers(self, query: Query) -> list[Taker]:
        page = check(query, TAKERS)
        among = [
            Taker(id, node.node_id, node.cache_source, node.updated_at)
            for id, run in self._runs.items()
            for node in run.nodes.values()
            if node.cache_status == CacheStatus.HIT and node.cache_source is not None
        ]
        return lists.page_of(among, page, TAKERS)

    async def counts(self, executions: Sequence[ExecutionId]) -> dict[ExecutionId, dict[NodePhase, int]]:
        runs = {id: self._runs.get(id) for id in executions}
        return {id: dict(Counter(node.phase for node in run.nodes.values())) if run else {} for id, run in runs.items()}


def _is_below(node: NodeRecord, parent_id: str | None) -> bool:
    return parent_id is None or (node.parent_id or "") == parent_id


# `Any`: the fields of `NodeColumns`.
def _line(run: Run, node: NodeRecord) -> tuple[Any, ...]:
    flags = NodeFlag(0)
    for is_set, flag in (
        (node.is_parent, NodeFlag.PARENT),
        (node.is_dynamic, NodeFlag.DYNAMIC),
        (node.is_array, NodeFlag.ARRAY),
        (node.deck_uri is not None, NodeFlag.DECK),
    ):
        flags |= flag if is_set else 0
    return (
        node.node_id,
        node.spec_node_id,
        node.parent_id,
        int(node.phase),
        node.created_at,
        node.started_at,
        node.ended_at,
        max((number + 1 for of, number in run.attempts if of == node.node_id), default=0),
        node.cache_status,
        int(flags),
        node.child,
        node.error,
    )
