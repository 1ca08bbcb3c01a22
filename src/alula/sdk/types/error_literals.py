"""`FlyteError` as Flyte's ERROR."""

from __future__ import annotations

from typing import cast

from flyteidl.core.literals_pb2 import Literal, Scalar
from flyteidl.core.types_pb2 import Error, LiteralType, SimpleType

from alula.sdk.store import Store
from alula.sdk.types.error import FlyteError
from alula.sdk.types.transformer import EXACT, NO, Schema, TypeMismatch, describe, describe_literal

_FIELDS = ("message", "failed_node_id")


class ErrorTransformer:
    """The error of a node that failed."""

    tag = shown = "FlyteError"

    def literal_type(self) -> LiteralType:
        return LiteralType(simple=SimpleType.ERROR)

    def schema(self) -> Schema:
        return {"type": "object", "properties": {name: {"type": "string"} for name in _FIELDS}}

    def fit(self, value: object) -> int:
        return EXACT if isinstance(value, FlyteError) else NO

    def fit_plain(self, plain: object) -> int:
        return EXACT if isinstance(plain, dict) and cast("dict[object, object]", plain).keys() == set(_FIELDS) else NO

    def coerce(self, value: object) -> object:
        return self._error(value)

    def to_literal(self, value: object, store: Store) -> Literal:
        error = self._error(value)
        return Literal(scalar=Scalar(error=Error(message=error.message, failed_node_id=error.failed_node_id)))

    def to_python(self, literal: Literal, store: Store) -> object:
        if not literal.scalar.HasField("error"):
            raise TypeMismatch(self.shown, describe_literal(literal))
        return FlyteError(literal.scalar.error.message, literal.scalar.error.failed_node_id)

    def to_plain(self, value: object, store: Store) -> object:
        error = self._error(value)
        return {name: getattr(error, name) for name in _FIELDS}

    def from_plain(self, plain: object, store: Store) -> object:
        fields = cast("dict[object, object]", plain) if isinstance(plain, dict) else {}
        message, failed_node_id = (fields.get(name) for name in _FIELDS)
        if not isinstance(message, str) or not isinstance(failed_node_id, str):
            raise TypeMismatch(self.shown, describe(cast("object", plain)))
        return FlyteError(message, failed_node_id)

    def _error(self, value: object) -> FlyteError:
        if not isinstance(value, FlyteError):
            raise TypeMismatch(self.shown, describe(value))
        return value
