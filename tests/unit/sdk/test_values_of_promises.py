"""Promises of enums and `Literal` types: what they can be is judged when the workflow is declared."""

import enum
import typing
from typing import Any, Literal

import pytest

from alula import task, workflow
from alula.core.errors import InvalidInput


class Two(enum.Enum):
    X = "x"
    Y = "y"


class Text(enum.StrEnum):
    X = "x"
    Y = "y"


class Three(enum.Enum):
    X = "x"
    Y = "y"
    Z = "z"


XY = Literal["x", "y"]
FITS: list[tuple[Any, Any]] = [
    (Two, XY),
    (Two, Literal["z", "y", "x"]),
    (Text, XY),
    (Two, Text),
    (XY, Two),
    (XY, Literal["y", "x", "z"]),
    (Literal["y"], Two),
    (Literal[2], Literal[1, 2]),
    (Literal[True], Literal[True, False]),
    (Two, str),
    (XY, str),
    (Two, XY | None),
    (Two, XY | int),
    (XY, Two | int),
    (Literal[1], Literal[1, 2] | str),
    (XY | None, Two | None),
    (list[Two], list[XY]),
    (dict[str, list[XY]], dict[str, list[Two]]),
]
OUTSIDE: list[tuple[Any, Any, str]] = [
    (Three, XY, "value 'z' is none of Literal['x', 'y']"),
    (Three, Literal["x"], "values 'y' and 'z' are none of Literal['x']"),
    (Three, Two, "value 'z' is none of Two"),
    (Literal["x", "q"], Two, "value 'q' is none of Two"),
    (Literal["X"], Two, "value 'X' is none of Two"),
    (XY, Literal["x"], "value 'y' is none of Literal['x']"),
    (Literal[1, 3], Literal[1, 2], "value 3 is none of Literal[1, 2]"),
    (Literal[1], Literal[True], "value 1 is none of Literal[True]"),
    (XY, Literal[1], "values 'x' and 'y' are none of Literal[1]"),
    (Three, Two | None, "value 'z' is none of Two"),
    (list[Three], list[XY], "value 'z' is none of Literal['x', 'y']"),
    (dict[str, Three], dict[str, XY], "value 'z' is none of Literal['x', 'y']"),
]
ALIKE: list[tuple[Any, Any, str]] = [
    (XY, Two | XY, "whose values do not tell Two and Literal['x', 'y'] apart"),
    (XY, str | Two, "whose values do not tell str and Two apart"),
    (Literal[1], Literal[1, 2] | int, "whose values do not tell Literal[1, 2] and int apart"),
    (Literal["x"], Literal["x"] | Literal["z"], "which fits Literal['x'] and Literal['z']"),
]


def declared(given: Any, wanted: Any) -> Any:
    @task
    def make() -> given:  # pyright: ignore[reportInvalidTypeForm]  a parameter of the test
        return _first(given)

    @task
    def take(value: wanted) -> str:  # pyright: ignore[reportInvalidTypeForm]  a parameter of the test
        return repr(value)

    @workflow
    def flow() -> str:
        return take(value=make())

    return flow


def _first(type_: Any) -> object:
    origin, arguments = typing.get_origin(type_), typing.get_args(type_)
    if origin is list:
        return [_first(arguments[0])]
    if origin is dict:
        return {"k": _first(arguments[1])}
    if arguments:
        return arguments[0] if origin is Literal else _first(arguments[0])
    return next(iter(type_))


@pytest.mark.parametrize(("given", "wanted"), FITS, ids=str)
def test_a_promise_whose_values_are_all_there_is_taken(given: Any, wanted: Any) -> None:
    flow = declared(given, wanted)
    flow.graph()
    assert flow()


@pytest.mark.parametrize(("given", "wanted", "reason"), [*OUTSIDE, *ALIKE], ids=str)
def test_one_that_can_be_something_else_is_refused_when_it_is_declared(given: Any, wanted: Any, reason: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        declared(given, wanted).graph()
    assert raised.value.code == "WrongValue"
    assert reason in str(raised.value)


def test_an_output_of_a_workflow_is_judged_alike() -> None:
    @task
    def make() -> Three:
        raise AssertionError("never runs")

    @workflow
    def flow() -> XY:
        return make()  # pyright: ignore[reportReturnType]  a mistake on purpose

    with pytest.raises(InvalidInput, match=r"whose value 'z' is none of Literal\['x', 'y'\]"):
        flow()
