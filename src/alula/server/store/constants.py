"""Values that are set once for the store as a whole."""

from __future__ import annotations

from typing import Protocol


class Constants(Protocol):
    async def keep(self, name: str, value: str) -> str:
        """Keep `value` under this name, unless a value is there already. Returns the value that is kept."""
        ...
