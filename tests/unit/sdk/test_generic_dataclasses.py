"""Generic dataclasses: the types in the brackets are those of the fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import pytest

from alula import FlytePickle
from alula.sdk.store import FileStore
from alula.sdk.types.engine import TypeMismatch, UnsupportedType, json_schema, to_literal, to_python, wire_form

T = TypeVar("T")
U = TypeVar("U")


@dataclass
class Box(Generic[T]):
    held: T


@dataclass
class Labelled(Box[list[T]], Generic[T, U]):
    """`T` of `Box` is a list of this one's `T`."""

    label: U
    other: T | None = None


@dataclass
class IntBox(Box[int]):
    count: int = 1


@pytest.fixture
def store(tmp_path) -> FileStore:
    return FileStore(str(tmp_path / "raw"), str(tmp_path / "work"))


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        (Box[int], Box(4)),
        (Box[Box[str]], Box(Box("a"))),
        (Labelled[int, str], Labelled([1], "a", 2)),
        (IntBox, IntBox(3)),
        (Box[int] | Box[str], Box("a")),
        (list[Box[str]], [Box("a")]),
        (FlytePickle, {1, 2}),
        (FlytePickle[Any], {1, 2}),
    ],
    ids=repr,
)
def test_a_value_comes_back(type_, value, store):
    assert to_python(to_literal(value, type_, store), type_, store) == value


def test_the_schema_has_the_types_in_the_brackets():
    schema = json_schema(Box[Box[int]])
    assert schema["title"] == "Box[Box[int]]"
    assert schema["properties"]["held"]["properties"] == {"held": {"type": "integer"}}


def test_a_value_of_another_type_and_a_type_left_open_are_refused(store):
    with pytest.raises(TypeMismatch, match="expected int, got str 'a'"):
        to_literal(Box("a"), Box[int], store)
    with pytest.raises(UnsupportedType, match=r"field `held` of `Box` .* `~T`; name it, as `Box\[int\]`"):
        wire_form(Box)
