"""The common part of the machines of nodes that open a scope of their own: they wait for its end.

begin ──► the scope runs ──outputs──► succeeded
                ├────────error──────► failed (with the inner node's error)
                └────────timeout────► timed out
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

from alula.core.engine import deadline
from alula.core.engine.actions import Action
from alula.core.engine.cells import Cell, ScopeCell
from alula.core.engine.events import Event
from alula.core.engine.records import AttemptPhase, NodePhase
from alula.core.engine.state import Ended, Execution, Scope, Turn
from alula.core.errors import TaskError

Open: TypeAlias = Callable[[Turn, Scope, int, bytes], None]
"""Opens the scope of a node on its inputs: puts the scope into the execution and a `ScopeCell` into the node's."""
Report: TypeAlias = Callable[[Turn, Scope, int, AttemptPhase, TaskError | None], None]
"""Shows how the node ended, beyond its own row."""


class ScopeMachine:
    """The machine of a kind of node, made of `open_scope` and, if it shows more than its own row, `report`."""

    def __init__(self, open_scope: Open, report: Report | None = None) -> None:
        self._open = open_scope
        self._report = report

    def begin(self, turn: Turn, scope: Scope, node: int, inputs: bytes) -> None:
        self._open(turn, scope, node, inputs)
        cell = scope.cells.get(node)
        if isinstance(cell, ScopeCell):  # else it has failed at once
            deadline.begin(turn, scope, node, cell)

    def accepts(self, scope: Scope, node: int, cell: Cell, event: Event) -> bool:
        assert isinstance(cell, ScopeCell)
        return deadline.has_passed(cell, event)

    def on_event(self, turn: Turn, scope: Scope, node: int, cell: Cell, event: Event) -> None:
        self.abort(turn, scope, node, cell)
        deadline.end(turn, scope, node)

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
        return deadline.outstanding(scope, node, cell)
