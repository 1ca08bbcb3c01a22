"""Which type may stand where another is expected."""

from typing import Any

import pytest
from flyteidl.core import types_pb2
from tests.unit.core.literals.values import (
    BOOL,
    FLOAT,
    INT,
    NONE,
    STR,
    STRUCT,
    blob,
    dataclass,
    dataset,
    dict_type,
    enum,
    list_type,
    schema,
    tagged,
    union,
)

from alula.core.literals.casting import can_cast, explain_type, is_optional
from alula.core.literals.structs import struct_of

COLUMN = types_pb2.SchemaType.SchemaColumn
FUTURE: Any = 99
"""A type of columns that no enumeration has yet."""
ANNOTATED = types_pb2.LiteralType(
    simple=types_pb2.INTEGER,
    metadata=struct_of({"a": 1}),
    annotation=types_pb2.TypeAnnotation(annotations=struct_of({"b": 2})),
)

CASTS = {
    "the same": (INT, INT),
    "annotations and metadata do not count": (ANNOTATED, INT),
    "enum to text": (enum("a", "b"), STR),
    "text to enum": (STR, enum("a", "b")),
    "the same enum": (enum("a", "b"), enum("a", "b")),
    "an empty list": (list_type(NONE), list_type(INT)),
    "an empty map": (dict_type(NONE), dict_type(list_type(INT))),
    "lists of what fits": (list_type(enum("a")), list_type(STR)),
    "maps of what fits": (dict_type(INT), dict_type(union(INT, STR))),
    "one variant fits": (INT, union(INT, STR)),
    "of two variants that fit, one is exact": (STR, union(enum("a"), STR)),
    "of two dataclasses that fit, one is exact": (
        dataclass("A", {"x": "integer"}),
        union(dataclass("B", {"x": "integer"}), tagged(dataclass("A", {"x": "integer"}), "dataclass")),
    ),
    "every variant has a place": (union(INT, STR), union(BOOL, STR, INT)),
    "a union of one is that one": (union(INT), INT),
    "a union of one into a union": (union(tagged(INT, "int")), union(tagged(INT, "int"), tagged(STR, "str"))),
    "the tag decides between equal variants": (
        tagged(STR, "b"),
        union(tagged(STR, "a"), tagged(STR, "b")),
    ),
    "no tag upstream fits any tag": (INT, tagged(INT, "int")),
    "nothing has no tags": (tagged(NONE, "none"), NONE),
    "a data set with more columns": (dataset(a=INT, b=STR), dataset(a=INT)),
    "a data set without columns": (dataset(), dataset(a=INT)),
    "a data set of an open format": (dataset("parquet"), dataset()),
    "format in another case": (dataset("Parquet"), dataset("parquet")),
    "columns cast too": (dataset(a=enum("x")), dataset(a=STR)),
    "nothing as a data set": (NONE, dataset(a=INT)),
    "nothing as an optional data set": (NONE, union(dataset(a=INT), tagged(NONE, "none"))),
    "schema to schema": (schema(a=COLUMN.INTEGER, b=COLUMN.STRING), schema(b=COLUMN.STRING)),
    "schema to parquet": (schema(a=COLUMN.INTEGER), dataset("parquet", a=INT)),
    "parquet to schema": (dataset("parquet", a=INT), schema(a=COLUMN.INTEGER)),
    "a struct without a schema": (STRUCT, dataclass("A", {"x": "integer"})),
    "the same dataclass under another name": (dataclass("A", {"x": "integer"}), dataclass("B", {"x": "integer"})),
    "a dataclass with more fields": (
        dataclass("A", {"x": "integer", "y": "string"}),
        dataclass("A", {"x": "integer"}),
    ),
    "a field that may be missing": (
        dataclass("A", {"x": "integer"}),
        dataclass("A", {"x": "integer", "y": "string"}, required=("x",)),
    ),
    "an integer field as a number": (dataclass("A", {"x": "integer"}), dataclass("A", {"x": "number"})),
    "a file of any format": (blob("csv"), blob()),
    "a file of an unknown format": (blob(), blob("csv")),
}
REFUSED = {
    "another simple type": (INT, FLOAT),
    "an enum with other values": (enum("a", "b"), enum("a")),
    "a number to an enum": (INT, enum("a")),
    "a list to a map": (list_type(INT), dict_type(INT)),
    "an item to a list": (INT, list_type(INT)),
    "lists of what does not fit": (list_type(INT), list_type(STR)),
    "no variant fits": (BOOL, union(INT, STR)),
    "two variants fit": (STR, union(enum("a"), enum("b"))),
    "two dataclasses fit": (
        dataclass("A", {"x": "integer"}),
        union(dataclass("B", {"x": "integer"}), dataclass("C", {"x": "integer"})),
    ),
    "a variant has no place": (union(INT, BOOL), union(INT, STR)),
    "a union to one of its variants": (union(INT, STR), INT),
    "an optional to what must be there": (union(INT, NONE), INT),
    "another tag": (tagged(STR, "a"), tagged(STR, "b")),
    "a missing column": (dataset(a=INT), dataset(a=INT, b=STR)),
    "a column of another type": (dataset(a=INT), dataset(a=STR)),
    "another format": (dataset("csv"), dataset("parquet")),
    "schema to another format": (schema(a=COLUMN.INTEGER), dataset("csv")),
    "another format to schema": (dataset("csv"), schema(a=COLUMN.INTEGER)),
    "schema with a column of another type": (schema(a=COLUMN.INTEGER), dataset(a=STR)),
    "schema with a column of a type of the future": (schema(a=FUTURE), dataset(a=INT)),
    "a data set to a schema with a column of a type of the future": (dataset(a=INT), schema(a=FUTURE)),
    "a dataclass without a field": (
        dataclass("A", {"x": "integer"}),
        dataclass("A", {"x": "integer", "y": "string"}),
    ),
    "a field of another type": (dataclass("A", {"x": "string"}), dataclass("A", {"x": "integer"})),
    "a number field as an integer": (dataclass("A", {"x": "number"}), dataclass("A", {"x": "integer"})),
    "another file format": (blob("csv"), blob("png")),
    "a directory as a file": (blob("csv", directory=True), blob("csv")),
    "nothing to something": (NONE, INT),
    "something to nothing": (INT, NONE),
    "a file to text": (blob(), STR),
}


@pytest.mark.parametrize("name", CASTS)
def test_fits(name: str) -> None:
    upstream, downstream = CASTS[name]
    assert can_cast(upstream, downstream)


@pytest.mark.parametrize("name", REFUSED)
def test_does_not_fit(name: str) -> None:
    upstream, downstream = REFUSED[name]
    assert not can_cast(upstream, downstream)


def test_schemas_with_references_to_themselves_are_compared() -> None:
    def tree(leaf: str) -> types_pb2.LiteralType:
        node = {
            "type": "object",
            "properties": {
                "value": {"type": leaf},
                "children": {"type": "array", "items": {"$ref": "#/$defs/Node"}},
            },
            "required": ["value"],
        }
        return types_pb2.LiteralType(
            simple=types_pb2.STRUCT,
            metadata=struct_of({"$ref": "#/$defs/Node", "$defs": {"Node": node}, "title": leaf}),
        )

    assert can_cast(tree("integer"), tree("number"))
    assert not can_cast(tree("string"), tree("number"))


def test_a_reference_that_leads_in_a_circle_says_nothing() -> None:
    circle = struct_of({"$ref": "#/a", "a": {"$ref": "#/a"}})
    assert can_cast(types_pb2.LiteralType(simple=types_pb2.STRUCT, metadata=circle), dataclass("A", {"x": "integer"}))


def test_optional_fields_and_enumerated_values_of_dataclasses() -> None:
    def one(field: object) -> types_pb2.LiteralType:
        described = struct_of({"type": "object", "properties": {"x": field}, "required": ["x"]})  # type: ignore[dict-item]
        return types_pb2.LiteralType(simple=types_pb2.STRUCT, metadata=described)

    maybe = {"anyOf": [{"type": "integer"}, {"type": "null"}]}
    assert can_cast(one({"type": "integer"}), one(maybe))
    assert not can_cast(one(maybe), one({"type": "integer"}))
    assert can_cast(one({"enum": ["a"]}), one({"enum": ["a", "b"]}))
    assert not can_cast(one({"enum": ["a", "c"]}), one({"enum": ["a", "b"]}))
    assert can_cast(
        one({"type": "object", "additionalProperties": {"type": "integer"}}),
        one({"type": "object", "additionalProperties": {"type": "number"}}),
    )


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (list_type(INT), "list[int]"),
        (dict_type(union(STR, NONE)), "dict[str, Optional[str]]"),
        (union(INT, STR), "Union[int, str]"),
        (union(INT, STR, NONE), "Union[int, str, None]"),
        (dataclass("Foo", {"x": "integer"}), "dataclass Foo"),
        (STRUCT, "struct"),
        (blob("csv"), "file[csv]"),
        (blob(directory=True), "directory"),
        (enum("a", "b"), "enum[a, b]"),
        (dataset("parquet", a=INT), "StructuredDataset[parquet](a: int)"),
        (schema(a=COLUMN.FLOAT), "schema(a: float)"),
        (schema(a=FUTURE), "schema(a: column type 99)"),
        (types_pb2.LiteralType(), "no type"),
    ],
)
def test_types_in_words(kind: types_pb2.LiteralType, words: str) -> None:
    assert explain_type(kind) == words


def test_optional_is_none_or_a_union_with_it() -> None:
    assert is_optional(union(INT, NONE)) and is_optional(NONE)
    assert not is_optional(INT) and not is_optional(union(INT, STR))


def test_deep_types_are_compared_in_no_more_steps_than_they_have_parts() -> None:
    """Unions of one inside each other, and schemas whose definitions each use the next one twice."""
    one, other = INT, STR
    for _ in range(40):
        one, other = union(one), union(other)
    assert not can_cast(one, other)

    def chain(leaf: str) -> types_pb2.LiteralType:
        definitions: dict[str, object] = {
            f"A{i}": {
                "type": "object",
                "properties": {name: {"$ref": f"#/$defs/A{i + 1}"} for name in ("left", "right")},
            }
            for i in range(60)
        }
        definitions["A60"] = {"type": leaf}
        described = struct_of({"$ref": "#/$defs/A0", "$defs": definitions})  # type: ignore[dict-item]
        return types_pb2.LiteralType(simple=types_pb2.STRUCT, metadata=described)

    assert can_cast(chain("integer"), chain("number"))
    assert not can_cast(chain("string"), chain("number"))
