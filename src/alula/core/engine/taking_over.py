"""The decision whether a node that is about to begin takes over its result from an earlier execution.

It does so only when it runs the same thing on the same inputs: with other inputs, or after a change of the workflow, it
runs. Scopes and machines ask.
"""

from __future__ import annotations

from flyteidl.core import literals_pb2

from alula.core.engine import answers, report
from alula.core.engine.records import NodePhase
from alula.core.engine.recovery import Kept, Made, Recovery, hashes_of, target_of
from alula.core.engine.state import Execution, Scope, Turn


def take_over(turn: Turn, scope: Scope, node: int, inputs: literals_pb2.LiteralMap) -> bool:
    """End a node that is about to begin, with its result from an earlier execution. False if it is to run instead."""
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
        answers.take_over(turn, answer)
    scope.succeeded(turn, node, found.outputs, NodePhase.RECOVERED)
    return True


def _kept(turn: Turn, recovery: Recovery, scope: Scope, node: int, inputs: literals_pb2.LiteralMap) -> Kept | None:
    """The earlier result of a node, if it may stand for a new one."""
    node_id = scope.node_id(node)
    if scope.is_compact:
        found = recovery.items.get(node_id, {}).get(node)
    else:
        found = recovery.nodes.get(node_id) if node_id not in recovery.through else None
    if found is None or _renews(recovery, scope, node):
        return None
    return found if _is_same(turn, scope, node, found, inputs) else None


def made(turn: Turn, scope: Scope, node: int, inputs: bytes) -> Made | None:
    """The graph that a dynamic task gave before, if it may go on with that."""
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
    """The URI of the checkpoint that the last attempt of an earlier execution kept; empty if there is none."""
    recovery = execution.recovery
    if recovery is None or _renews(recovery, scope, node):
        return ""
    index = node if scope.is_compact else -1
    return recovery.checkpoints.get(scope.node_id(node), {}).get(index, "")


def overrides_of(execution: Execution, scope: Scope, node: int) -> bytes:
    """The changes of a task that was chosen to run again, or is inside a node that was."""
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
    """True if a node is to do the same as before; if not, the differences are recorded."""
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
    """True if a node runs again whatever it gave: it handles a failure, was chosen, comes after a chosen one, or is
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
