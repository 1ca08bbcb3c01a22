"""A branch node chooses one of its cases, runs that node, and ends as that ends.

The conditions are evaluated once, on the branch's inputs; the chosen node takes its own inputs from the graph around
the branch. The nodes that were not chosen leave no trace. Where no case holds the branch fails, with the error that
its author gave, if any.
"""

from __future__ import annotations

from collections.abc import Sequence

from flyteidl.core import literals_pb2

from alula.core.engine import report, taking_over, values
from alula.core.engine.cells import Cell, ScopeCell
from alula.core.engine.conditions import holds
from alula.core.engine.machines.scoped import ScopeMachine
from alula.core.engine.plan import BranchRule, PlanNode
from alula.core.engine.records import NodePhase
from alula.core.engine.state import Scope, Turn
from alula.core.errors import AlulaError, TaskError
from alula.core.ids import nested_node_id


class BranchScope:
    """The one node that a branch has chosen. It reads its inputs from the graph around the branch."""

    is_compact = False

    def __init__(self, id: int, chosen: PlanNode, *, parent: Scope, parent_node: int) -> None:
        self.id = id
        self.parent: Scope | None = parent
        self.parent_node = parent_node
        self.phases = bytearray(1)
        self.cells: dict[int, Cell] = {}
        self.renewed: frozenset[int] | None = None
        self._chosen = chosen
        self._around = parent

    def plan_node(self, node: int) -> PlanNode:
        return self._chosen

    def node_id(self, node: int) -> str:
        return nested_node_id(self._around.node_id(self.parent_node), 0, self._chosen.id)

    def spec_id(self, node: int) -> str:
        return self._chosen.id

    def handles_failure(self, node: int) -> bool:
        return self._around.handles_failure(self.parent_node)

    def after(self, nodes: Sequence[int]) -> frozenset[int]:
        return frozenset()

    def values(self, node: int) -> literals_pb2.LiteralMap:
        return self._around.values(node)

    def own_inputs(self, node: int, inputs: bytes) -> literals_pb2.LiteralMap:
        return literals_pb2.LiteralMap.FromString(inputs)

    def begin(self, turn: Turn, node: int) -> None:
        resolved = values.inputs_of(turn, self, self._chosen, node)
        if resolved is None:
            return
        self.phases[node] = NodePhase.QUEUED
        if isinstance(resolved, TaskError):
            report.node_queued(turn, self, node, b"")
            self.failed(turn, node, resolved, NodePhase.FAILED)
            return
        inputs = values.settle(turn, resolved)
        report.node_queued(turn, self, node, inputs)
        if not taking_over.take_over(turn, self, node, resolved):
            turn.machines[self._chosen.kind].begin(turn, self, node, inputs)

    def succeeded(self, turn: Turn, node: int, outputs: bytes, phase: NodePhase = NodePhase.SUCCEEDED) -> None:
        self._end(turn, node, phase, outputs=outputs)
        turn.end_scope(self, outputs=outputs)

    def failed(self, turn: Turn, node: int, error: TaskError, phase: NodePhase) -> None:
        if not error.node_id:
            error = TaskError(error.code, error.message, error.kind, error.recoverable, self.node_id(node))
        self._end(turn, node, phase, error=error)
        turn.end_scope(self, error=error)

    def abort(self, turn: Turn, why: str, *, by: str = "") -> None:
        for node, cell in list(self.cells.items()):
            turn.machines[self._chosen.kind].abort(turn, self, node, cell)
            turn.explain(self, node, -1, "NodeAborted", f"Stopped: {why}.", {"node": by})
            self._end(turn, node, NodePhase.ABORTED)

    def _end(
        self,
        turn: Turn,
        node: int,
        phase: NodePhase,
        *,
        outputs: bytes | None = None,
        error: TaskError | None = None,
    ) -> None:
        self.phases[node] = phase
        self.cells.pop(node, None)
        report.node_ended(turn, self, node, phase, outputs=outputs, error=error)


def _open(turn: Turn, scope: Scope, node: int, inputs: bytes) -> None:
    rule = scope.plan_node(node).branch
    assert rule is not None, "a branch node has cases"
    try:
        chosen = _choose(rule, values.whole(turn, inputs))
    except AlulaError as error:
        chosen = TaskError(error.code, error.message)
    if isinstance(chosen, TaskError):
        scope.failed(turn, node, chosen, NodePhase.FAILED)
        return
    branch = BranchScope(turn.execution.new_scope_id(), chosen, parent=scope, parent_node=node)
    turn.execution.scopes[branch.id] = branch
    scope.cells[node] = ScopeCell(branch.id)
    report.node_running(turn, scope, node)
    text = f"Its condition held: {chosen.id} runs."
    turn.explain(scope, node, -1, "BranchTaken", text, {"node": chosen.id})
    branch.begin(turn, 0)


BRANCH = ScopeMachine(_open)


def _choose(rule: BranchRule, inputs: literals_pb2.LiteralMap) -> PlanNode | TaskError:
    for condition, case in rule.cases:
        if holds(condition, inputs):
            return case
    if rule.otherwise is not None:
        return rule.otherwise
    if rule.error:
        return TaskError("UserProvidedError", rule.error)
    return TaskError("NoBranchTakenError", "no case of the branch holds, and it has no else")
