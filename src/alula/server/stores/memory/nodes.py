"""Nodes of executions."""

from __future__ import annotations

import copy

import msgspec

from alula.core.engine.records import NodeRecord
from alula.core.ids import ExecutionId
from alula.server.store.nodes import NODES
from alula.server.store.query import Query
from alula.server.stores.checking import check
from alula.server.stores.memory import lists
from alula.server.stores.memory.runs import Runs


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
        among = [
            node
            for node in (run.nodes.values() if run else ())
            if parent_id is None or (node.parent_id or "") == parent_id
        ]
        left_out = {} if with_values else {"inputs": None, "outputs": None}
        found = lists.page_of(among, page, NODES)
        return [msgspec.structs.replace(node, **left_out) for node in found]
