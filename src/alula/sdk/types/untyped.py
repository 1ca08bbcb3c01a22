"""The types of a task that says `pickle_untyped`: what has no form on the wire is to be pickled."""

from __future__ import annotations

from alula.sdk.types.engine import wire_form
from alula.sdk.types.pickle import FlytePickle
from alula.sdk.types.transformer import UnsupportedType


def pickled_if_untyped(type_: object) -> object:
    """The type itself if it has a form on the wire, else to be pickled."""
    try:
        wire_form(type_)
    except UnsupportedType:
        return FlytePickle[type_]  # pyright: ignore[reportInvalidTypeForm, reportUnknownVariableType]  # a type that is a value
    return type_
