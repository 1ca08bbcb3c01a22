"""A running graph: the start of its nodes, the followers that a node's end sets free, and its own end.

Counters instead of walks: each node knows how many it still waits for, and an end touches only the nodes
downstream of it.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from functools import partial

from flyteidl.core import literals_pb2, types_pb2

from alula.core.engine import report, taking_over, values
from alula.core.engine.cells import Cell
from alula.core.engine.plan import Plan, PlanNode
from alula.core.engine.records import ExecutionChange, ExecutionPhase, NodePhase
from alula.core.engine.sources import INPUTS, Unresolved, resolve
from alula.core.engine.state import Scope, Turn
from alula.core.errors import TaskError
from alula.core.ids import nested_node_id
from alula.core.literals.attributes import NotLoaded

_PARSED_MAX = 32
"""Parsed outputs kept for the nodes that read them next."""


class GraphScope:
    """The scope of a workflow, a sub-workflow, or any other graph of nodes."""

    is_compact = False

    def __init__(
        self,
        id: int,
        plan: Plan,
        inputs: bytes,
        *,
        parent: Scope | None = None,
        parent_node: int = 0,
        parent_attempt: int = 0,
    ) -> None:
        self.id = id
        self.plan = plan
        self.inputs = inputs
        self.parent = parent
        self.parent_node = parent_node
        self._parent_attempt = parent_attempt
        self.phases = bytearray(len(plan.nodes))
        self.cells: dict[int, Cell] = {}
        self.renewed: frozenset[int] | None = None
        self.error: TaskError | None = None
        self._unmet = array("i", (node.upstream for node in plan.nodes))
        self._remaining = len(plan.nodes) - (plan.failure is not None)
        self._handling = False
        """True if the failure node has been started: nothing else starts any more."""
        self._outputs: dict[int, bytes] = {}
        self._parsed: dict[int, literals_pb2.LiteralMap] = {}

    def plan_node(self, node: int) -> PlanNode:
        return self.plan.nodes[node]

    def node_id(self, node: int) -> str:
        spec_id = self.plan.nodes[node].id
        if self.parent is None:
            return spec_id
        return nested_node_id(self.parent.node_id(self.parent_node), self._parent_attempt, spec_id)

    def spec_id(self, node: int) -> str:
        return self.plan.nodes[node].id

    def handles_failure(self, node: int) -> bool:
        return node == self.plan.failure or (self.parent is not None and self.parent.handles_failure(self.parent_node))

    def after(self, nodes: Sequence[int]) -> frozenset[int]:
        found: set[int] = set()
        waiting = list(nodes)
        while waiting:
            followers = [node for node in self.plan.nodes[waiting.pop()].downstream if node not in found]
            found.update(followers)
            waiting.extend(followers)
        return frozenset(found)

    def own_inputs(self, node: int, inputs: bytes) -> literals_pb2.LiteralMap:
        return literals_pb2.LiteralMap.FromString(inputs)

    def start(self, turn: Turn) -> None:
        for root in self.plan.roots:
            turn.later(partial(self.begin, turn, root))
        if self._remaining == 0:
            self._finish(turn)

    def begin(self, turn: Turn, node: int) -> None:
        if turn.execution.scopes.get(self.id) is not self:
            return
        if node == values.OUTPUTS:
            self._finish(turn)
            return
        if self.phases[node]:  # it is not UNDEFINED any more
            return
        if self._handling and node != self.plan.failure:
            return
        plan = self.plan.nodes[node]
        if plan.only_runs and (self.id, node) in turn.known:
            self.phases[node] = NodePhase.QUEUED
            turn.machines[plan.kind].begin(turn, self, node, b"")
            return
        resolved = self._inputs(turn, plan)
        if resolved is None:
            return
        if isinstance(resolved, TaskError):
            report.node_queued(turn, self, node, b"")
            self.failed(turn, node, resolved, NodePhase.FAILED)
            return
        self.phases[node] = NodePhase.QUEUED
        inputs = values.settle(turn, resolved)
        report.node_queued(turn, self, node, inputs)
        if taking_over.take_over(turn, self, node, resolved):
            return
        turn.machines[plan.kind].begin(turn, self, node, inputs)

    def succeeded(self, turn: Turn, node: int, outputs: bytes, phase: NodePhase = NodePhase.SUCCEEDED) -> None:
        self._end(turn, node, phase, outputs=outputs)
        self._outputs[node] = outputs
        for follower in self.plan.nodes[node].downstream:
            self._unmet[follower] -= 1
            if self._unmet[follower] == 0 and not self.phases[follower]:
                turn.later(partial(self.begin, turn, follower))
        if self._remaining == 0:
            self._finish(turn)

    def failed(self, turn: Turn, node: int, error: TaskError, phase: NodePhase) -> None:
        if not error.node_id:
            error = TaskError(error.code, error.message, error.kind, error.recoverable, self.node_id(node))
        self._end(turn, node, phase, error=error)
        self.error = error
        if self.plan.fail_immediately:
            by = self.node_id(node)
            self.abort(turn, f"node {by} failed, and the workflow fails at the first failure", by=by)
            self._fail(turn, error)
            return
        self._skip_after(turn, node)
        if self._remaining == 0:
            self._finish(turn)

    def abort(self, turn: Turn, why: str, *, by: str = "") -> None:
        """Stop every node in flight, in this graph and in those inside it."""
        for node, cell in list(self.cells.items()):
            turn.machines[self.plan.nodes[node].kind].abort(turn, self, node, cell)
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
        self._remaining -= 1
        report.node_ended(turn, self, node, phase, outputs=outputs, error=error)

    def _skip_after(self, turn: Turn, node: int) -> None:
        waiting = list(self.plan.nodes[node].downstream)
        while waiting:
            follower = waiting.pop()
            if self.phases[follower] != NodePhase.UNDEFINED:
                continue
            self.phases[follower] = NodePhase.SKIPPED
            self._remaining -= 1
            report.node_skipped(turn, self, follower)
            text = f"Skipped: {self.node_id(node)} did not succeed."
            turn.explain(self, follower, -1, "UpstreamFailed", text, {"node": self.node_id(node)})
            waiting.extend(self.plan.nodes[follower].downstream)

    def _finish(self, turn: Turn) -> None:
        if self.error is not None:
            self._fail(turn, self.error)
            return
        try:
            outputs = resolve(self.plan.outputs, self.values, turn.execution.loaded)
        except NotLoaded as needed:
            self.error = values.load(turn, self, values.OUTPUTS, needed.uri)
            if self.error is not None:
                self._fail(turn, self.error)
            return
        except Unresolved as unresolved:
            self.error = unresolved.error
            self._fail(turn, self.error)
            return
        turn.end_scope(self, outputs=values.settle(turn, outputs))

    def _fail(self, turn: Turn, error: TaskError) -> None:
        """The graph has failed: run its failure node, if it has one, and end."""
        failure = self.plan.failure
        if failure is None or self._handling:
            turn.end_scope(self, error=error)
            return
        self._handling = True
        self._remaining = 1
        if self.parent is None:
            turn.execution.phase = ExecutionPhase.FAILING
            turn.changes.execution = ExecutionChange(ExecutionPhase.FAILING, turn.at, error=error)
        turn.later(partial(self.begin, turn, failure))

    def _inputs(self, turn: Turn, plan: PlanNode) -> literals_pb2.LiteralMap | TaskError | None:
        """The inputs of a node; None if a value has to be loaded first."""
        inputs = values.inputs_of(turn, self, plan, plan.index)
        if not isinstance(inputs, literals_pb2.LiteralMap):
            return inputs
        if plan.error_input and self.error is not None:
            union = inputs.literals[plan.error_input].scalar.union
            union.value.scalar.error.failed_node_id = self.error.node_id
            union.value.scalar.error.message = self.error.message
            union.type.simple = types_pb2.ERROR
            union.type.structure.tag = "FlyteError"
        return inputs

    def values(self, node: int) -> literals_pb2.LiteralMap:
        parsed = self._parsed.get(node)
        if parsed is None:
            data = self.inputs if node == INPUTS else self._outputs.get(node, b"")
            parsed = literals_pb2.LiteralMap.FromString(data)
            if len(self._parsed) >= _PARSED_MAX:
                del self._parsed[next(iter(self._parsed))]
            self._parsed[node] = parsed
        return parsed
