"""Columns of data frames, for `Annotated[DataFrame, kwtypes(...)]`."""

from __future__ import annotations

import typing
from collections.abc import Collection, Mapping

from alula.sdk.types.transformer import UnsupportedType


def kwtypes(**columns: object) -> dict[str, object]:
    """Names and types of columns, in order: `kwtypes(age=int, name=str)`."""
    return columns


def flat_columns(columns: Mapping[str, object], *, within: Collection[object] = ()) -> dict[str, object]:
    """Columns by their paths, as flytekit names them: `{"p": {"x": int}}` is `{"p.x": int}`, and so are the fields of a
    dataclass.

    Raises `UnsupportedType` for a dataclass that has itself as a field.
    """
    flat: dict[str, object] = {}
    for name, type_ in columns.items():
        if any(each is type_ for each in within):
            raise UnsupportedType(f"column `{name}` can't be a {type_!r}, which it is itself a part of")
        inner = _fields(type_)
        if inner:
            flat |= {f"{name}.{path}": each for path, each in flat_columns(inner, within=(*within, type_)).items()}
        else:
            flat[str(name)] = type_
    return flat


def _fields(type_: object) -> Mapping[str, object] | None:
    if isinstance(type_, dict):
        return typing.cast("dict[str, object]", type_)
    fields: dict[str, object] | None = getattr(type_, "__dataclass_fields__", None)
    if fields is None or not isinstance(type_, type):
        return None
    hints: dict[str, object] = typing.get_type_hints(type_, include_extras=True)
    return {name: hints[name] for name in fields}
