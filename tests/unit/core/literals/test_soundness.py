"""Which values can be carried through the platform, and that nothing fails on those that can."""

from __future__ import annotations

import msgspec
import pytest
from flyteidl.core import interface_pb2, literals_pb2, types_pb2
from google.protobuf import json_format
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.core.literals.values import INT, STR, dict_type, generic, list_type, lit, packed, union, union_value

from alula.core.literals.checking import check_literals
from alula.core.literals.hashing import hash_literal
from alula.core.literals.packed import PACKED_LEVELS_MAX
from alula.core.literals.soundness import unsound
from alula.core.literals.text import literal_text, preview


def datetime(seconds: int, nanos: int = 0) -> literals_pb2.Literal:
    literal = literals_pb2.Literal()
    literal.scalar.primitive.datetime.seconds, literal.scalar.primitive.datetime.nanos = seconds, nanos
    return literal


def duration(seconds: int, nanos: int = 0) -> literals_pb2.Literal:
    literal = literals_pb2.Literal()
    literal.scalar.primitive.duration.seconds, literal.scalar.primitive.duration.nanos = seconds, nanos
    return literal


def binary(value: bytes) -> literals_pb2.Literal:
    return literals_pb2.Literal(scalar=literals_pb2.Scalar(binary=literals_pb2.Binary(value=value, tag="msgpack")))


def nested(levels: int, kind: str) -> literals_pb2.Literal:
    literal = lit(1)
    for _ in range(levels):
        match kind:
            case "list":
                literal = lit([literal])
            case "map":
                literal = lit({"a": literal})
            case "union":
                literal = union_value(literal, INT)
            case "type":
                wanted = types_pb2.LiteralType()
                wanted.CopyFrom(literal.scalar.union.type)
                literal = union_value(lit(1), list_type(wanted))
            case _:
                literal = generic({"a": json_format.MessageToDict(literal.scalar.generic)})
    return literal


@pytest.mark.parametrize(
    "literal",
    [
        lit(1),
        lit([1, "a", None]),
        lit({"a": [1]}),
        datetime(253_402_300_799, 999_999_999),
        datetime(-62_135_596_800),
        duration(315_576_000_000),
        duration(-315_576_000_000, -999_999_999),
        duration(0, -1),
        packed({"a": [1]}),
        packed({b"a": 1, 2: None}),
        binary(b"\x91" * PACKED_LEVELS_MAX + b"\x01"),
        nested(20, "list"),
        nested(20, "map"),
        nested(20, "union"),
        nested(20, "struct"),
    ],
)
def test_what_is_sound(literal: literals_pb2.Literal) -> None:
    assert unsound(literal) is None
    carry(literal)


@pytest.mark.parametrize(
    ("literal", "reason"),
    [
        (datetime(253_402_300_800), "years 1 to 9999"),
        (datetime(-62_135_596_801), "years 1 to 9999"),
        (datetime(0, -1), "years 1 to 9999"),
        (datetime(0, 1_000_000_000), "years 1 to 9999"),
        (duration(2**62), "10,000 years"),
        (duration(0, -(2**31)), "10,000 years"),
        (duration(1, -1), "1 s -1 ns is no duration"),
        (duration(-1, 1), "-1 s 1 ns is no duration"),
        (lit([1, datetime(2**62)]), "item 1: the time"),
        (lit({"k": duration(2**62)}), "key `k`: 4611686018427387904 s"),
        (union_value(datetime(2**62), INT), "the time"),
        (binary(b""), "not valid msgpack"),
        (binary(b"\xa1\xff"), "not valid msgpack"),
        (binary(b"\x81\x80\x01"), "not valid msgpack"),
        (binary(b"\xd7\xff" + b"\xff" * 8), "not valid msgpack"),
        (binary(b"\x91" * (PACKED_LEVELS_MAX + 1) + b"\x01"), "levels deep"),
        (binary(b"\x91" * 100_000 + b"\x01"), "levels deep"),
        (binary(b"\x81" + b"\x91" * 500 + b"\x01\x01"), "levels deep"),
        (nested(40, "list"), "nested too deeply"),
        (nested(30, "map"), "nested too deeply"),
        (nested(30, "union"), "nested too deeply"),
        (nested(80, "type"), "nested too deeply"),
        (nested(30, "struct"), "nested too deeply"),
    ],
)
def test_what_is_not_sound(literal: literals_pb2.Literal, reason: str) -> None:
    assert reason in (unsound(literal) or "")
    assert literal_text(literal) is not None, "an old log may hold it"
    assert preview(literal)
    assert hash_literal(literal)


def carry(literal: literals_pb2.Literal) -> None:
    """What the platform does with values."""
    assert literal_text(literal) is not None
    assert preview(literal)
    assert hash_literal(literal)
    inside = lit([[[[literal]]]])
    assert literals_pb2.Literal.FromString(inside.SerializeToString()) == inside or "nan" in str(inside)
    json_format.MessageToJson(without_structs(literal))


def without_structs(literal: literals_pb2.Literal) -> literals_pb2.Literal:
    """JSON has no form for a `nan` in a struct, which is a value all the same."""
    return lit(None) if "number_value" in str(literal) else literal


PARTS = [
    lit(1),
    lit(1.5),
    lit("ab"),
    lit(None),
    datetime(1, 1),
    duration(5),
    packed({"a": [1, {"b": 2}], b"c": 1.5}),
    generic({"a": {"b": [None, 1]}}),
    union_value(lit("a"), union(INT, STR)),
    lit([[1], []]),
    lit({"a": lit({"b": 1})}),
]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PARTS), min_size=1, max_size=3), st.data())
def test_whatever_is_parsed_and_sound_can_be_carried(parts: list[literals_pb2.Literal], data: st.DataObject) -> None:
    whole = bytearray(lit(parts).SerializeToString())
    for _ in range(data.draw(st.integers(0, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        literal = literals_pb2.Literal.FromString(bytes(whole))
    except DecodeError:
        return
    if unsound(literal) is None:
        carry(literal)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=40))
def test_whatever_is_unpacked_can_be_carried(value: bytes) -> None:
    literal = binary(value)
    if unsound(literal) is None:
        msgspec.msgpack.decode(value)
        carry(literal)


def variables(**kinds: types_pb2.LiteralType) -> dict[str, interface_pb2.Variable]:
    return {name: interface_pb2.Variable(type=kind) for name, kind in kinds.items()}


@pytest.mark.parametrize(
    ("given_values", "reason"),
    [
        ({"a": lit(1), "b": lit("x")}, None),
        ({"a": lit(1)}, "there is no value for `b`"),
        ({}, "there is no value for `a`, `b`"),
        ({"a": lit(1), "b": lit("x"), "c": lit(1)}, "`c` is not declared"),
        ({"a": lit("1"), "b": lit("x")}, "`a`: expected int, got str"),
        ({"a": literals_pb2.Literal(), "b": lit("x")}, "`a`: expected int, got a literal without a value"),
        ({"a": datetime(2**60), "b": lit("x")}, "`a`: the time"),
    ],
)
def test_values_are_those_of_the_variables(given_values: dict[str, literals_pb2.Literal], reason: str | None) -> None:
    found = check_literals(literals_pb2.LiteralMap(literals=given_values), variables(a=INT, b=STR))
    assert found == reason if reason is None else found is not None and found.startswith(reason)


def test_lists_and_maps_are_checked_inside() -> None:
    wanted = variables(a=dict_type(list_type(INT)))
    found = check_literals(literals_pb2.LiteralMap(literals={"a": lit({"k": [1, "x"]})}), wanted)
    assert found == "`a`: key `k`: item 1: expected int, got str"
