"""Gate nodes: wait for an approval, for a signal with a value, or for a time.

An approval gives back its inputs, a signal its value under `output_variable_name`, a sleep nothing.
"""

from __future__ import annotations

from flyteidl.core import workflow_pb2

from alula.core.compiler.bindings import bound_types, check_bindings
from alula.core.compiler.durations import check_duration
from alula.core.compiler.entities import Interface
from alula.core.compiler.errors import Code
from alula.core.compiler.interfaces import check_type
from alula.core.compiler.scope import Scope
from alula.core.compiler.texts import check_text

_NOTHING = Interface({}, {}, frozenset())


def check_gate_node(node: workflow_pb2.Node, node_id: str, scope: Scope) -> Interface | None:
    gate = node.gate_node
    match gate.WhichOneof("condition"):
        case "approve":
            _check_signal_id(gate.approve.signal_id, node_id, scope)
            return Interface({}, bound_types(node.inputs, node_id, scope), frozenset())
        case "signal":
            check_bindings(node.inputs, _NOTHING, node_id, scope)
            return _signal(gate.signal, node_id, scope)
        case "sleep":
            check_bindings(node.inputs, _NOTHING, node_id, scope)
            _sleep(gate.sleep, node_id, scope)
            return _NOTHING
        case _:
            scope.findings.add(
                Code.NO_CONDITION_FOUND,
                node_id,
                "the gate waits for nothing; give it an approval, a signal or a duration",
            )
            return None


def _signal(signal: workflow_pb2.SignalCondition, node_id: str, scope: Scope) -> Interface | None:
    _check_signal_id(signal.signal_id, node_id, scope)
    _require(signal.output_variable_name, "output_variable_name", node_id, scope)
    _require(signal.HasField("type"), "type", node_id, scope)
    if not (signal.output_variable_name and signal.HasField("type")):
        return None
    check_type(signal.type, f"signal `{signal.signal_id}`", node_id, scope.findings)
    return Interface({}, {signal.output_variable_name: signal.type}, frozenset())


def _sleep(sleep: workflow_pb2.SleepCondition, node_id: str, scope: Scope) -> None:
    _require(sleep.HasField("duration"), "duration", node_id, scope)
    check_duration(sleep.duration, "the time that the gate sleeps", node_id, scope.findings)


def _check_signal_id(signal_id: str, node_id: str, scope: Scope) -> None:
    _require(signal_id, "signal_id", node_id, scope)
    check_text(signal_id, "the gate's `signal_id`", node_id, scope.findings)


def _require(value: object, field: str, node_id: str, scope: Scope) -> None:
    if not value:
        scope.findings.add(Code.VALUE_REQUIRED, node_id, f"the gate's `{field}` is not set; set it")
