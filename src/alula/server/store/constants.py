"""What is said once of the store as a whole."""

from __future__ import annotations

from typing import Protocol


class Constants(Protocol):
    async def keep(self, name: str, value: str) -> str:
        """What is said once of the store as a whole: `value`, or what was said under this name before."""
        ...
