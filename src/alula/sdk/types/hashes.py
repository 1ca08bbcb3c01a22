"""`HashMethod`: the cache's view of a value. Loads no protobuf; the wire form is `engine.HashedTransformer`."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from alula.sdk.mistake import caller, mistake


class HashMethod(NamedTuple("HashMethod", [("function", Callable[..., object])])):
    """Inside `Annotated[T, HashMethod(f)]`: the cache compares `f(value)` in place of the value itself. Raises
    `InvalidInput` for what can't be called."""

    __slots__ = ()

    def __new__(cls, function: Callable[..., object]) -> HashMethod:
        given: object = function
        if not callable(given):
            why = f"`HashMethod` is {given!r}, expected a function that makes a text of a value"
            raise mistake("InvalidSetting", why, at=caller())
        return super().__new__(cls, function)

    def calculate(self, value: object) -> str:
        """The hash of one value, as text."""
        return str(self.function(value))
