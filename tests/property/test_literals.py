"""Laws of types and values that hold for all of them."""

from __future__ import annotations

from typing import Any

from flyteidl.core import literals_pb2, types_pb2
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.core.literals.values import (
    BOOL,
    FLOAT,
    INT,
    NONE,
    STR,
    STRUCT,
    blob,
    dataset,
    dict_type,
    enum,
    list_type,
    lit,
    packed,
    union,
)

from alula.core.literals.attributes import resolve_attribute
from alula.core.literals.casting import can_cast, explain_type
from alula.core.literals.checking import check_literal, literal_type_of
from alula.core.literals.hashing import hash_literal, hash_type

QUICK = settings(max_examples=150, deadline=None)
KEYS = st.text(max_size=5)
NUMBERS = st.integers(-(2**63), 2**63 - 1)
PLAIN = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
TYPES = st.recursive(
    st.sampled_from(
        [INT, FLOAT, STR, BOOL, NONE, STRUCT, blob(), blob("csv"), enum("a", "b"), dataset(), dataset("csv", a=INT)]
    ),
    lambda inner: (
        inner.map(list_type) | inner.map(dict_type) | st.lists(inner, min_size=1, max_size=3).map(lambda v: union(*v))
    ),
    max_leaves=8,
)


@QUICK
@given(TYPES)
def test_every_type_fits_itself(kind: types_pb2.LiteralType) -> None:
    copy = types_pb2.LiteralType()
    copy.CopyFrom(kind)
    copy.annotation.SetInParent()
    assert can_cast(kind, kind)
    assert hash_type(kind) == hash_type(copy)
    assert explain_type(kind)


@QUICK
@given(TYPES, TYPES)
def test_whatever_fits_a_type_fits_lists_and_maps_of_it_in_the_same_way(
    one: types_pb2.LiteralType, other: types_pb2.LiteralType
) -> None:
    fits = can_cast(one, other)
    if one != NONE:
        assert can_cast(list_type(one), list_type(other)) == fits
        assert can_cast(dict_type(one), dict_type(other)) == fits
    if one.WhichOneof("type") != "union_type":
        assert can_cast(one, union(other)) == fits


VALUES = {
    "integer": (INT, NUMBERS),
    "float": (FLOAT, st.floats(allow_nan=False)),
    "text": (STR, st.text(max_size=3)),
    "truth": (BOOL, st.booleans()),
    "enum": (enum("a", "b"), st.sampled_from("ab")),
}


@QUICK
@given(st.sampled_from(sorted(VALUES)), st.lists(st.sampled_from(["list", "dict"]), max_size=4), st.data())
def test_a_value_fits_the_type_that_it_is_of(leaf: str, shape: list[str], data: st.DataObject) -> None:
    kind, values = VALUES[leaf]
    for container in shape:
        if container == "list":
            kind, values = list_type(kind), st.lists(values, max_size=3)
        else:
            kind, values = dict_type(kind), st.dictionaries(KEYS, values, max_size=3)
    literal = lit(data.draw(values))
    assert check_literal(literal, kind) is None
    assert check_literal(literal, literal_type_of(literal)) is None
    assert can_cast(literal_type_of(literal), kind)


def _turned(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _turned(value[key]) for key in reversed(list(value))}
    return [_turned(item) for item in value] if isinstance(value, list) else value


@QUICK
@given(PLAIN)
def test_the_order_of_keys_does_not_change_a_hash(value: Any) -> None:
    assert hash_literal(lit(value)) == hash_literal(lit(_turned(value)))
    assert hash_literal(packed(value)) == hash_literal(packed(_turned(value)))


def _same(one: Any, other: Any) -> bool:
    """Equality that tells 1, 1.0 and True apart, and 0.0 from -0.0."""
    return repr(_turned(one)) == repr(_turned(other))


@QUICK
@given(PLAIN, PLAIN)
def test_different_values_have_different_hashes(one: Any, other: Any) -> None:
    equal = one == other and _same(_sorted(one), _sorted(other))
    assert (hash_literal(lit(one)) == hash_literal(lit(other))) == equal
    assert (hash_literal(packed(one)) == hash_literal(packed(other))) == equal


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value


@QUICK
@given(PLAIN, st.data())
def test_a_path_leads_to_the_same_place_in_every_form_of_a_value(value: Any, data: st.DataObject) -> None:
    path: list[str | int] = []
    at = value
    while isinstance(at, list | dict) and at and data.draw(st.booleans()):
        step = data.draw(st.sampled_from(range(len(at)) if isinstance(at, list) else list(at)))
        path.append(step)
        at = at[step]
    if not path:
        return
    assert resolve_attribute(lit(value), path, {}) == lit(at)
    assert resolve_attribute(packed(value), path, {}) == _repacked(at)


def _repacked(value: Any) -> literals_pb2.Literal:
    if isinstance(value, dict):
        return packed(value)
    return lit([_repacked(item) for item in value]) if isinstance(value, list) else lit(value)
