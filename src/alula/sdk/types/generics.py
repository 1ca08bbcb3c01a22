"""Type variables of generic classes, filled in by what a type names: `T` of `Box[int]` is `int`."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Mapping
from typing import Any, TypeAlias, TypeVar, cast

Meaning: TypeAlias = Mapping[Any, object]  # Any: a TypeVar
"""The types that type variables of one class stand for."""


def field_types(class_: type, arguments: tuple[object, ...]) -> dict[str, object]:
    """The annotations of a class by name, with those that it inherits. Raises NameError."""
    hints = typing.get_type_hints(class_, include_extras=True)
    meanings = _meanings(class_, arguments)
    meant: dict[str, Meaning] = {}
    for owner in reversed(class_.__mro__):
        meant |= dict.fromkeys(inspect.get_annotations(owner), meanings.get(owner, {}))
    return {name: _filled(hint, meant.get(name, {})) for name, hint in hints.items()}


def _meanings(class_: type, arguments: tuple[object, ...]) -> dict[type, Meaning]:
    """The meaning of the type variables of a class, and of each generic class that it inherits from."""
    own: Meaning = dict(zip(getattr(class_, "__parameters__", ()), arguments, strict=False))
    found: dict[type, Meaning] = {class_: own}
    for base in class_.__dict__.get("__orig_bases__", ()):
        origin = typing.get_origin(base)
        if isinstance(origin, type):
            found |= _meanings(origin, tuple(_filled(each, own) for each in typing.get_args(base)))
    return found


def _filled(type_: object, meaning: Meaning) -> object:
    """A type with the type variables that have a meaning filled in."""
    if isinstance(type_, TypeVar):
        return meaning.get(type_, type_)
    variables = () if isinstance(type_, type) else getattr(type_, "__parameters__", ())
    if not variables:
        return type_
    return cast("Any", type_)[tuple(meaning.get(each, each) for each in variables)]
