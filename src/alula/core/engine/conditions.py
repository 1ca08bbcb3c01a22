"""Conditions of a branch, evaluated on the literals of its inputs.

Both sides of an AND or OR are evaluated, as in Flyte: a side that can't be is an error wherever it stands.
"""

from __future__ import annotations

import math

from flyteidl.core import condition_pb2, literals_pb2

from alula.core.errors import InvalidInput

_Value = bool | int | float | str | None

_Operator = condition_pb2.ComparisonExpression.Operator


def holds(condition: condition_pb2.BooleanExpression, inputs: literals_pb2.LiteralMap) -> bool:
    """True if the condition holds.

    Raises:
        InvalidInput: code `ConditionNotEvaluable`: a value is missing, is not a primitive, or has no order.
    """
    if condition.HasField("conjunction"):
        left = holds(condition.conjunction.left_expression, inputs)
        right = holds(condition.conjunction.right_expression, inputs)
        if condition.conjunction.operator == condition_pb2.ConjunctionExpression.AND:
            return left and right
        return left or right
    comparison = condition.comparison
    left_value = _operand(comparison.left_value, inputs)
    right_value = _operand(comparison.right_value, inputs)
    if comparison.operator == condition_pb2.ComparisonExpression.EQ:
        return left_value == right_value
    if comparison.operator == condition_pb2.ComparisonExpression.NEQ:
        return left_value != right_value
    return _ordered(comparison.operator, left_value, right_value)


def _ordered(how: _Operator.ValueType, left: _Value, right: _Value) -> bool:
    order = _order(left, right)
    if order is None:
        return False
    match how:
        case condition_pb2.ComparisonExpression.GT:
            return order > 0
        case condition_pb2.ComparisonExpression.GTE:
            return order >= 0
        case condition_pb2.ComparisonExpression.LT:
            return order < 0
        case _:
            return order <= 0


def _order(left: _Value, right: _Value) -> int | None:
    """Less than, equal to or greater than 0 as `left` is to `right`; None where one is not a number."""
    if isinstance(left, str) and isinstance(right, str):
        return (left > right) - (left < right)
    if isinstance(left, bool) or isinstance(right, bool):
        raise InvalidInput("ConditionNotEvaluable", "truth values have no order")
    if isinstance(left, int | float) and isinstance(right, int | float):
        if math.isnan(left) or math.isnan(right):
            return None
        return (left > right) - (left < right)
    raise InvalidInput("ConditionNotEvaluable", f"`{left}` and `{right}` have no order")


def _operand(operand: condition_pb2.Operand, inputs: literals_pb2.LiteralMap) -> _Value:
    match operand.WhichOneof("val"):
        case "var":
            if operand.var not in inputs.literals:
                raise InvalidInput("ConditionNotEvaluable", f"`{operand.var}` has no value")
            return _scalar(inputs.literals[operand.var].scalar, operand.var)
        case "primitive":
            return _primitive(operand.primitive)
        case _:
            return _scalar(operand.scalar, "a constant")


def _scalar(scalar: literals_pb2.Scalar, name: str) -> _Value:
    match scalar.WhichOneof("value"):
        case "primitive":
            return _primitive(scalar.primitive)
        case "none_type":
            return None
        case "union":
            return _scalar(scalar.union.value.scalar, name)
        case kind:
            raise InvalidInput("ConditionNotEvaluable", f"`{name}` is not a primitive but {kind or 'a collection'}")


def _primitive(primitive: literals_pb2.Primitive) -> _Value:
    match primitive.WhichOneof("value"):
        case "datetime":
            return primitive.datetime.ToNanoseconds()
        case "duration":
            return primitive.duration.ToNanoseconds()
        case "integer":
            return primitive.integer
        case "float_value":
            return primitive.float_value
        case "boolean":
            return primitive.boolean
        case _:
            return primitive.string_value
