"""Places under `max_parallelism`, and the line of nodes that wait for one.

A place is held by an attempt of a task or by a child execution, wherever in the execution it is. First come, first
served; an attempt that is tried again at once keeps its place.
"""

from __future__ import annotations

from functools import partial

from alula.core.engine.state import Scope, Turn


def take(turn: Turn, scope: Scope, node: int, attempt: int) -> bool:
    """Take a place. False if there is none; the node is called (`Machine.on_place`) when its turn comes."""
    execution = turn.execution
    if execution.has_room:
        execution.running += 1
        return True
    execution.blocked.append((scope.id, node))
    if turn.silent:
        return False
    limit = execution.created.max_parallelism
    text = f"Waits for a place: {limit} attempts of this execution run already (max_parallelism)."
    turn.explain(scope, node, attempt, "MaxParallelism", text, {"limit": str(limit)})
    return False


def give_back(turn: Turn) -> None:
    """Free a place, and let the next in line have it when this turn's other work is done."""
    turn.execution.running -= 1
    if turn.execution.blocked:  # a node that comes to wait later in this turn has found no place left
        turn.later(partial(_hand_out, turn))


def _hand_out(turn: Turn) -> None:
    execution = turn.execution
    while execution.blocked and execution.has_room:
        scope_id, node = execution.blocked.popleft()
        scope = execution.scopes.get(scope_id)
        cell = scope.cells.get(node) if scope is not None else None
        if scope is None or cell is None or not cell.waits_for_place:
            continue
        execution.running += 1
        turn.machines[scope.plan_node(node).kind].on_place(turn, scope, node, cell)
