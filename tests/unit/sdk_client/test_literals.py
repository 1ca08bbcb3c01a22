"""Values of registered types, whose form is chosen by what the platform knows of them: variants of unions, objects."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import pytest
from flyteidl.core import types_pb2
from pydantic import BaseModel
from tests.pets import Cat, Dog, Puppy, Wolf

from alula.core.errors import InvalidInput
from alula.core.literals.checking import check_value
from alula.core.literals.structs import plain_struct
from alula.sdk.client.literals import literal_of
from alula.sdk.store import NO_STORE
from alula.sdk.types.engine import TypeMismatch, literal_type, to_python


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


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


STRUCT = types_pb2.LiteralType(simple=types_pb2.STRUCT)
"""As flytekit-java and flytekit before 1.14 declare an object."""


@pytest.mark.parametrize(
    "kind",
    [STRUCT, types_pb2.LiteralType(collection_type=STRUCT), types_pb2.LiteralType(map_value_type=STRUCT)],
    ids=["alone", "in a list", "in a map"],
)
def test_an_object_is_msgpack_only_where_its_type_says_so(kind):
    def wrapped(value: object) -> object:
        return {"collection_type": [value], "map_value_type": {"key": value}}.get(kind.WhichOneof("type"), value)

    def generic(literal):
        first = [*literal.collection.literals, *literal.map.literals.values(), literal][0]
        return first.scalar.generic

    value = {"a": 1, "b": [True, None, {"c": "x"}], "e": {}, "f": 1.5}
    literal = literal_of(wrapped(value), kind, NO_STORE)
    assert not check_value(literal, kind)
    assert plain_struct(generic(literal)) == value
    assert literal_of(value, literal_type(dict), NO_STORE).scalar.HasField("binary")


def test_an_object_of_a_union_has_the_form_of_its_variant():
    union = types_pb2.LiteralType(union_type=types_pb2.UnionType(variants=[STRUCT, literal_type(int)]))
    literal = literal_of({"a": 1}, union, NO_STORE)
    assert plain_struct(literal.scalar.union.value.scalar.generic) == {"a": 1}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"a": [0, 2**53 + 1]}, "expected a whole number of at most 53 bits, got int 9007199254740993 (at ['a'][1])"),
        ({"a": 10**400}, "at most 53 bits"),
        ({"a": b"x"}, "expected a value of JSON's types, got bytes"),
        ({1: "x"}, "expected texts as keys, got int 1"),
        ([1], "expected dict[Any, Any], got list [1]"),
    ],
    ids=["odd", "huge", "bytes", "key", "list"],
)
def test_what_a_struct_would_lose_is_refused(value, said):
    with pytest.raises(TypeMismatch) as raised:
        literal_of(value, STRUCT, NO_STORE)
    assert said in str(raised.value)
