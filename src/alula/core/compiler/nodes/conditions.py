"""Conditions of branches: trees of comparisons of primitives, joined by AND and OR.

Both sides of a comparison are of the same type; truth values and `None` are only equal or not.
"""

from __future__ import annotations

from typing import TypeAlias

from flyteidl.core import condition_pb2, literals_pb2, types_pb2

from alula.core.compiler.entities import Outputs
from alula.core.compiler.errors import Code
from alula.core.compiler.scope import Scope, one_of
from alula.core.errors import InvalidInput
from alula.core.literals.casting import explain_type, is_none
from alula.core.literals.checking import scalar_type_of
from alula.core.literals.soundness import unsound

_Simple: TypeAlias = types_pb2.SimpleType
_UNORDERED = (types_pb2.BOOLEAN, types_pb2.NONE)
_EQUALITY = (condition_pb2.ComparisonExpression.EQ, condition_pb2.ComparisonExpression.NEQ)
_COMPARABLE = (
    types_pb2.NONE,
    types_pb2.INTEGER,
    types_pb2.FLOAT,
    types_pb2.STRING,
    types_pb2.BOOLEAN,
    types_pb2.DATETIME,
    types_pb2.DURATION,
)


def check_condition(condition: condition_pb2.BooleanExpression, inputs: Outputs, node_id: str, scope: Scope) -> None:
    """Report operands that are missing, unknown, or can't be compared."""
    match condition.WhichOneof("expr"):
        case "conjunction":
            for side in (condition.conjunction.left_expression, condition.conjunction.right_expression):
                check_condition(side, inputs, node_id, scope)
        case "comparison":
            _check_comparison(condition.comparison, inputs, node_id, scope)
        case _:
            scope.findings.add(Code.VALUE_REQUIRED, node_id, "a condition is empty; give it a comparison")


def _check_comparison(
    comparison: condition_pb2.ComparisonExpression, inputs: Outputs, node_id: str, scope: Scope
) -> None:
    left = _operand(comparison.left_value, "left", inputs, node_id, scope)
    right = _operand(comparison.right_value, "right", inputs, node_id, scope)
    if not left or not right:
        return
    common = left & right
    if not common and types_pb2.NONE not in left | right:
        scope.findings.add(
            Code.MISMATCHING_TYPES,
            node_id,
            f"a condition compares {_words(left)} with {_words(right)}; compare values of the same type",
        )
    elif comparison.operator not in _EQUALITY and all(kind in _UNORDERED for kind in common):
        scope.findings.add(
            Code.INVALID_VALUE,
            node_id,
            f"a condition orders {_words(left)}, which has no order; use `==` or `!=`",
        )


def _operand(
    operand: condition_pb2.Operand, side: str, inputs: Outputs, node_id: str, scope: Scope
) -> frozenset[_Simple]:
    """The types that a side may be of when the run comes to it; empty when that can't be known."""
    match operand.WhichOneof("val"):
        case "primitive":
            return _constant(literals_pb2.Scalar(primitive=operand.primitive), node_id, scope)
        case "scalar":
            return _constant(operand.scalar, node_id, scope)
        case "var" if operand.var in inputs:
            kind = inputs[operand.var]
            return frozenset() if kind is None else _comparable(kind, operand.var, node_id, scope)
        case "var" if operand.var:
            scope.findings.add(
                Code.VARIABLE_NAME_NOT_FOUND,
                node_id,
                f"a condition uses `{operand.var}`, which the branch does not bind; use {one_of(inputs)}",
            )
        case _:
            scope.findings.add(
                Code.VALUE_REQUIRED, node_id, f"the {side} side of a condition is empty; give it a value"
            )
    return frozenset()


def _constant(scalar: literals_pb2.Scalar, node_id: str, scope: Scope) -> frozenset[_Simple]:
    if reason := unsound(literals_pb2.Literal(scalar=scalar)):
        scope.findings.add(Code.UNRECOGNIZED_VALUE, node_id, f"a condition compares a constant: {reason}")
        return frozenset()
    try:
        return _comparable(scalar_type_of(scalar), "a constant", node_id, scope)
    except InvalidInput as nothing:
        scope.findings.add(Code.UNRECOGNIZED_VALUE, node_id, f"a condition compares nothing: {nothing}")
        return frozenset()


def _comparable(kind: types_pb2.LiteralType, what: str, node_id: str, scope: Scope) -> frozenset[_Simple]:
    variants = kind.union_type.variants if kind.WhichOneof("type") == "union_type" else [kind]
    simple = frozenset(one for variant in variants if (one := _simple(variant)) is not None)
    if not simple:
        scope.findings.add(
            Code.MISMATCHING_TYPES,
            node_id,
            f"a condition compares `{what}` of type {explain_type(kind)}; compare numbers, texts, truth "
            "values or times",
        )
    return simple


def _simple(kind: types_pb2.LiteralType) -> _Simple | None:
    if kind.WhichOneof("type") == "enum_type":
        return types_pb2.STRING
    if is_none(kind):
        return types_pb2.NONE
    return kind.simple if kind.WhichOneof("type") == "simple" and kind.simple in _COMPARABLE else None


def _words(kinds: frozenset[_Simple]) -> str:
    return " or ".join(sorted(explain_type(types_pb2.LiteralType(simple=kind)) for kind in kinds))
