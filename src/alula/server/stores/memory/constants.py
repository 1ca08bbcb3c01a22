"""Values that are set once for the store as a whole."""

from __future__ import annotations


class Constants:
    def __init__(self) -> None:
        self._kept: dict[str, str] = {}

    async def keep(self, name: str, value: str) -> str:
        return self._kept.setdefault(name, value)
