"""Columns of data frames that their author has declared, and which of arrow's types fit them.

A column is never converted: it fits if each value that its type can have is one of the declared type. So whole numbers
of any width are `int` and, as everywhere, good for `float`; texts are `str` also as a dictionary (a pandas category);
moments and days are both, `datetime` and `date`. A column without any value fits everything: its type is an accident.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
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


def is_nested(name: str) -> bool:
    """True if a declared column may be a field of a struct, as in `address.city`."""
    return "." in name


def holder(path: str, names: Collection[object]) -> str | None:
    """The column of a data frame in which a declared one is: itself, or the struct whose field it is; None without."""
    name = path
    while name not in names:
        name, dot, _ = name.rpartition(".")
        if not dot:
            return None
    return name


class Fields(dict[str, "Fields"]):
    """Fields of a struct that are wanted, with those in them; all if it is empty."""


def fields_of(columns: Columns, names: Collection[object]) -> Fields:
    """The columns of a data frame in which the declared ones are, with the fields that are declared."""
    wanted = Fields()
    whole = {path for path in columns if path in names}
    for path in columns:
        name = holder(path, names) or path
        inner = wanted.setdefault(name, Fields())
        if name not in whole:
            for field in path.removeprefix(f"{name}.").split("."):
                inner = inner.setdefault(field, Fields())
    return wanted


def check_names(declared: Columns, names: Collection[object], shown: str) -> None:
    """Raise `TypeMismatch` if a data frame with columns of these names lacks a declared one."""
    missing = [name for name in declared if holder(name, names) is None]
    if missing:
        have = ", ".join(map(repr, names))
        raise TypeMismatch(f"{shown} with column {', '.join(map(repr, missing))}", f"columns {have}")


def check_types(declared: Columns, found: Mapping[str, ArrowType], shown: str) -> None:
    """Raise `TypeMismatch` if a data frame has another type in a declared column."""
    types = {name: _type_at(name, found) for name in declared}
    wrong = [name for name, column in declared.items() if types[name] is None or not _fits(column.type, types[name])]
    if wrong:
        wanted = ", ".join(_shown(name, declared[name].shown) for name in wrong)
        raise TypeMismatch(f"{shown} with {wanted}", ", ".join(_shown(*_nearest(name, found)) for name in wrong))


def _shown(name: str, type_: object) -> str:
    return f"column {name!r} of {type_}" if type_ else f"column {name!r}"


def _nearest(path: str, found: Mapping[str, ArrowType]) -> tuple[str, ArrowType]:
    """A declared column with its type, or the column that should hold it."""
    type_ = _type_at(path, found)
    name = path if type_ is not None else holder(path, found) or path
    return name, found[name] if type_ is None else type_


def _type_at(path: str, found: Mapping[str, ArrowType]) -> ArrowType | None:
    """The type of a declared column; None for a field that its struct does not have."""
    name = holder(path, found) or path
    type_ = found[name]
    if name == path or isinstance(type_, Unfit):
        return type_
    import pyarrow.types  # lazy: only where data frames are used

    types: Any = pyarrow.types  # Any: pyarrow has no types
    for field in path.removeprefix(f"{name}.").split("."):
        if types.is_null(type_):
            return type_
        if not types.is_struct(type_) or type_.get_field_index(field) < 0:
            return None
        type_ = type_.field(field).type
    return type_


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
