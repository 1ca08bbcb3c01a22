"""Conditions of branches as messages: trees of comparisons of variables and constants.

A variable is an input of the branch, named `<node>.<output>` (`.x` for an input of the workflow), as Flyte's other
SDKs name it. A constant takes the type of what it is compared with, because Flyte compares only values of one type:
`area > 100` of a float is the comparison with 100.0.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from flyteidl.core.condition_pb2 import BooleanExpression, ComparisonExpression, ConjunctionExpression, Operand
from flyteidl.core.literals_pb2 import Scalar, Void

from alula.sdk.authoring.constants import constant
from alula.sdk.authoring.expressions import Comparison, Conjunction, Expression, operands
from alula.sdk.authoring.promise import Promise, reference_of
from alula.sdk.mistake import Location, mistake
from alula.sdk.types.engine import transformer_for
from alula.sdk.types.transformer import EXACT, NO, Transformer, UnsupportedType, describe
from alula.sdk.types.unions import UnionTransformer

_COMPARISONS = {
    "==": ComparisonExpression.EQ,
    "!=": ComparisonExpression.NEQ,
    "<": ComparisonExpression.LT,
    "<=": ComparisonExpression.LTE,
    ">": ComparisonExpression.GT,
    ">=": ComparisonExpression.GTE,
}
_CONJUNCTIONS = {"&": ConjunctionExpression.AND, "|": ConjunctionExpression.OR}


def condition_message(expression: Expression, *, at: Location) -> BooleanExpression:
    """A checked condition. Raises `InvalidInput` for a constant that can't be compared with the other side."""
    if isinstance(expression, Conjunction):
        return BooleanExpression(
            conjunction=ConjunctionExpression(
                operator=_CONJUNCTIONS[expression.operator],
                left_expression=condition_message(cast("Expression", expression.left), at=at),
                right_expression=condition_message(cast("Expression", expression.right), at=at),
            )
        )
    return BooleanExpression(
        comparison=ComparisonExpression(
            operator=_COMPARISONS[expression.operator],
            left_value=_operand(expression.left, expression.right, expression, at=at),
            right_value=_operand(expression.right, expression.left, expression, at=at),
        )
    )


def variables(expressions: Iterable[Expression]) -> dict[str, Promise]:
    """The promises that the branch needs as inputs, by name and in order of the names."""
    promises = [each for expression in expressions for each in operands(expression) if isinstance(each, Promise)]
    return dict(sorted((_variable(promise), promise) for promise in promises))


def _variable(promise: Promise) -> str:
    source = reference_of(promise)
    node_id = source.node.id if source.node else ""
    return ".".join((node_id, source.var, *map(str, source.path)))


def _operand(value: object, other: object, comparison: Comparison, *, at: Location) -> Operand:
    if isinstance(value, Promise):
        return Operand(var=_variable(value))
    if value is None:
        return Operand(scalar=Scalar(none_type=Void()))
    transformer = _transformer(value, other, comparison, at=at)
    scalar = constant(transformer, value, what=f"{describe(value)} in {comparison!r}", at=at).scalar
    if not scalar.HasField("primitive"):
        raise _not_comparable(value, comparison, at)
    return Operand(primitive=scalar.primitive)


def _transformer(value: object, other: object, comparison: Comparison, *, at: Location) -> Transformer:
    promised = reference_of(other).type if isinstance(other, Promise) else None
    try:
        wanted = transformer_for(type(value) if promised is None else promised)
    except UnsupportedType as error:
        raise _not_comparable(value, comparison, at) from error
    variants = wanted.variants if isinstance(wanted, UnionTransformer) else [wanted]
    fits = {variant.fit(value): variant for variant in reversed(variants)}
    if max(fits) == NO:
        raise mistake(
            "WrongValue",
            f"{comparison!r} compares {wanted.shown} with {describe(value)}",
            at=at,
            fix="compare values of the same type",
        )
    return fits.get(EXACT) or fits[max(fits)]


def _not_comparable(value: object, comparison: Comparison, at: Location) -> Exception:
    return mistake(
        "WrongValue",
        f"{comparison!r} compares {describe(value)}",
        at=at,
        fix="compare numbers, texts, truth values, times or None",
    )
