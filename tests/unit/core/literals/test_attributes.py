"""Reaching into values along an attribute path."""

import pytest
from flyteidl.core import literals_pb2
from tests.unit.core.literals.values import INT, STRUCT, generic, lit, packed, union_value

from alula.core.errors import InvalidInput
from alula.core.literals.attributes import resolve_attribute

CONFIG = packed({"name": "n", "rate": 0.5, "layers": [3, {"size": 2**40}], "on": True, "none": None})


@pytest.mark.parametrize(
    ("value", "path", "found"),
    [
        (lit([1, 2]), [1], lit(2)),
        (lit({"a": [5]}), ["a", 0], lit(5)),
        (CONFIG, ["name"], lit("n")),
        (CONFIG, ["rate"], lit(0.5)),
        (CONFIG, ["on"], lit(True)),
        (CONFIG, ["none"], lit(None)),
        (CONFIG, ["layers", 0], lit(3)),
        (CONFIG, ["layers", 1, "size"], lit(2**40)),
        (CONFIG, ["layers", 1], packed({"size": 2**40})),
        (
            CONFIG,
            ["layers"],
            literals_pb2.Literal(collection=literals_pb2.LiteralCollection(literals=[lit(3), packed({"size": 2**40})])),
        ),
        (generic({"a": {"b": [1, "x"]}}), ["a", "b", 1], lit("x")),
        (generic({"a": {"b": 1}}), ["a"], generic({"b": 1})),
        (union_value(CONFIG, STRUCT), ["name"], lit("n")),
        (lit(7), [], lit(7)),
    ],
)
def test_the_part_at_a_path(value: literals_pb2.Literal, path: list[str | int], found: literals_pb2.Literal) -> None:
    assert resolve_attribute(value, path, {}) == found


def test_whole_numbers_of_a_packed_value_stay_whole() -> None:
    assert resolve_attribute(packed({"x": 3}), ["x"], {}) == lit(3)
    assert resolve_attribute(packed({"x": 3.0}), ["x"], {}) == lit(3.0)


@pytest.mark.parametrize(
    ("value", "path", "words"),
    [
        (lit([1]), [1], "`[1]` fails at `[1]`: the list has 1 items"),
        (lit([1]), [-1], "`[-1]` fails at `[-1]`: the list has 1 items"),
        (lit({"a": 1}), ["b"], "there is no key among `a`"),
        (CONFIG, ["nam"], "there is no such field among `name`"),
        (CONFIG, ["name", "x"], "a value of type str has no parts"),
        (lit(1), ["x"], "a value of kind `primitive` has no parts"),
        (union_value(lit(1), INT), ["x"], "has no parts"),
        (packed({"x": 2**63}), ["x"], "does not fit into 64 bits"),
        (literals_pb2.Literal(), ["x"], "there is no value"),
        (
            literals_pb2.Literal(scalar=literals_pb2.Scalar(binary=literals_pb2.Binary(value=b"\xc1", tag="msgpack"))),
            ["x"],
            "not valid msgpack",
        ),
        (
            literals_pb2.Literal(scalar=literals_pb2.Scalar(binary=literals_pb2.Binary(value=b"", tag="cbor"))),
            ["x"],
            "the value is opaque, with tag `cbor`",
        ),
    ],
)
def test_paths_that_lead_nowhere(value: literals_pb2.Literal, path: list[str | int], words: str) -> None:
    with pytest.raises(InvalidInput, match="fails at") as caught:
        resolve_attribute(value, path, {})
    assert caught.value.code == "PromiseAttributeResolveError"
    assert words in caught.value.message
