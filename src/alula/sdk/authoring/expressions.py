"""Comparisons of promises, as the condition of a `conditional`. Values and promises stand in them as they were given.

They have no truth while a workflow is declared: `&` and `|` join them, `conditional` takes them, `if` can't.
"""

from __future__ import annotations

from typing import Literal, NoReturn, cast

from alula.sdk.mistake import caller, mistake

Comparator = Literal["==", "!=", "<", "<=", ">", ">="]


class Comparison:
    """`left < right` and the like; at least one side is a promise."""

    __slots__ = ("left", "operator", "right")

    def __init__(self, left: object, operator: Comparator, right: object) -> None:
        self.left = left
        self.operator: Comparator = operator
        self.right = right

    def __and__(self, other: object) -> Conjunction:
        return Conjunction(self, "&", other)

    def __or__(self, other: object) -> Conjunction:
        return Conjunction(self, "|", other)

    def __rand__(self, other: object) -> Conjunction:
        return Conjunction(other, "&", self)

    def __ror__(self, other: object) -> Conjunction:
        return Conjunction(other, "|", self)

    def __repr__(self) -> str:
        return f"({self.left!r} {self.operator} {self.right!r})"

    def __bool__(self) -> bool:  # noqa: PLE0304  # raises
        _refuse(self)

    def __invert__(self) -> NoReturn:
        _refuse(self)


class Conjunction:
    """Two conditions of which both (`&`) or at least one (`|`) must hold."""

    __slots__ = ("left", "operator", "right")

    def __init__(self, left: object, operator: Literal["&", "|"], right: object) -> None:
        self.left = left
        self.operator: Literal["&", "|"] = operator
        self.right = right

    def __and__(self, other: object) -> Conjunction:
        return Conjunction(self, "&", other)

    def __or__(self, other: object) -> Conjunction:
        return Conjunction(self, "|", other)

    def __rand__(self, other: object) -> Conjunction:
        return Conjunction(other, "&", self)

    def __ror__(self, other: object) -> Conjunction:
        return Conjunction(other, "|", self)

    def __repr__(self) -> str:
        return f"({self.left!r} {self.operator} {self.right!r})"

    def __bool__(self) -> bool:  # noqa: PLE0304  # raises
        _refuse(self)

    def __invert__(self) -> NoReturn:
        _refuse(self)


Expression = Comparison | Conjunction


def _refuse(expression: Expression) -> NoReturn:
    raise mistake(
        "PromiseUsedAsValue",
        f"{expression!r} is not known before the steps run, so `if`, `and`, `or`, `not` and chains such as `a < b < c`"
        " can't use it",
        at=caller(),
        fix="give it to `conditional(...)`, joined with `&` and `|`, or do this in a task or a `@dynamic` workflow",
    )


def operands(expression: Expression) -> list[object]:
    """What an expression compares, from left to right."""
    if isinstance(expression, Conjunction):
        sides = (cast("Expression", expression.left), cast("Expression", expression.right))
        return [operand for side in sides for operand in operands(side)]
    return [expression.left, expression.right]
