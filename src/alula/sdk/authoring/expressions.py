"""Comparisons of promises, as the condition of a `conditional`. Values and promises stand in them as they were given.

They have no truth while a workflow is declared: `&` and `|` join them, `conditional` takes them, `if` can't.
"""

from __future__ import annotations

from typing import Literal, NoReturn, cast

from alula.sdk.authoring.unresolved import Unresolved

Comparator = Literal["==", "!=", "<", "<=", ">", ">="]


class Comparison(Unresolved):
    """`left < right` and the like; at least one side is a promise."""

    __slots__ = ("left", "operator", "right")
    left: object
    operator: Comparator
    right: object

    def __init__(self, left: object, operator: Comparator, right: object) -> None:
        _set(self, left, operator, right)

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

    def __eq__(self, other: object) -> NoReturn:  # an answer would always be False
        self._refuse("compared")

    def __hash__(self) -> int:
        return id(self)


class Conjunction(Unresolved):
    """Two conditions: both (`&`) or at least one (`|`) must hold."""

    __slots__ = ("left", "operator", "right")
    left: object
    operator: Literal["&", "|"]
    right: object

    def __init__(self, left: object, operator: Literal["&", "|"], right: object) -> None:
        _set(self, left, operator, right)

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

    def __eq__(self, other: object) -> NoReturn:  # an answer would always be False
        self._refuse("compared")

    def __hash__(self) -> int:
        return id(self)


Expression = Comparison | Conjunction


def _set(expression: Expression, left: object, operator: str, right: object) -> None:
    for name, value in (("left", left), ("operator", operator), ("right", right)):
        object.__setattr__(expression, name, value)


def operands(expression: Expression) -> list[object]:
    """The operands of an expression, from left to right."""
    if isinstance(expression, Conjunction):
        sides = (cast("Expression", expression.left), cast("Expression", expression.right))
        return [operand for side in sides for operand in operands(side)]
    return [expression.left, expression.right]
