"""What type a literal is of, and why it does not fit where another is expected."""

import pytest
from flyteidl.core import literals_pb2, types_pb2
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
    file,
    generic,
    list_type,
    lit,
    packed,
    union,
    union_value,
)

from alula.core.errors import InvalidInput
from alula.core.literals.checking import check_literal, literal_type_of


@pytest.mark.parametrize(
    ("literal", "kind"),
    [
        (lit(1), INT),
        (lit(1.5), FLOAT),
        (lit("a"), STR),
        (lit(True), BOOL),
        (lit(None), NONE),
        (lit([]), list_type(NONE)),
        (lit([1, 2]), list_type(INT)),
        (lit({"a": [1]}), dict_type(list_type(INT))),
        (packed({"a": 1}), STRUCT),
        (generic({"a": 1}), STRUCT),
        (file("/a", blob("csv")), blob("csv")),
        (union_value(lit(1), INT), union(INT)),
    ],
)
def test_the_type_of_a_literal(literal: literals_pb2.Literal, kind: types_pb2.LiteralType) -> None:
    assert literal_type_of(literal) == kind


def test_a_list_of_several_types_is_one_of_their_union_in_any_order() -> None:
    assert literal_type_of(lit([1, "a"])) == literal_type_of(lit(["b", 2]))
    assert len(literal_type_of(lit([1, "a", 2])).collection_type.union_type.variants) == 2


def test_bytes_without_a_tag_are_binary() -> None:
    binary = literals_pb2.Literal(scalar=literals_pb2.Scalar(binary=literals_pb2.Binary(value=b"x")))
    assert literal_type_of(binary).simple == types_pb2.BINARY


@pytest.mark.parametrize(
    "empty",
    [
        literals_pb2.Literal(),
        literals_pb2.Literal(scalar=literals_pb2.Scalar()),
        literals_pb2.Literal(scalar=literals_pb2.Scalar(primitive=literals_pb2.Primitive())),
    ],
)
def test_a_literal_without_a_value_has_no_type(empty: literals_pb2.Literal) -> None:
    with pytest.raises(InvalidInput) as caught:
        literal_type_of(empty)
    assert caught.value.code == "UnrecognizedValue"
    assert check_literal(empty, INT)


@pytest.mark.parametrize(
    ("literal", "kind"),
    [
        (lit([]), list_type(INT)),
        (lit([1, "a"]), list_type(union(INT, STR))),
        (lit("a"), enum("a", "b")),
        (lit([union_value(lit(1), INT), lit(None)]), list_type(union(INT, NONE))),
        (lit(None), union(INT, NONE)),
        (lit(None), union(dataset(a=INT), NONE)),
        (packed({"x": 1}), dataclass("A", {"x": "integer"})),
        (generic({"x": 1}), STRUCT),
        (file("/a", blob("csv")), blob()),
        (lit({"a": 1}), dict_type(INT)),
    ],
)
def test_values_that_fit(literal: literals_pb2.Literal, kind: types_pb2.LiteralType) -> None:
    assert check_literal(literal, kind) is None


@pytest.mark.parametrize(
    ("literal", "kind", "reason"),
    [
        (lit(1), STR, "expected str, got int"),
        (lit([1, "a"]), list_type(INT), "item 1: expected int, got str"),
        (lit({"k": [1.5]}), dict_type(list_type(INT)), "key `k`: item 0: expected int, got float"),
        (lit("c"), enum("a", "b"), "`c` is not one of `a`, `b`"),
        (lit(1), enum("a"), "expected enum[a], got int"),
        (lit(True), union(INT, STR), "expected Union[int, str], got bool"),
        (
            lit("a"),
            union(STR, enum("a")),
            "the value fits more than one variant of Union[str, enum[a]]: str and enum[a]",
        ),
        (union_value(lit(1), INT), union(STR, NONE), "expected Optional[str], got int"),
        (union_value(lit("a"), INT), union(INT, NONE), "expected int, got str"),
        (lit(1), list_type(INT), "expected list[int], got int"),
        (file("/a", blob("csv")), blob("png"), "expected file[png], got file[csv]"),
    ],
)
def test_why_values_do_not_fit(literal: literals_pb2.Literal, kind: types_pb2.LiteralType, reason: str) -> None:
    assert check_literal(literal, kind) == reason


def test_a_value_stored_apart_is_checked_by_its_recorded_type() -> None:
    apart = literals_pb2.Literal(
        offloaded_metadata=literals_pb2.LiteralOffloadedMetadata(uri="/x", inferred_type=list_type(INT))
    )
    assert check_literal(apart, list_type(INT)) is None
    assert check_literal(apart, list_type(STR)) == "expected list[str], got list[int]"
