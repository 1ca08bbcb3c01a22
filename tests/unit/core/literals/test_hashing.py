"""Equal values hash equal; others do not."""

import msgspec
import pytest
from flyteidl.core import interface_pb2, literals_pb2, types_pb2
from tests.unit.core.literals.values import (
    INT,
    NONE,
    STR,
    blob,
    dataclass,
    file,
    generic,
    lit,
    packed,
    tagged,
    union_value,
)

from alula.core.literals.hashing import hash_interface, hash_literal, hash_literal_map, hash_type, hash_variable_map
from alula.core.literals.structs import struct_of


def hashed(literal: literals_pb2.Literal, hash: str) -> literals_pb2.Literal:
    copy = literals_pb2.Literal()
    copy.CopyFrom(literal)
    copy.hash = hash
    return copy


def annotated(kind: types_pb2.LiteralType) -> types_pb2.LiteralType:
    copy = types_pb2.LiteralType()
    copy.CopyFrom(kind)
    copy.annotation.annotations.CopyFrom(struct_of({"note": "x"}))
    return copy


EQUAL = {
    "maps in any order": (lit({"a": 1, "b": 2}), lit({"b": 2, "a": 1})),
    "packed fields in any order": (packed({"a": 1, "b": {"c": 1, "d": 2}}), packed({"b": {"d": 2, "c": 1}, "a": 1})),
    "structs in any order": (generic({"a": 1, "b": 2}), generic({"b": 2, "a": 1})),
    "a hash stands for the value": (hashed(lit(1), "h"), hashed(lit("other"), "h")),
    "a hash inside a list": (lit([0]), lit([0])),
    "annotations of a variant": (union_value(lit(1), INT), union_value(lit(1), annotated(INT))),
}
DIFFERENT = {
    "kinds of numbers": (lit(1), lit(1.0)),
    "number and truth value": (lit(1), lit(True)),
    "number and text": (lit(1), lit("1")),
    "packed kinds of numbers": (packed({"a": 1}), packed({"a": 1.0})),
    "a hash and a text of the same letters": (hashed(lit(1), "h"), lit("h")),
    "lists in another order": (lit([1, 2]), lit([2, 1])),
    "a list and its only item": (lit([1]), lit(1)),
    "nothing and an empty text": (lit(None), lit("")),
    "an empty list and an empty map": (lit([]), lit({})),
    "files elsewhere": (file("/a", blob()), file("/b", blob())),
    "variants with other tags": (union_value(lit("a"), tagged(STR, "x")), union_value(lit("a"), tagged(STR, "y"))),
    "variants with other schemas": (
        union_value(packed({"x": 1}), dataclass("A", {"x": "integer"})),
        union_value(packed({"x": 1}), dataclass("B", {"x": "number"})),
    ),
    "packed lists and maps": (packed([["a", 1]]), packed({"a": 1})),
}


@pytest.mark.parametrize("name", EQUAL)
def test_equal_values_hash_equal(name: str) -> None:
    one, other = EQUAL[name]
    assert hash_literal(one) == hash_literal(other)


@pytest.mark.parametrize("name", DIFFERENT)
def test_different_values_hash_differently(name: str) -> None:
    one, other = DIFFERENT[name]
    assert hash_literal(one) != hash_literal(other)


def test_a_hash_counts_at_any_depth() -> None:
    one, other = lit({"a": [1]}), lit({"a": [2]})
    one.map.literals["a"].collection.literals[0].hash = "h"
    other.map.literals["a"].collection.literals[0].hash = "h"
    assert hash_literal(one) == hash_literal(other)


def test_packed_keys_of_any_type_can_be_hashed() -> None:
    assert hash_literal(packed({1: "a", 2: "b"})) == hash_literal(packed({2: "b", 1: "a"}))
    assert hash_literal(packed({1: "a"})) != hash_literal(packed({"1": "a"}))


def test_bytes_that_are_not_what_their_tag_says_are_hashed_as_bytes() -> None:
    broken = literals_pb2.Binary(value=msgspec.msgpack.encode({"a": 1})[:-1], tag="msgpack")
    literal = literals_pb2.Literal(scalar=literals_pb2.Scalar(binary=broken))
    assert len(hash_literal(literal)) == 64


def test_hashes_do_not_change_between_versions() -> None:
    """Cache entries outlive an update: a change here means a new `cache_key.FORMAT_VERSION`."""
    value = lit({"a": [1, 2.5, "x", True, None]})
    assert hash_literal(value) == "b2efbb5cdc9ac2acdca2875fb4d65bff0f40f936979c89fd33ba3041b67c4000"
    assert hash_type(dataclass("A", {"x": "integer"})) == (
        "58696ac7114ce4b9efde353450a898c143ea9013fab020ccd4e691818e6f9e0a"
    )


def test_descriptions_of_variables_and_fields_do_not_count() -> None:
    def variables(description: str, field: str) -> interface_pb2.VariableMap:
        described = struct_of(
            {"properties": {"description": {"type": field, "description": description}}, "description": description}
        )
        kind = types_pb2.LiteralType(simple=types_pb2.STRUCT, metadata=described)
        variable = interface_pb2.Variable(type=kind, description=description)
        return interface_pb2.VariableMap(variables={"x": variable})

    assert hash_variable_map(variables("a", "string")) == hash_variable_map(variables("b", "string"))
    assert hash_variable_map(variables("a", "string")) != hash_variable_map(variables("a", "integer"))


def test_an_interface_is_its_inputs_and_its_outputs() -> None:
    variables = interface_pb2.VariableMap(variables={"x": interface_pb2.Variable(type=INT)})
    one = interface_pb2.TypedInterface(inputs=variables)
    other = interface_pb2.TypedInterface(outputs=variables)
    assert hash_interface(one) != hash_interface(other)
    assert hash_type(INT) != hash_type(NONE)


def test_named_values_hash_equal_in_any_order() -> None:
    one = literals_pb2.LiteralMap(literals={"a": lit(1), "b": lit(2)})
    other = literals_pb2.LiteralMap(literals={"b": lit(2), "a": lit(1)})
    assert hash_literal_map(one) == hash_literal_map(other)
