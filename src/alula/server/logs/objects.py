"""Logs that stand as objects beside the results of their attempts."""

from __future__ import annotations

from collections.abc import AsyncIterator

from alula.core.errors import InvalidInput, NotFound
from alula.server.blob import Blobs
from alula.server.log import LogSource
from alula.server.services import layout


class ObjectLogs:
    """The `Logs` of attempts whose executor writes `layout.log_uri` when they have ended."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs

    async def read(self, source: LogSource, *, offset: int = 0) -> AsyncIterator[bytes]:
        try:
            async for piece in self._blobs.read(self._uri(source), offset=offset):
                yield piece
        except (NotFound, InvalidInput):
            return  # it has not written anything, or a task has put something else in the place of its log

    async def size(self, source: LogSource) -> int:
        try:
            return await self._blobs.size(self._uri(source)) or 0
        except InvalidInput:
            return 0  # as above

    async def has_more(self, source: LogSource, *, offset: int) -> bool:
        return await self.size(source) > offset

    def _uri(self, source: LogSource) -> str:
        return layout.log_uri(self._blobs, source.attempt, incarnation=source.incarnation)
