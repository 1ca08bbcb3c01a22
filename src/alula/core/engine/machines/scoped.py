"""What the machines of nodes that open a scope of their own have in common: they wait for its end.

begin ──► the scope runs ──outputs──► succeeded
                ├────────error──────► failed (with the inner node's error)
                └────────timeout────► timed out
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

from alula.core.engine.actions import Action, SetTimer
from alula.core.engine.events import Event, TimerFired
from alula.core.engine.records import AttemptPhase, NodePhase
from alula.core.engine.state import Cell, Execution, Scope, ScopeCell
from alula.core.engine.turn import Ended, Turn
from alula.core.errors import TaskError

Open: TypeAlias = Callable[[Turn, Scope, int, bytes], None]
"""Opens the scope of a node on its inputs: puts the scope into the execution and a `ScopeCell` into the node's."""
Report: TypeAlias = Callable[[Turn, Scope, int, AttemptPhase, TaskError | None], None]
"""Shows how the node ended, beyond its own row."""


class ScopeMachine:
    """The machine of a kind of node, made of how it opens its scope and of what else it shows."""

    def __init__(self, open_scope: Open, report: Report | None = None) -> None:
        self._open = open_scope
        self._report = report

    def begin(self, turn: Turn, scope: Scope, node: int, inputs: bytes) -> None:
        self._open(turn, scope, node, inputs)
        timeout_us, cell = scope.plan_node(node).timeout_us, scope.cells.get(node)
        if timeout_us and isinstance(cell, ScopeCell):
            cell.due_at = turn.at + timeout_us
            turn.do(SetTimer(scope.id, node, 0, "timeout", cell.due_at))

    def accepts(self, scope: Scope, node: int, cell: Cell, event: Event) -> bool:
        assert isinstance(cell, ScopeCell)
        return isinstance(event, TimerFired) and event.kind == "timeout" and 0 < cell.due_at <= event.at

    def on_event(self, turn: Turn, scope: Scope, node: int, cell: Cell, event: Event) -> None:
        self.abort(turn, scope, node, cell)
        scope.failed(turn, node, timed_out(scope, node), NodePhase.TIMED_OUT)

    def on_scope_end(self, turn: Turn, scope: Scope, node: int, ended: Ended) -> None:
        if self._report is not None:
            phase = AttemptPhase.FAILED if ended.error else AttemptPhase.SUCCEEDED
            self._report(turn, scope, node, phase, ended.error)
        if ended.error is None:
            scope.succeeded(turn, node, ended.outputs)
        else:
            scope.failed(turn, node, ended.error, NodePhase.FAILED)

    def on_place(self, turn: Turn, scope: Scope, node: int, cell: Cell) -> None:
        raise AssertionError("what is in the scope takes places, the node that opened it does not")

    def abort(self, turn: Turn, scope: Scope, node: int, cell: Cell) -> None:
        assert isinstance(cell, ScopeCell)
        turn.abort_scope(cell.scope, scope, node)
        if self._report is not None:
            self._report(turn, scope, node, AttemptPhase.ABORTED, None)

    def outstanding(self, execution: Execution, scope: Scope, node: int, cell: Cell) -> Iterable[Action]:
        assert isinstance(cell, ScopeCell)
        if cell.due_at:
            yield SetTimer(scope.id, node, 0, "timeout", cell.due_at)


def timed_out(scope: Scope, node: int) -> TaskError:
    """The error of a node that is no task and has a limit of its own."""
    timeout_s = scope.plan_node(node).timeout_us / 1_000_000
    return TaskError("Timeout", f"the node was not done {timeout_s:g} s (its timeout) after it began")
