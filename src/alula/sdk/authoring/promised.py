"""The type of a promise's value, where it can be compared."""

from __future__ import annotations

from typing import NamedTuple

from flyteidl.core.types_pb2 import LiteralType

from alula.sdk.authoring.promise import Promise, reference_of
from alula.sdk.types.engine import shown_type, wire_form
from alula.sdk.types.transformer import Transformer, UnsupportedType


class Promised(NamedTuple):
    """A promise with the conversions and Flyte's type of its value."""

    shown: str
    transformer: Transformer
    literal_type: LiteralType


def promised(promise: Promise) -> Promised | None:
    """The promise with its type; None if that is unknown, or if the field exists in documents only."""
    type_ = reference_of(promise).type
    if type_ is None:
        return None
    try:
        transformer, literal_type = wire_form(type_)
    except UnsupportedType:
        return None
    return Promised(f"{promise!r} of type {shown_type(type_)}", transformer, literal_type)
