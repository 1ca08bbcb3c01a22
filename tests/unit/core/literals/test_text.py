"""Literals as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
from flyteidl.core.literals_pb2 import Binary, Blob, Literal, LiteralCollection, LiteralMap, Primitive, Scalar, Union

from alula.core.literals.text import LIMIT_CHARS, literal_text, outputs_text, plain_literal, preview


def scalar(**value):
    return Literal(scalar=Scalar(**value))


def primitive(**value):
    return scalar(primitive=Primitive(**value))


def test_values_become_plain_data():
    assert plain_literal(primitive(integer=3)) == 3
    assert plain_literal(primitive(boolean=False)) is False
    assert plain_literal(scalar(blob=Blob(uri="/a/b"))) == "/a/b"
    assert plain_literal(scalar(binary=Binary(value=msgspec.msgpack.encode({"a": 1}), tag="msgpack"))) == {"a": 1}
    assert plain_literal(scalar(union=Union(value=primitive(string_value="x")))) == "x"
    assert plain_literal(Literal(collection=LiteralCollection(literals=[primitive(integer=1)]))) == [1]
    assert plain_literal(Literal()) is None


def test_times_are_iso():
    literal = primitive()
    literal.scalar.primitive.datetime.FromDatetime(datetime(2026, 1, 2, 3, 4, 5, 600, tzinfo=UTC))
    assert plain_literal(literal) == "2026-01-02T03:04:05.000600+00:00"
    literal.scalar.primitive.duration.FromTimedelta(timedelta(hours=1))
    assert plain_literal(literal) == "1:00:00"


def test_one_unnamed_output_is_printed_bare():
    assert outputs_text(LiteralMap(literals={"o0": primitive(string_value="hello")})) == "hello"
    both = LiteralMap(literals={"b": primitive(integer=1), "a": primitive(string_value="x")})
    assert outputs_text(both) == "a: x\nb: 1"


def test_a_long_value_is_cut():
    many = Literal(collection=LiteralCollection(literals=[primitive(integer=i) for i in range(5000)]))
    assert len(literal_text(many)) < LIMIT_CHARS + 50


def test_unreadable_bytes_are_told_by_their_size():
    assert literal_text(scalar(binary=Binary(value=b"\xc1", tag="msgpack"))) == "<1 bytes msgpack>"


def test_a_preview_shows_how_a_value_begins() -> None:
    numbers = LiteralCollection(literals=[primitive(integer=number) for number in range(1000)])
    assert preview(Literal(collection=numbers)) == "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]… (1,000 items)"
    assert preview(primitive(string_value="x" * 500)) == f'"{"x" * 78}…'
    assert preview(primitive(string_value="x" * 5000)) == "<5,009 bytes>"
    assert preview(primitive(boolean=True)) == "true"
