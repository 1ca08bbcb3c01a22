"""The machine of a gate node: it waits for an approval, for a value, or for time to pass.

            begin ──► waits ──approved──► succeeded, its inputs as outputs
                        │ ────value─────► succeeded, the value as output
                        │ ──time passed─► succeeded
                        ├── rejected ───► failed
                        └── timeout ────► timed out

The question is recorded as a signal when the gate starts; an answer is a fact in the log, `SignalSet`. It holds
for every gate of the execution that asks the same, also for one that starts later, and although the gate that asked
has stopped waiting meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable

from flyteidl.core import literals_pb2

from alula.core.engine import report
from alula.core.engine.actions import Action, SetTimer
from alula.core.engine.cells import Cell, GateCell
from alula.core.engine.events import Event, SignalSet, TimerFired
from alula.core.engine.plan import GateRule
from alula.core.engine.records import NodePhase, SignalRecord
from alula.core.engine.state import Ended, Execution, Scope, Turn
from alula.core.errors import TaskError


class GateMachine:
    def begin(self, turn: Turn, scope: Scope, node: int, inputs: bytes) -> None:
        rule = _rule(scope, node)
        wait_us = _wait_us(scope, node)
        cell = GateCell(inputs, due_at=turn.at + wait_us if wait_us or rule.kind == "sleep" else 0)
        scope.cells[node] = cell
        report.node_running(turn, scope, node)
        answer = turn.execution.answers.get(rule.signal_id) if rule.kind != "sleep" else None
        if answer is not None:
            turn.later(lambda: self._answered_before(turn, scope, node, cell, answer))
            return
        if cell.due_at:
            turn.do(_timer(scope, node, cell))
        if rule.kind == "sleep":
            text = f"Sleeps for {rule.sleep_us / 1_000_000:g} s."
            turn.explain(scope, node, -1, "Sleeping", text)
            return
        turn.execution.gates.setdefault(rule.signal_id, []).append((scope.id, node))
        turn.execution.asked[rule.signal_id] = scope.node_id(node)
        asked = "an approval" if rule.kind == "approve" else "a value"
        text = f"Waits for {asked}: signal `{rule.signal_id}`."
        turn.explain(scope, node, -1, "WaitsForSignal", text, {"signal": rule.signal_id})
        if not turn.silent:
            record = SignalRecord(rule.signal_id, scope.node_id(node), type=rule.type, created_at=turn.at)
            turn.changes.signals.append(record)

    def accepts(self, scope: Scope, node: int, cell: Cell, event: Event) -> bool:
        if isinstance(event, TimerFired):
            return event.kind == _timer_kind(_rule(scope, node))
        return isinstance(event, SignalSet) and event.signal_id == _rule(scope, node).signal_id

    def on_event(self, turn: Turn, scope: Scope, node: int, cell: Cell, event: Event) -> None:
        assert isinstance(cell, GateCell)
        if isinstance(event, SignalSet):
            self._answered(turn, scope, node, cell, event)
        elif _rule(scope, node).kind == "sleep":
            scope.succeeded(turn, node, b"")
        else:
            self._forget(turn, scope, node)
            waited_s = scope.plan_node(node).timeout_us / 1_000_000
            error = TaskError("Timeout", f"nobody answered the gate within {waited_s:g} s")
            scope.failed(turn, node, error, NodePhase.TIMED_OUT)

    def on_scope_end(self, turn: Turn, scope: Scope, node: int, ended: Ended) -> None:
        raise AssertionError("a gate opens no scope")

    def on_place(self, turn: Turn, scope: Scope, node: int, cell: Cell) -> None:
        raise AssertionError("a gate takes no place")

    def abort(self, turn: Turn, scope: Scope, node: int, cell: Cell) -> None:
        self._forget(turn, scope, node)

    def outstanding(self, execution: Execution, scope: Scope, node: int, cell: Cell) -> Iterable[Action]:
        assert isinstance(cell, GateCell)
        if cell.due_at:
            yield _timer(scope, node, cell)

    def _answered_before(self, turn: Turn, scope: Scope, node: int, cell: GateCell, answer: SignalSet) -> None:
        if scope.cells.get(node) is cell:  # nothing has stopped it meanwhile
            self._answered(turn, scope, node, cell, answer)

    def _answered(self, turn: Turn, scope: Scope, node: int, cell: GateCell, event: SignalSet) -> None:
        rule = _rule(scope, node)
        self._forget(turn, scope, node)
        value = literals_pb2.Literal.FromString(event.value)
        who = event.principal or "somebody"
        if rule.kind == "signal":
            turn.explain(scope, node, -1, "SignalSet", f"{who} gave the value.", {"principal": event.principal})
            outputs = literals_pb2.LiteralMap(literals={rule.output: value})
            scope.succeeded(turn, node, outputs.SerializeToString(deterministic=True))
        elif value.scalar.primitive.boolean:
            turn.explain(scope, node, -1, "Approved", f"{who} approved.", {"principal": event.principal})
            scope.succeeded(turn, node, cell.inputs)
        else:
            turn.explain(scope, node, -1, "Rejected", f"{who} rejected.", {"principal": event.principal})
            error = TaskError("ReceivedRejectSignal", f"{who} rejected `{rule.signal_id}`")
            scope.failed(turn, node, error, NodePhase.FAILED)

    def _forget(self, turn: Turn, scope: Scope, node: int) -> None:
        signal_id = _rule(scope, node).signal_id
        waiting = turn.execution.gates.get(signal_id, [])
        if (scope.id, node) in waiting:  # not one whose answer was there before it
            waiting.remove((scope.id, node))
            if not waiting:
                del turn.execution.gates[signal_id]


def _rule(scope: Scope, node: int) -> GateRule:
    rule = scope.plan_node(node).gate
    assert rule is not None, f"gate {scope.node_id(node)} has no condition"
    return rule


def _wait_us(scope: Scope, node: int) -> int:
    rule = _rule(scope, node)
    return rule.sleep_us if rule.kind == "sleep" else scope.plan_node(node).timeout_us


def _timer_kind(rule: GateRule) -> str:
    return "sleep" if rule.kind == "sleep" else "timeout"


def _timer(scope: Scope, node: int, cell: GateCell) -> SetTimer:
    kind = "sleep" if _rule(scope, node).kind == "sleep" else "timeout"
    return SetTimer(scope.id, node, 0, kind, cell.due_at, _wait_us(scope, node))
