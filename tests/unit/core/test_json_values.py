"""Values of JSON become literals of the type that is expected, or are refused; nothing is guessed."""

from __future__ import annotations

from typing import Any

import pytest
from flyteidl.core import types_pb2

from alula.core.literals.checking import check_value
from alula.core.literals.json_values import can_be_json, literal_of_json
from alula.core.literals.packed import unpack
from alula.core.literals.raw_text import NotAValue
from alula.core.literals.text import plain_literal

Type = types_pb2.LiteralType
INTEGER, FLOAT, STRING = Type(simple=types_pb2.INTEGER), Type(simple=types_pb2.FLOAT), Type(simple=types_pb2.STRING)
BOOLEAN, NONE, STRUCT = Type(simple=types_pb2.BOOLEAN), Type(simple=types_pb2.NONE), Type(simple=types_pb2.STRUCT)
DATETIME, DURATION = Type(simple=types_pb2.DATETIME), Type(simple=types_pb2.DURATION)
COLOUR = Type(enum_type=types_pb2.EnumType(values=["red", "blue"]))
NUMBERS, TABLE = Type(collection_type=INTEGER), Type(map_value_type=FLOAT)
OPTIONAL = Type(union_type=types_pb2.UnionType(variants=[INTEGER, NONE]))
MIXED = Type(union_type=types_pb2.UnionType(variants=[STRING, INTEGER]))
BLOB = Type(blob=types_pb2.BlobType())


@pytest.mark.parametrize(
    ("value", "expected", "plain"),
    [
        (2**63 - 1, INTEGER, 2**63 - 1),
        (1, FLOAT, 1.0),
        (0.5, FLOAT, 0.5),
        ("", STRING, ""),
        (False, BOOLEAN, False),
        (None, NONE, None),
        ("red", COLOUR, "red"),
        ([1, 2], NUMBERS, [1, 2]),
        ([], NUMBERS, []),
        ({"a": 1}, TABLE, {"a": 1.0}),
        (None, OPTIONAL, None),
        (3, OPTIONAL, 3),
        (3, MIXED, 3),
    ],
)
def test_a_value_is_of_the_type_that_is_expected(value: Any, expected: Type, plain: Any) -> None:
    literal = literal_of_json(value, expected)
    assert plain_literal(literal) == plain
    assert check_value(literal, expected) is None or check_value(literal, expected) == ""


def test_times_are_texts() -> None:
    at = literal_of_json("2027-01-02T03:04:05Z", DATETIME).scalar.primitive.datetime
    assert at.ToJsonString() == "2027-01-02T03:04:05Z"
    assert literal_of_json("1m30s", DURATION).scalar.primitive.duration.seconds == 90


def test_integers_in_an_object_stay_integers() -> None:
    literal = literal_of_json({"id": 2**60, "tags": [1, None]}, STRUCT)
    assert unpack(literal.scalar.binary.value) == {"id": 2**60, "tags": [1, None]}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1", INTEGER),
        (1.0, INTEGER),
        (True, INTEGER),
        (2**63, INTEGER),
        (True, FLOAT),
        (10**400, FLOAT),
        (1, STRING),
        (None, STRING),
        (0, BOOLEAN),
        (0, NONE),
        ("green", COLOUR),
        (1, COLOUR),
        ({}, NUMBERS),
        ([1, "2"], NUMBERS),
        ([], TABLE),
        ("x", OPTIONAL),
        ("x", STRUCT),
        ({"id": 10**30}, STRUCT),
        ("yesterday", DATETIME),
        (90, DURATION),
        ("s3://a/b", BLOB),
    ],
)
def test_a_value_of_another_type_is_refused(value: Any, expected: Type) -> None:
    with pytest.raises(NotAValue):
        literal_of_json(value, expected)


def test_which_types_json_has_is_told_before() -> None:
    types = [INTEGER, FLOAT, STRING, BOOLEAN, NONE, STRUCT, DATETIME, DURATION, COLOUR, NUMBERS, TABLE, OPTIONAL, MIXED]
    assert all(can_be_json(each) for each in types)
    assert not any(can_be_json(each) for each in (BLOB, Type(collection_type=BLOB), Type(simple=types_pb2.BINARY)))
