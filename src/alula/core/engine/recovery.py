"""What an execution takes over from an earlier one instead of doing it again.

A *recovery* is the inventory of the earlier execution (`inventory.py`), kept as an immutable object that the first
event of the new log names. Recovering takes over all that succeeded. A fork names nodes that run again, with all
that comes after them; those around them are entered, not taken over.

A node is taken over only when it runs the same thing on the same inputs: with other inputs, or after a change of the
workflow, it runs. Nothing here changes a state; scopes and machines ask.
"""

from __future__ import annotations

import hashlib

import msgspec
from flyteidl.core import literals_pb2

from alula.core.engine import report
from alula.core.engine.events import SignalSet
from alula.core.engine.plan import PlanNode
from alula.core.engine.records import CacheStatus, NodePhase
from alula.core.engine.state import Execution, Scope
from alula.core.engine.turn import Turn
from alula.core.literals.hashing import hash_interface, hash_literal

Hashes = dict[str, str]
"""The hash of each input by name."""


class Kept(msgspec.Struct, frozen=True, array_like=True):
    """A node, or an item of an array, that succeeded."""

    target: str
    """What it ran, see `target_of`."""
    inputs: Hashes
    outputs: bytes
    deck_uri: str = ""
    cache_status: CacheStatus = CacheStatus.DISABLED
    cache_source: str = ""
    child: str = ""
    """The execution that a launch plan node started."""


class Made(msgspec.Struct, frozen=True, array_like=True):
    """The graph that a dynamic task made."""

    target: str
    inputs: Hashes
    closure_uri: str
    attempt: int
    """The attempt that gave it, which is part of the ids of its nodes."""


class Recovery(msgspec.Struct, frozen=True, array_like=True):
    """Everything by node id, items of arrays by node id and index."""

    origin: str
    """The earlier execution, as `project/domain/name`."""
    nodes: dict[str, Kept] = {}
    items: dict[str, dict[int, Kept]] = {}
    graphs: dict[str, Made] = {}
    children: dict[str, str] = {}
    """Executions of launch plan nodes that did not succeed: they are recovered in turn."""
    checkpoints: dict[str, dict[int, str]] = {}
    """Of what did not succeed, where its last attempt kept its checkpoint; under index -1 for a node."""
    answers: dict[str, SignalSet] = {}
    """What gates were answered, by signal."""
    again: tuple[str, ...] = ()
    """Nodes that run again whatever they gave."""
    through: tuple[str, ...] = ()
    """The nodes around those in `again`."""
    overrides: bytes = b""
    """A serialized `core.TaskNodeOverrides` for the tasks in `again` and inside them."""
    shares_as_given: bool = False
    """Whether the hashes of items are of what they share as it was given to them. In what older versions wrote it may
    have been in its place or put aside, and a log that was written by it must find it so again."""


def encode(recovery: Recovery) -> bytes:
    """As it is kept (msgpack)."""
    return msgspec.msgpack.encode(recovery)


def decode(data: bytes) -> Recovery:
    """What `encode` made, by this version of Alula or an older one."""
    return msgspec.msgpack.decode(data, type=Recovery)


def target_of(plan: PlanNode) -> str:
    """What a node runs, whatever its version: kind, name and the types that go in and out.

    A branch and a gate are what they ask.
    """
    if plan.task is not None:
        id = plan.task.id
        return f"task {id.project}/{id.domain}/{id.name} {hash_interface(plan.task.template.interface)}"
    if plan.graph is not None:
        outputs = " ".join(name for name, _ in plan.graph.outputs)
        return f"workflow {plan.graph.workflow.name} {outputs}"
    if plan.launch_plan is not None:
        return f"launch plan {plan.launch_plan.name}"
    if plan.array is not None:
        return f"array of {target_of(plan.array.item)}"
    if plan.gate is not None:
        return f"gate {plan.gate.kind} {plan.gate.signal_id}"
    assert plan.branch is not None, f"node {plan.id} runs nothing"
    rule = plan.branch
    cases = [(condition.SerializeToString(deterministic=True), target_of(node)) for condition, node in rule.cases]
    otherwise = target_of(rule.otherwise) if rule.otherwise is not None else rule.error
    return f"branch {hashlib.sha256(repr((cases, otherwise)).encode()).hexdigest()}"


def hashes_of(inputs: literals_pb2.LiteralMap) -> Hashes:
    return {name: hash_literal(literal) for name, literal in inputs.literals.items()}


def take_over(turn: Turn, scope: Scope, node: int, inputs: literals_pb2.LiteralMap) -> bool:
    """Whether a node that is about to begin ends at once instead, with what it gave in an earlier execution."""
    recovery = turn.execution.recovery
    if recovery is None:
        return False
    found = _kept(turn, recovery, scope, node, inputs)
    if found is None:
        return False
    if scope.is_compact:
        report.item_taken_over(turn, scope, node)
    else:
        report.node_taken_over(
            turn,
            scope,
            node,
            deck_uri=found.deck_uri,
            cache_status=found.cache_status,
            cache_source=found.cache_source,
            child=found.child,
        )
        text = f"Taken over from {recovery.origin}, where it succeeded."
        turn.explain(scope, node, -1, "Recovered", text, {"origin": recovery.origin})
    gate = scope.plan_node(node).gate
    answer = recovery.answers.get(gate.signal_id) if gate is not None else None
    if gate is not None and answer is not None:
        turn.execution.answers.setdefault(gate.signal_id, answer)  # it holds for gates that ask the same later
    scope.succeeded(turn, node, found.outputs, NodePhase.RECOVERED)
    return True


def _kept(turn: Turn, recovery: Recovery, scope: Scope, node: int, inputs: literals_pb2.LiteralMap) -> Kept | None:
    """What a node gave before, where that may stand for it now."""
    node_id = scope.node_id(node)
    if scope.is_compact:
        found = recovery.items.get(node_id, {}).get(node)
    else:
        found = recovery.nodes.get(node_id) if node_id not in recovery.through else None
    if found is None or _renews(recovery, scope, node):
        return None
    return found if _is_same(turn, scope, node, found, inputs) else None


def made(turn: Turn, scope: Scope, node: int, inputs: bytes) -> Made | None:
    """The graph that a dynamic task gave before, where it may go on with that."""
    recovery = turn.execution.recovery
    if recovery is None or scope.is_compact:
        return None
    found = recovery.graphs.get(scope.node_id(node))
    if found is None or _renews(recovery, scope, node):
        return None
    return found if _is_same(turn, scope, node, found, literals_pb2.LiteralMap.FromString(inputs)) else None


def child_of(execution: Execution, scope: Scope, node: int) -> str:
    """The execution that a launch plan node started before and that its new one recovers; empty for none."""
    recovery = execution.recovery
    if recovery is None or _renews(recovery, scope, node):
        return ""
    return recovery.children.get(scope.node_id(node), "")


def checkpoint_of(execution: Execution, scope: Scope, node: int) -> str:
    """Where the last attempt of an earlier execution kept its checkpoint; empty for nowhere."""
    recovery = execution.recovery
    if recovery is None or _renews(recovery, scope, node):
        return ""
    index = node if scope.is_compact else -1
    return recovery.checkpoints.get(scope.node_id(node), {}).get(index, "")


def overrides_of(execution: Execution, scope: Scope, node: int) -> bytes:
    """What is changed of a task that was chosen to run again, or is inside a node that was."""
    recovery = execution.recovery
    if recovery is None or not recovery.overrides:
        return b""
    around: Scope | None = scope
    while around is not None:
        if around.node_id(node) in recovery.again:
            return recovery.overrides
        node, around = around.parent_node, around.parent
    return b""


def _is_same(turn: Turn, scope: Scope, node: int, found: Kept | Made, inputs: literals_pb2.LiteralMap) -> bool:
    """Whether a node is to do what it did; if not, it is recorded why."""
    now, before = hashes_of(inputs), found.inputs
    differences = [f"input `{name}` changed" for name in sorted(now | before) if now.get(name) != before.get(name)]
    if target_of(scope.plan_node(node)) != found.target:
        differences.insert(0, "it runs something else")
    if differences:
        assert turn.execution.recovery is not None, "there was something to compare with"
        text = f"Not taken over from {turn.execution.recovery.origin}: {', '.join(differences)}."
        turn.explain(scope, node, -1, "RunsAgain", text, {"origin": turn.execution.recovery.origin})
    return not differences


def _renews(recovery: Recovery, scope: Scope, node: int) -> bool:
    """Whether a node runs again whatever it gave: it handles a failure, was chosen, comes after what was chosen, or is
    inside such."""
    if scope.handles_failure(node):
        return True
    if not recovery.again:
        return False
    if scope.renewed is None:
        chosen = [each for each in range(len(scope.phases)) if _is_chosen(recovery, scope, each)]
        inside = scope.parent is not None and _renews(recovery, scope.parent, scope.parent_node)
        scope.renewed = frozenset(range(len(scope.phases))) if inside else scope.after(chosen)
    return node in scope.renewed or scope.node_id(node) in recovery.again


def _is_chosen(recovery: Recovery, scope: Scope, node: int) -> bool:
    node_id = scope.node_id(node)
    return node_id in recovery.again or node_id in recovery.through
