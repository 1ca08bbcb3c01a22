"""An array node (a map task) opens a scope in which its items run: a task, a sub-workflow or a launch plan each.

The items are the elements of the list inputs; bound inputs are the same for all. At most `concurrency` items run at
once, started in order, each by the machine of its kind with its own attempts, cache and deadline. An item costs a
byte until it starts. The node succeeds when nothing runs and enough items have succeeded, fails as soon as
that can't be reached any more (or, with `run_all`, when all have ended). A failed item's place in the outputs is
`None`.

Items that are tasks share the array's row, for there may be very many. Items of the other kinds are nodes with
rows of their own, as the nodes that run in them need an id to stand under.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from flyteidl.core import literals_pb2, types_pb2

from alula.core.engine import report, taking_over, values
from alula.core.engine.cells import Cell, ScopeCell
from alula.core.engine.machines.scoped import ScopeMachine
from alula.core.engine.plan import ArrayRule, PlanNode
from alula.core.engine.records import AttemptPhase, AttemptRecord, NodePhase
from alula.core.engine.state import Scope, Turn
from alula.core.errors import TaskError
from alula.core.ids import nested_node_id
from alula.core.literals.offloading import is_offloaded

ITEMS_IN_FLIGHT_MAX = 5_000
"""Items of one array in flight at once, whatever its own concurrency: a limit on memory."""


class ArrayScope:
    """The running items of one array node."""

    def __init__(
        self, id: int, size: int, inputs: bytes, lists: literals_pb2.LiteralMap, *, parent: Scope, parent_node: int
    ) -> None:
        self.id = id
        self.parent: Scope | None = parent
        self._around = parent
        self.parent_node = parent_node
        self.inputs = inputs
        self.phases = bytearray(size)
        self.cells: dict[int, Cell] = {}
        self.renewed: frozenset[int] | None = None
        self.outputs: list[bytes | None] = [None] * size
        self.first_error: TaskError | None = None
        self._rule = _rule(parent.plan_node(parent_node))
        self.is_compact = self._rule.item.kind == "task"
        self._array_id = parent.node_id(parent_node)
        self._lists = lists
        """Its inputs with the lists in their places, also those that were put aside."""
        self._next = 0
        self._ended = 0
        self._failures = 0
        self._needed = _needed(self._rule, size)
        self._in_flight_max = min(self._rule.concurrency or ITEMS_IN_FLIGHT_MAX, ITEMS_IN_FLIGHT_MAX)

    def plan_node(self, node: int) -> PlanNode:
        return self._rule.item

    def node_id(self, node: int) -> str:
        return self._array_id if self.is_compact else nested_node_id(self._array_id, 0, self.spec_id(node))

    def spec_id(self, node: int) -> str:
        return f"n{node}"

    def handles_failure(self, node: int) -> bool:
        return self._around.handles_failure(self.parent_node)

    def after(self, nodes: Sequence[int]) -> frozenset[int]:
        return frozenset()

    def values(self, node: int) -> literals_pb2.LiteralMap:
        raise AssertionError("the items of an array share its inputs and promise each other nothing")

    def own_inputs(self, node: int, inputs: bytes) -> literals_pb2.LiteralMap:
        return self._own_inputs(node) if self.is_compact else literals_pb2.LiteralMap.FromString(inputs)

    def _own_inputs(self, node: int) -> literals_pb2.LiteralMap:
        own = literals_pb2.LiteralMap()
        for name, literal in self._lists.literals.items():
            is_list = name not in self._rule.bound_inputs and literal.HasField("collection")
            own.literals[name].CopyFrom(literal.collection.literals[node] if is_list else literal)
        return own

    def start(self, turn: Turn) -> None:
        self._fill(turn)
        if not self.phases:
            self._finish(turn)

    def begin(self, turn: Turn, node: int) -> None:
        self.phases[node] = NodePhase.QUEUED
        inputs = values.settle(turn, self._own_inputs(node)) if self._rule.item.own_inputs else self.inputs
        report.node_queued(turn, self, node, inputs)
        if turn.execution.recovery is not None and taking_over.take_over(
            turn, self, node, self.own_inputs(node, inputs)
        ):
            return
        turn.machines[self._rule.item.kind].begin(turn, self, node, inputs)

    def succeeded(self, turn: Turn, node: int, outputs: bytes, phase: NodePhase = NodePhase.SUCCEEDED) -> None:
        self.outputs[node] = outputs
        report.node_ended(turn, self, node, phase, outputs=outputs)
        self._item_ended(turn, node, phase)

    def failed(self, turn: Turn, node: int, error: TaskError, phase: NodePhase) -> None:
        self._failures += 1
        where = error.node_id or self.node_id(node)
        report.node_ended(turn, self, node, phase, error=TaskError(error.code, error.message, error.kind, False, where))
        if self.first_error is None:
            self.first_error = TaskError(error.code, f"item {node}: {error.message}", error.kind, False, where)
        self._item_ended(turn, node, phase)

    def abort(self, turn: Turn, why: str, *, by: str = "") -> None:
        """Stop every item in flight."""
        for node, cell in list(self.cells.items()):
            turn.machines[self._rule.item.kind].abort(turn, self, node, cell)
            self.phases[node] = NodePhase.ABORTED
            if not self.is_compact:
                turn.explain(self, node, -1, "NodeAborted", f"Stopped: {why}.", {"node": by})
                report.node_ended(turn, self, node, NodePhase.ABORTED)
        self.cells.clear()

    def _item_ended(self, turn: Turn, node: int, phase: NodePhase) -> None:
        self.phases[node] = phase
        self.cells.pop(node, None)
        self._ended += 1
        size = len(self.phases)
        out_of_reach = size - self._failures < self._needed
        if out_of_reach and not self._rule.run_all:
            self.abort(turn, "the array can't reach its minimum of successes any more", by=self.node_id(node))
            self._finish(turn)
        elif self._ended == size:
            self._finish(turn)
        else:
            turn.later(lambda: self._fill(turn))

    def _fill(self, turn: Turn) -> None:
        limit = min(self._in_flight_max, turn.execution.created.max_parallelism or self._in_flight_max)
        scopes = turn.execution.scopes
        while scopes.get(self.id) is self and self._next < len(self.phases) and len(self.cells) < limit:
            item = self._next
            self._next += 1
            self.begin(turn, item)

    def _finish(self, turn: Turn) -> None:
        taken = self.phases.count(NodePhase.RECOVERED)
        if taken and self.is_compact and self.parent is not None and turn.execution.recovery is not None:
            origin = turn.execution.recovery.origin
            text = f"{taken} of {len(self.phases)} items are taken over from {origin}."
            turn.explain(self.parent, self.parent_node, -1, "ItemsRecovered", text, {"origin": origin})
        if len(self.phases) - self._failures < self._needed:
            assert self.first_error is not None, "an array that can't reach its minimum is not opened"
            turn.end_scope(self, error=self.first_error)
            return
        turn.end_scope(self, outputs=values.settle(turn, self._collect()))

    def _collect(self) -> literals_pb2.LiteralMap:
        wraps = dict(self._rule.wrap_optional)
        outputs = literals_pb2.LiteralMap()
        columns = {name: outputs.literals[name].collection for name in self._rule.outputs}
        for column in columns.values():
            column.SetInParent()
        for data in self.outputs:
            item = literals_pb2.LiteralMap.FromString(data) if data is not None else None
            for name, column in columns.items():
                _append(column, item.literals[name] if item is not None else None, wraps.get(name))
        return outputs


def _open(turn: Turn, scope: Scope, node: int, inputs: bytes) -> None:
    rule = _rule(scope.plan_node(node))
    taken = turn.execution.recovery
    shared = rule.bound_inputs if taken is None or taken.shares_as_given else ()
    lists = values.whole(turn, inputs, but=shared)
    size = _size(rule, lists)
    if isinstance(size, TaskError):
        scope.failed(turn, node, size, NodePhase.FAILED)
        return
    array = ArrayScope(turn.execution.new_scope_id(), size, inputs, lists, parent=scope, parent_node=node)
    turn.execution.scopes[array.id] = array
    scope.cells[node] = ScopeCell(array.id)
    report.node_running(turn, scope, node)
    _report(turn, scope, node, AttemptPhase.RUNNING, None, size=size)
    array.start(turn)


def _rule(plan: PlanNode) -> ArrayRule:
    assert plan.array is not None, f"array node {plan.id} has no rule"
    return plan.array


def _size(rule: ArrayRule, inputs: literals_pb2.LiteralMap) -> int | TaskError:
    """The common length of the list inputs, long enough to have as many successes as are asked for. Any other input is
    the same for all items, as in Flyte."""
    mapped = {name: literal for name, literal in inputs.literals.items() if name not in rule.bound_inputs}
    assert not any(map(is_offloaded, mapped.values())), "an array begins once its lists are at hand"
    lists = {name: literal for name, literal in mapped.items() if literal.HasField("collection")}
    lengths = {name: len(literal.collection.literals) for name, literal in lists.items()}
    if len(set(lengths.values())) != 1:
        told = ", ".join(f"{name} has {length}" for name, length in sorted(lengths.items()))
        return _invalid_length(f"the lists to map over must be of one length: {told or 'there is none'}")
    size = next(iter(lengths.values()))
    if rule.min_successes is not None and rule.min_successes > size:
        return _invalid_length(f"{rule.min_successes} items must succeed, and there are {size} items")
    return size


def _invalid_length(message: str) -> TaskError:
    return TaskError("InvalidArrayLength", message)


def _needed(rule: ArrayRule, size: int) -> int:
    """The number of items, of `size`, that must succeed."""
    if rule.min_successes is not None:
        return rule.min_successes
    # A float ratio such as 0.1 of 30 must not ask for one more by its rounding error.
    return math.ceil(rule.min_success_ratio * size - 1e-6)


def _append(
    column: literals_pb2.LiteralCollection,
    literal: literals_pb2.Literal | None,
    optional: types_pb2.LiteralType | None,
) -> None:
    place = column.literals.add()
    if literal is None:
        union = place.scalar.union
        union.value.scalar.none_type.SetInParent()
        union.type.simple = types_pb2.NONE
        union.type.structure.tag = "none"
    elif optional is not None and literal.scalar.WhichOneof("value") != "union":
        place.scalar.union.value.CopyFrom(literal)
        place.scalar.union.type.CopyFrom(optional)
    else:
        place.CopyFrom(literal)


def _report(
    turn: Turn, scope: Scope, node: int, phase: AttemptPhase, error: TaskError | None, *, size: int | None = None
) -> None:
    """The one attempt row that stands for all items of an array of tasks."""
    task = _rule(scope.plan_node(node)).item.task
    if turn.silent or task is None:
        return
    record = AttemptRecord(scope.node_id(node), 0, phase, updated_at=turn.at, error=error)
    if phase is AttemptPhase.RUNNING:
        record.task, record.task_type, record.size = task.id, task.template.type, size
        record.created_at = record.started_at = turn.at
    else:
        record.ended_at = turn.at
    turn.changes.attempts.append(record)


ARRAY = ScopeMachine(_open, _report)
