"""Values that become files for a container, and files that become values again."""

from __future__ import annotations

import json
import math

import pytest
from flyteidl.core import literals_pb2, types_pb2
from hypothesis import given
from hypothesis import strategies as st

from alula.core.errors import InvalidInput
from alula.core.literals.raw_files import Copy, documents, input_files
from alula.core.literals.raw_text import NotAValue, can_be_file, file_text, uri_of_file, value_of_file
from alula.core.literals.structs import struct_of

INTEGERS = st.integers(-(2**63), 2**63 - 1)
TEXTS = st.text(st.characters(codec="utf-8"))
SPANS = st.integers(-(10**17), 10**17)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


def simple(kind: int) -> types_pb2.LiteralType:
    return types_pb2.LiteralType(simple=kind)  # type: ignore[arg-type]


def primitive(**value: object) -> literals_pb2.Scalar:
    return literals_pb2.Scalar(primitive=literals_pb2.Primitive(**value))  # type: ignore[arg-type]


def span(nanos: int) -> literals_pb2.Scalar:
    scalar = literals_pb2.Scalar()
    scalar.primitive.duration.FromNanoseconds(nanos)
    return scalar


def time(nanos: int) -> literals_pb2.Scalar:
    scalar = literals_pb2.Scalar()
    scalar.primitive.datetime.FromNanoseconds(nanos)
    return scalar


SCALARS = st.one_of(
    INTEGERS.map(lambda value: (types_pb2.INTEGER, primitive(integer=value))),
    st.floats(allow_nan=False).map(lambda value: (types_pb2.FLOAT, primitive(float_value=value))),
    st.booleans().map(lambda value: (types_pb2.BOOLEAN, primitive(boolean=value))),
    TEXTS.map(lambda value: (types_pb2.STRING, primitive(string_value=value))),
    SPANS.map(lambda value: (types_pb2.DURATION, span(value))),
    SPANS.map(lambda value: (types_pb2.DATETIME, time(value))),
    st.binary().map(lambda value: (types_pb2.BINARY, literals_pb2.Scalar(binary=literals_pb2.Binary(value=value)))),
    st.dictionaries(TEXTS, PLAIN, max_size=4).map(
        lambda value: (types_pb2.STRUCT, literals_pb2.Scalar(generic=struct_of(value)))
    ),
    st.just((types_pb2.NONE, literals_pb2.Scalar(none_type=literals_pb2.Void()))),
)


@given(SCALARS)
def test_a_value_that_was_written_is_read_again(case: tuple[int, literals_pb2.Scalar]) -> None:
    kind, scalar = case
    assert value_of_file(file_text(scalar), simple(kind)) == literals_pb2.Literal(scalar=scalar)


@given(SCALARS, st.sampled_from([b"", b"\n", b" \r\n"]))
def test_line_ends_round_a_value_mean_nothing(case: tuple[int, literals_pb2.Scalar], end: bytes) -> None:
    kind, scalar = case
    if kind not in (types_pb2.STRING, types_pb2.BINARY):
        assert value_of_file(file_text(scalar) + end, simple(kind)) == literals_pb2.Literal(scalar=scalar)


@given(st.binary(), st.sampled_from(sorted(types_pb2.SimpleType.values())))
def test_whatever_a_file_holds_is_a_value_or_is_refused_in_words(content: bytes, kind: int) -> None:
    try:
        value = value_of_file(content, simple(kind))
    except NotAValue as wrong:
        assert str(wrong)
        assert len(str(wrong)) < 1000
    else:
        assert value_of_file(file_text(value.scalar), simple(kind)) == value or math.isnan(
            value.scalar.primitive.float_value
        )


@given(st.text(alphabet="0123456789.hmsnuµ-+eE ", max_size=40))
def test_no_text_of_a_time_or_number_breaks_the_reading(text: str) -> None:
    for kind in (types_pb2.INTEGER, types_pb2.FLOAT, types_pb2.DURATION, types_pb2.DATETIME):
        try:
            value_of_file(text.encode(), simple(kind))
        except NotAValue:
            continue


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (types_pb2.INTEGER, "1.0"),
        (types_pb2.INTEGER, str(2**63)),
        (types_pb2.INTEGER, "１"),
        (types_pb2.FLOAT, "one"),
        (types_pb2.FLOAT, "1_0"),
        (types_pb2.BOOLEAN, "yes"),
        (types_pb2.DATETIME, "tomorrow"),
        (types_pb2.DURATION, "5"),
        (types_pb2.DURATION, "9" * 30 + "h"),
        (types_pb2.STRUCT, "[1]"),
        (types_pb2.STRUCT, '{"a": NaN}'),
        (types_pb2.STRUCT, "[" * 100_000),
        (types_pb2.NONE, "something"),
    ],
)
def test_what_is_no_value_of_its_type_is_refused(kind: int, text: str) -> None:
    with pytest.raises(NotAValue):
        value_of_file(text.encode(), simple(kind))


def test_an_enum_is_one_of_its_values() -> None:
    colours = types_pb2.LiteralType(enum_type=types_pb2.EnumType(values=["red", "green"]))
    assert value_of_file(b"red\n", colours).scalar.primitive.string_value == "red"
    with pytest.raises(NotAValue, match="none of red, green"):
        value_of_file(b"blue", colours)


def test_lists_can_not_be_read_from_a_file() -> None:
    expected = types_pb2.LiteralType(collection_type=simple(types_pb2.INTEGER))
    assert not can_be_file(expected)
    with pytest.raises(NotAValue, match="can't be read from a file"):
        value_of_file(b"[1]", expected)


def literal(scalar: literals_pb2.Scalar) -> literals_pb2.Literal:
    return literals_pb2.Literal(scalar=scalar)


def blob(uri: str, *, is_folder: bool = False) -> literals_pb2.Literal:
    shape = types_pb2.BlobType(dimensionality=types_pb2.BlobType.MULTIPART if is_folder else types_pb2.BlobType.SINGLE)
    metadata = literals_pb2.BlobMetadata(type=shape)
    return literal(literals_pb2.Scalar(blob=literals_pb2.Blob(uri=uri, metadata=metadata)))


def test_inputs_are_files_of_their_names() -> None:
    one, two = literal(primitive(integer=1)), literal(primitive(string_value="b"))
    inputs = literals_pb2.LiteralMap(
        literals={
            "count": one,
            "file": blob("s3://a/b"),
            "folder": blob("s3://a/c", is_folder=True),
            "list": literals_pb2.Literal(collection=literals_pb2.LiteralCollection(literals=[one, blob("s3://a/d")])),
            "map": literals_pb2.Literal(map=literals_pb2.LiteralMap(literals={"k": two})),
        }
    )
    before = inputs.SerializeToString(deterministic=True)
    files = input_files(inputs, "/in")
    assert files.texts == {"count": b"1", "list/0": b"1", "map/k": b"b"}
    assert sorted(files.folders) == ["list", "map"]
    assert files.copies == [
        Copy("file", "s3://a/b", is_folder=False),
        Copy("folder", "s3://a/c", is_folder=True),
        Copy("list/1", "s3://a/d", is_folder=False),
    ]
    assert documents(files) == {
        "count": 1,
        "file": "/in/file",
        "folder": "/in/folder",
        "list": [1, "/in/list/1"],
        "map": {"k": "b"},
    }
    assert inputs.SerializeToString(deterministic=True) == before


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../x", "x" * 300, "a\0b"])
def test_no_name_leads_out_of_the_folder(name: str) -> None:
    value = literal(primitive(integer=1))
    inner = literals_pb2.Literal(map=literals_pb2.LiteralMap(literals={name: value}))
    for inputs in ({name: value}, {"x": inner}):
        with pytest.raises(InvalidInput) as refused:
            input_files(literals_pb2.LiteralMap(literals=inputs), "/in")
        assert refused.value.code == "BadFileName"


@given(st.dictionaries(st.from_regex(r"[a-z_]{1,8}", fullmatch=True), SCALARS, max_size=5))
def test_all_inputs_are_in_one_document_that_json_can_hold(cases: dict[str, tuple[int, literals_pb2.Scalar]]) -> None:
    inputs = literals_pb2.LiteralMap(literals={name: literal(scalar) for name, (_, scalar) in cases.items()})
    files = input_files(inputs, "/in")
    assert set(json.loads(json.dumps(documents(files), default=str))) == set(cases)
    assert files.values == inputs


def test_an_object_that_is_not_brought_is_its_uri() -> None:
    values = {
        "a": blob("s3://b/a"),
        "many": literals_pb2.Literal(collection={"literals": [blob("/b/0", is_folder=True)]}),
    }
    files = input_files(literals_pb2.LiteralMap(literals=values), "/in", brings_objects=False)
    assert files.copies == []
    assert files.texts == {"a": b"s3://b/a", "many/0": b"/b/0"}
    assert dict(files.values.literals) == values
    assert uri_of_file(files.texts["a"] + b"\n") == "s3://b/a"


@pytest.mark.parametrize("text", ["", "somewhere", "s3://", "/", "../up", "s3://a\ns3://b", "s3://a\0"])
def test_what_is_no_uri_is_refused(text: str) -> None:
    with pytest.raises(NotAValue, match="is no URI"):
        uri_of_file(text.encode())
