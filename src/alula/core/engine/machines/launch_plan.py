"""The machine of a launch plan node: it starts an execution of its own and ends as that ends.

            begin ──► waits for a place ──► child runs ──outputs──► succeeded
                                                │────── error ────► failed (with the child's error)
                                                │────── aborted ──► failed
                                                └────── timeout ──► timed out

The child's name follows from the node, so that starting it twice starts it once. When the node is stopped, so is
the child.
"""

from __future__ import annotations

from collections.abc import Iterable

from alula.core.engine import deadline, places, report, taking_over
from alula.core.engine.actions import AbortChild, Action, LaunchChild
from alula.core.engine.cells import Cell, ChildCell
from alula.core.engine.events import ChildEnded, Event
from alula.core.engine.records import NodePhase, NodeRecord
from alula.core.engine.state import Ended, Execution, Scope, Turn
from alula.core.ids import ExecutionId, child_execution_name


class LaunchPlanMachine:
    def begin(self, turn: Turn, scope: Scope, node: int, inputs: bytes) -> None:
        parent = ExecutionId(*turn.execution.created.execution.split("/"))
        cell = ChildCell(child_execution_name(parent, scope.node_id(node)), inputs)
        scope.cells[node] = cell
        deadline.begin(turn, scope, node, cell)
        if places.take(turn, scope, node, 0):
            self.on_place(turn, scope, node, cell)

    def accepts(self, scope: Scope, node: int, cell: Cell, event: Event) -> bool:
        assert isinstance(cell, ChildCell)
        return deadline.has_passed(cell, event) or (isinstance(event, ChildEnded) and cell.launched)

    def on_event(self, turn: Turn, scope: Scope, node: int, cell: Cell, event: Event) -> None:
        assert isinstance(cell, ChildCell)
        if not isinstance(event, ChildEnded):
            self.abort(turn, scope, node, cell)
            deadline.end(turn, scope, node)
            return
        places.give_back(turn)
        del turn.execution.children[cell.child]
        if event.error is None:
            scope.succeeded(turn, node, event.outputs)
            return
        error = event.error._replace(node_id="")
        scope.failed(turn, node, error, NodePhase.FAILED)

    def on_scope_end(self, turn: Turn, scope: Scope, node: int, ended: Ended) -> None:
        raise AssertionError("a launch plan node opens no scope; its child is an execution of its own")

    def on_place(self, turn: Turn, scope: Scope, node: int, cell: Cell) -> None:
        assert isinstance(cell, ChildCell)
        cell.launched = True
        turn.execution.children[cell.child] = (scope.id, node)
        turn.do(_launch(turn.execution, scope, node, cell))
        report.node_running(turn, scope, node)
        if not turn.silent:
            node_id = scope.node_id(node)
            record = NodeRecord(node_id, NodePhase.RUNNING, updated_at=turn.at, child=cell.child)
            turn.changes.nodes.append(record)

    def abort(self, turn: Turn, scope: Scope, node: int, cell: Cell) -> None:
        assert isinstance(cell, ChildCell)
        if cell.launched:
            places.give_back(turn)
            del turn.execution.children[cell.child]
            turn.do(AbortChild(cell.child, f"its parent node {scope.node_id(node)} was stopped"))

    def outstanding(self, execution: Execution, scope: Scope, node: int, cell: Cell) -> Iterable[Action]:
        assert isinstance(cell, ChildCell)
        yield from deadline.outstanding(scope, node, cell)
        if cell.launched:
            yield _launch(execution, scope, node, cell)


def _launch(execution: Execution, scope: Scope, node: int, cell: ChildCell) -> LaunchChild:
    launch_plan = scope.plan_node(node).launch_plan
    assert launch_plan is not None, f"node {scope.node_id(node)} has no launch plan"
    recovers = taking_over.child_of(execution, scope, node)
    return LaunchChild(scope.id, node, scope.node_id(node), cell.child, launch_plan, cell.inputs, recovers)
