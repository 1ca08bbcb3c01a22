"""A sub-workflow node opens a graph of its own on its inputs."""

from __future__ import annotations

from alula.core.engine import report
from alula.core.engine.cells import ScopeCell
from alula.core.engine.graph import GraphScope
from alula.core.engine.machines.scoped import ScopeMachine
from alula.core.engine.state import Scope, Turn


def _open(turn: Turn, scope: Scope, node: int, inputs: bytes) -> None:
    graph = scope.plan_node(node).graph
    assert graph is not None, "a sub-workflow node has a graph"
    child = GraphScope(turn.execution.new_scope_id(), graph, inputs, parent=scope, parent_node=node)
    turn.execution.scopes[child.id] = child
    scope.cells[node] = ScopeCell(child.id)
    report.node_running(turn, scope, node)
    child.start(turn)


SUB_WORKFLOW = ScopeMachine(_open)
