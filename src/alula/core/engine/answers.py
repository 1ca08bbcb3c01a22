"""Answers to the questions of gates. An answer holds for every gate of the execution that asks the same: for those that
wait for it, and for those that ask later."""

from __future__ import annotations

from functools import partial

from alula.core.engine.cells import Cell
from alula.core.engine.events import SignalSet
from alula.core.engine.records import SignalRecord
from alula.core.engine.state import Execution, Scope, Turn


def is_open(execution: Execution, signal_id: str) -> bool:
    """True if an answer means something: a gate has asked, and nobody has answered."""
    return signal_id in execution.asked and signal_id not in execution.answers


def keep(turn: Turn, answer: SignalSet) -> None:
    """Remember an answer, and record it where a gate has asked."""
    turn.execution.answers[answer.signal_id] = answer
    node_id = turn.execution.asked.get(answer.signal_id)
    if node_id is not None and not turn.silent:
        turn.changes.signals.append(
            SignalRecord(answer.signal_id, node_id, value=answer.value, principal=answer.principal)
        )


def take_over(turn: Turn, answer: SignalSet) -> None:
    """Let an answer that was given in an earlier execution hold in this one, unless there is one."""
    execution = turn.execution
    if answer.signal_id in execution.answers:
        return
    keep(turn, answer)
    for scope_id, node in execution.gates.get(answer.signal_id, ()):
        scope = execution.scopes[scope_id]
        turn.later(partial(_tell, turn, scope, node, scope.cells[node], answer))


def _tell(turn: Turn, scope: Scope, node: int, cell: Cell, answer: SignalSet) -> None:
    if scope.cells.get(node) is cell:  # nothing has stopped it meanwhile
        turn.machines[scope.plan_node(node).kind].on_event(turn, scope, node, cell, answer)
