"""`HashMethod`: the cache's view of a value. Loads no protobuf; the wire form is `engine.HashedTransformer`."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class HashMethod(NamedTuple):
    """Inside `Annotated[T, HashMethod(f)]`: the cache compares `f(value)` in place of the value itself."""

    function: Callable[..., object]

    def calculate(self, value: object) -> str:
        """The hash of one value, as text."""
        return str(self.function(value))
