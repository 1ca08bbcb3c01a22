"""The limit on the time of a node that is no task and opens or starts something: counted from when it began."""

from __future__ import annotations

from collections.abc import Iterable

from alula.core.engine.actions import SetTimer
from alula.core.engine.cells import ChildCell, ScopeCell
from alula.core.engine.events import Event, TimerFired
from alula.core.engine.records import NodePhase
from alula.core.engine.state import Scope, Turn
from alula.core.errors import TaskError


def begin(turn: Turn, scope: Scope, node: int, cell: ScopeCell | ChildCell) -> None:
    """Start the clock of the node, if its time has a limit."""
    timeout_us = scope.plan_node(node).timeout_us
    if timeout_us:
        cell.due_at = turn.at + timeout_us
        for timer in outstanding(scope, node, cell):
            turn.do(timer)


def outstanding(scope: Scope, node: int, cell: ScopeCell | ChildCell) -> Iterable[SetTimer]:
    if cell.due_at:
        yield SetTimer(scope.id, node, 0, "timeout", cell.due_at, scope.plan_node(node).timeout_us)


def has_passed(cell: ScopeCell | ChildCell, event: Event) -> bool:
    """True if the event says that the time is over."""
    return isinstance(event, TimerFired) and event.kind == "timeout" and 0 < cell.due_at <= event.deadline


def end(turn: Turn, scope: Scope, node: int) -> None:
    """Fail the node by its timeout. The caller has stopped all that it had in flight."""
    timeout_s = scope.plan_node(node).timeout_us / 1_000_000
    error = TaskError("Timeout", f"the node was not done {timeout_s:g} s (its timeout) after it began")
    scope.failed(turn, node, error, NodePhase.TIMED_OUT)
