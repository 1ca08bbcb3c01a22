"""Columns of data frames that their author has declared, and which of arrow's types fit them.

A column is never converted: it fits if each value that its type can have is one of the declared type. So whole numbers
of any width are `int` and, as everywhere, good for `float`; texts are `str` also as a dictionary (a pandas category);
moments and days are both, `datetime` and `date`. A column without any value fits everything: its type is an accident.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from flyteidl.core.types_pb2 import LiteralType, SimpleType

from alula.sdk.types.transformer import TypeMismatch

ArrowType: TypeAlias = Any  # Any: pyarrow has no types
_TEXTS = ("is_string", "is_large_string", "is_string_view")
_LISTS = ("is_list", "is_large_list", "is_fixed_size_list", "is_list_view", "is_large_list_view")
_SIMPLE = {
    SimpleType.INTEGER: ("is_integer",),
    SimpleType.FLOAT: ("is_floating", "is_integer"),
    SimpleType.STRING: _TEXTS,
    SimpleType.BOOLEAN: ("is_boolean",),
    SimpleType.DATETIME: ("is_timestamp", "is_date"),
    SimpleType.DURATION: ("is_duration",),
    SimpleType.STRUCT: ("is_nested",),
    SimpleType.NONE: (),
}
"""By Flyte's type: arrow's, as the predicates of `pyarrow.types` name them."""


class Column(NamedTuple):
    """A declared column."""

    shown: str = ""
    type: LiteralType = LiteralType()
    """Empty if only the name is known."""


class Unfit(str):
    """A description in place of an arrow type, for content that has no such type."""

    __slots__ = ()


Columns: TypeAlias = Mapping[str, Column]


def named(names: Iterable[str]) -> Columns:
    """Columns known by their names alone."""
    return dict.fromkeys(names, Column())


def check_names(declared: Columns, names: Sequence[object], shown: str) -> None:
    """Raise `TypeMismatch` if a data frame with columns of these names lacks a declared one."""
    missing = [name for name in declared if name not in names]
    if missing:
        have = ", ".join(map(repr, names))
        raise TypeMismatch(f"{shown} with column {', '.join(map(repr, missing))}", f"columns {have}")


def check_types(declared: Columns, found: Mapping[str, ArrowType], shown: str) -> None:
    """Raise `TypeMismatch` if a data frame has another type in a declared column."""
    wrong = [name for name, column in declared.items() if not _fits(column.type, found[name])]
    if wrong:
        wanted = ", ".join(f"column {name!r} of {declared[name].shown}" for name in wrong)
        raise TypeMismatch(f"{shown} with {wanted}", ", ".join(f"column {name!r} of {found[name]}" for name in wrong))


def _fits(declared: LiteralType, found: ArrowType) -> bool:
    if isinstance(found, Unfit):
        return declared.WhichOneof("type") is None
    import pyarrow.types  # lazy: only where data frames are used

    types: Any = pyarrow.types  # Any: pyarrow has no types
    while types.is_dictionary(found) or types.is_run_end_encoded(found):
        found = found.value_type
    if types.is_null(found):
        return True

    def is_one_of(predicates: Iterable[str]) -> bool:
        return any(getattr(types, predicate)(found) for predicate in predicates)

    match declared.WhichOneof("type"):
        case "simple":
            return declared.simple not in _SIMPLE or is_one_of(_SIMPLE[declared.simple])
        case "enum_type":
            return is_one_of(_TEXTS)
        case "collection_type":
            return is_one_of(_LISTS) and _fits(declared.collection_type, found.value_type)
        case "map_value_type" if types.is_map(found):
            return _fits(declared.map_value_type, found.item_type)
        case "map_value_type":
            return types.is_struct(found) and all(_fits(declared.map_value_type, field.type) for field in found)
        case "union_type":
            return any(_fits(variant, found) for variant in declared.union_type.variants)
        case _:
            return True
