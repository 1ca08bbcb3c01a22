"""The node, and its plan, that a row of a run is about."""

from __future__ import annotations

from collections.abc import Mapping

from alula.core.engine.plan import Plan, PlanNode
from alula.core.engine.records import NodeRecord


class PlanNodes:
    """The nodes of one run, from its plan, the graphs that dynamic tasks made (by URI), and its rows (by node id)."""

    def __init__(self, plan: Plan, graphs: Mapping[str, Plan], rows: Mapping[str, NodeRecord]) -> None:
        self._plan = plan
        self._graphs = graphs
        self._rows = rows
        self._named: dict[int, dict[str, PlanNode]] = {}

    def of(self, row: NodeRecord) -> PlanNode:
        """The node in the plan of the graph that it is in."""
        spec_id = row.spec_node_id or ""
        if not row.parent_id:
            return self._by_id(self._plan)[spec_id]
        parent = self._rows[row.parent_id]
        around = self.of(parent)
        if around.array is not None:
            return around.array.item
        if around.branch is not None:
            cases = [node for _, node in around.branch.cases]
            cases += [around.branch.otherwise] if around.branch.otherwise is not None else []
            return next(node for node in cases if node.id == spec_id)
        graph = self.graph_in(parent)
        assert graph is not None, f"node {row.node_id} is inside one that has no graph"
        return self._by_id(graph)[spec_id]

    def graph_in(self, row: NodeRecord) -> Plan | None:
        """The graph that runs inside a node: its sub-workflow, or the one that it made as a dynamic task."""
        if row.dynamic_uri is not None:
            return self._graphs[row.dynamic_uri]
        return self.of(row).graph

    def _by_id(self, plan: Plan) -> dict[str, PlanNode]:
        if id(plan) not in self._named:
            self._named[id(plan)] = {node.id: node for node in plan.nodes}
        return self._named[id(plan)]
