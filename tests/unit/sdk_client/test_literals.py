"""Values of registered unions: the variant is chosen by what the platform knows of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import pytest
from pydantic import BaseModel

from alula.core.errors import InvalidInput
from alula.core.literals.checking import check_value
from alula.sdk.client.literals import literal_of
from alula.sdk.store import NO_STORE
from alula.sdk.types.engine import TypeMismatch, literal_type, to_python


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Cat:
    lives: int = 9


@dataclass
class Dog:
    name: str


@dataclass
class Wolf:
    name: str


@dataclass
class Puppy:
    name: str
    weeks: int = 8


@dataclass
class Pack:
    dogs: list[Dog]
    colour: Colour | None = None


class Size(BaseModel):
    size: float


CHOSEN = [
    (Colour | int, "red", Colour.RED),
    (Colour | int, 3, 3),
    (str | Colour, "red", Colour.RED),
    (str | Colour, "green", "green"),
    (Colour | None, "blue", Colour.BLUE),
    (Colour | None, None, None),
    (Cat | Dog, {"name": "x"}, Dog("x")),
    (Cat | Dog, {}, Cat()),
    (Dog | Puppy, {"name": "x"}, Dog("x")),
    (Dog | Puppy, {"name": "x", "weeks": 2}, Puppy("x", 2)),
    (Dog | Size | None, {"size": 2}, Size(size=2)),
    (Dog | dict, {"name": "x"}, Dog("x")),
    (Dog | dict, {"other": "x"}, {"other": "x"}),
    (Pack | Dog, {"dogs": [{"name": "x"}], "colour": "red"}, Pack([Dog("x")], Colour.RED)),
    (list[Cat | Dog | None], [{"lives": 1}, None, {"name": "x"}], [Cat(1), None, Dog("x")]),
    (dict[str, Colour | float], {"a": "red", "b": 2.5}, {"a": Colour.RED, "b": 2.5}),
    (Dog | Wolf, {"$variant": "Wolf", "name": "x"}, Wolf("x")),
    (int | float, 3, 3),
    (float | str, 3, 3.0),
]


@pytest.mark.parametrize(("type_", "given", "value"), CHOSEN, ids=str)
def test_the_variant_that_fits_best_is_what_the_task_gets(type_, given, value):
    literal = literal_of(given, literal_type(type_), NO_STORE)
    assert not check_value(literal, literal_type(type_)), "the platform takes it"
    read = to_python(literal, type_, NO_STORE)
    assert (type(read), read) == (type(value), value)


def test_a_value_that_fits_two_variants_alike_is_told_with_the_way_to_say_which():
    with pytest.raises(InvalidInput) as raised:
        literal_of({"name": "x"}, literal_type(Dog | Wolf), NO_STORE)
    assert raised.value.code == "AmbiguousVariant"
    assert "fits `Dog` and `Wolf` alike" in raised.value.message
    assert '{"$variant": "Dog", ...}' in raised.value.fix


def test_a_variant_that_there_is_not_is_told_with_those_that_there_are():
    with pytest.raises(InvalidInput) as raised:
        literal_of({"$variant": "Fox", "name": "x"}, literal_type(Dog | Wolf), NO_STORE)
    assert (raised.value.code, raised.value.fix) == ("UnknownVariant", "the variants are: Dog, Wolf")


@pytest.mark.parametrize(
    ("type_", "given"),
    [
        (Colour | int, "green"),
        (Cat | Dog, {"nam": "x"}),
        (Cat | Dog, {"name": 3}),
        (Cat | Dog, None),
        (int | None, "x"),
    ],
    ids=str,
)
def test_a_value_that_fits_no_variant_is_refused(type_, given):
    with pytest.raises(TypeMismatch):
        literal_of(given, literal_type(type_), NO_STORE)
