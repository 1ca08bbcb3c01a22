"""The machine of a sub-workflow node: it opens a graph of its own and ends as that ends.

begin ──► graph runs ──outputs──► succeeded
               └──────error────► failed (with the inner node's error)
"""

from __future__ import annotations

from collections.abc import Iterable

from alula.core.engine import report
from alula.core.engine.actions import Action
from alula.core.engine.events import Event
from alula.core.engine.graph import GraphScope
from alula.core.engine.records import NodePhase
from alula.core.engine.state import Cell, Execution, Scope, ScopeCell
from alula.core.engine.turn import Ended, Turn


class SubWorkflowMachine:
    def begin(self, turn: Turn, scope: Scope, node: int, inputs: bytes) -> None:
        graph = scope.plan_node(node).graph
        assert graph is not None, "a sub-workflow node has a graph"
        child = GraphScope(turn.execution.new_scope_id(), graph, inputs, parent=scope, parent_node=node)
        turn.execution.scopes[child.id] = child
        scope.cells[node] = ScopeCell(child.id)
        report.node_running(turn, scope, node)
        child.start(turn)

    def accepts(self, scope: Scope, node: int, cell: Cell, event: Event) -> bool:
        return False

    def on_event(self, turn: Turn, scope: Scope, node: int, cell: Cell, event: Event) -> None:
        raise AssertionError("a sub-workflow node takes no event of its own")

    def on_scope_end(self, turn: Turn, scope: Scope, node: int, ended: Ended) -> None:
        if ended.error is None:
            scope.succeeded(turn, node, ended.outputs)
        else:
            scope.failed(turn, node, ended.error, NodePhase.FAILED)

    def on_place(self, turn: Turn, scope: Scope, node: int, cell: Cell) -> None:
        raise AssertionError("a sub-workflow node takes no place; what is in it does")

    def abort(self, turn: Turn, scope: Scope, node: int, cell: Cell) -> None:
        assert isinstance(cell, ScopeCell)
        child = turn.execution.scopes.pop(cell.scope)
        child.abort(turn, f"{scope.node_id(node)} was stopped")

    def outstanding(self, execution: Execution, scope: Scope, node: int, cell: Cell) -> Iterable[Action]:
        return ()
