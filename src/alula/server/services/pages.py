"""What one answer of a list holds: rows as messages, as many as a client reads at once, and a token for the rest."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Generic, TypeVar

import msgspec
from google.protobuf.message import Message

from alula.server.store import Query

PAGE_MAX_BYTES = 3_500_000
"""Clients of gRPC read messages of 4 MiB at most, unless they are told otherwise."""
PORTION_ROWS = 50
"""How many rows are in memory at once: each may have values of a megabyte that its message has not."""
FRAME_BYTES = 8
"""Tag and length of a message in a list."""

Row = TypeVar("Row")
Shown = TypeVar("Shown", bound=Message)


def filled(query: Query, rows: Iterable[Row], shown: Callable[[Row], Shown | None]) -> tuple[list[Shown], str]:
    """The messages of the rows that a query gave, None for a row that is not shown, and the token of the next page.

    The page ends early where more would be too large for one answer, but never before its first message. The token is
    empty where no row follows.
    """
    page = _Page(shown)
    page.take(rows)
    follows = page.is_full or page.seen >= query.limit
    return page.messages, str(query.offset + page.seen) if follows else ""


async def read(
    query: Query, rows: Callable[[Query], Awaitable[Sequence[Row]]], shown: Callable[[Row], Shown | None]
) -> tuple[list[Shown], str]:
    """The same of rows that are read in portions, until the page is full."""
    page = _Page(shown)
    while not page.is_full and page.seen < query.limit:
        asked = min(PORTION_ROWS, query.limit - page.seen)
        portion = await rows(msgspec.structs.replace(query, limit=asked, offset=query.offset + page.seen))
        page.take(portion)
        if len(portion) < asked and not page.is_full:
            return page.messages, ""
    return page.messages, str(query.offset + page.seen)


class _Page(Generic[Row, Shown]):
    """The messages of an answer."""

    def __init__(self, shown: Callable[[Row], Shown | None]) -> None:
        self._shown = shown
        self._size = 0
        self.messages: list[Shown] = []
        self.seen = 0
        """How many rows are shown, or are not to be."""
        self.is_full = False

    def take(self, rows: Iterable[Row]) -> None:
        for row in rows:
            message = self._shown(row)
            if message is not None:
                self._size += message.ByteSize() + FRAME_BYTES
                if self.messages and self._size > PAGE_MAX_BYTES:
                    self.is_full = True
                    return
                self.messages.append(message)
            self.seen += 1
