"""The common part of dataclasses and models: a value of just one class, written as one document."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from flyteidl.core.literals_pb2 import Literal

from alula.sdk.store import Store
from alula.sdk.types.containers import document
from alula.sdk.types.transformer import EXACT, NO, TypeMismatch, describe, describe_literal


class ClassDocument(ABC):
    """The part of a transformer that does not depend on how the class describes its fields."""

    def __init__(self, type_: type) -> None:
        self._type: Any = type_  # Any: a dataclass, or a pydantic model, which is not imported here
        self.shown = type_.__qualname__

    @abstractmethod
    def to_plain(self, value: object, store: Store) -> object: ...

    def fit(self, value: object) -> int:
        return EXACT if type(value) is self._type else NO

    def coerce(self, value: object) -> object:
        """The value. Raises `TypeMismatch` for one of a subclass too, as its own fields would be lost."""
        if type(value) is self._type:
            return value
        is_subclass = isinstance(value, self._type)
        reason = ", a subclass whose own fields would be lost" if is_subclass else ""
        raise TypeMismatch(self.shown, f"{describe(value)}{reason}")

    def to_literal(self, value: object, store: Store) -> Literal:
        return document(self.to_plain(value, store))

    def to_python(self, literal: Literal, store: Store) -> object:
        """Raises `TypeMismatch`: documents do not come here but to `from_plain`."""
        raise TypeMismatch(self.shown, describe_literal(literal))
