"""One answer of a list: rows as messages, as many as a client reads at once, and a token for the rest."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

import msgspec
from google.protobuf.message import Message

from alula.server.services.tokens import token_of
from alula.server.store.listing import Listing
from alula.server.store.query import Query

PAGE_MAX_BYTES = 3_500_000
"""Clients of gRPC read messages of 4 MiB at most, unless they are told otherwise."""
PORTION_ROWS = 50
"""The number of rows in memory at once: each may have values of a megabyte that its message has not."""
PORTION_SMALL_ROWS = 1_000
"""The same for rows that have no values: to find a portion may cost as much as to find the page."""
FRAME_BYTES = 8
"""Tag and length of a message in a list."""

Row = TypeVar("Row")
Shown = TypeVar("Shown", bound=Message)


async def read(
    query: Query,
    listing: Listing[Row],
    rows: Callable[[Query], Awaitable[Sequence[Row]]],
    shown: Callable[[Row], Shown | None],
    *,
    portion: int = PORTION_ROWS,
) -> tuple[list[Shown], str]:
    """The messages of the rows of a list that a query gives, None for a row that is not shown, and the token of the
    next page.

    Rows are read in portions and made messages beside the event loop, until the page is full. It ends early where more
    would be too large for one answer, but never before its first message. The token is empty where no row follows.
    """
    page, following = _Page(shown), query
    while not page.is_full and page.seen < query.limit:
        asked = min(portion, query.limit - page.seen)
        found = await rows(msgspec.structs.replace(following, limit=asked))
        seen = await asyncio.to_thread(page.take, found)
        if len(found) < asked and not page.is_full:
            return page.messages, ""
        if seen:
            after = listing.position(found[seen - 1], query.sort_by)
            following = msgspec.structs.replace(query, offset=0, after=after)
    assert following.after is not None
    return page.messages, token_of(query, following.after)


class _Page(Generic[Row, Shown]):
    """The messages of an answer."""

    def __init__(self, shown: Callable[[Row], Shown | None]) -> None:
        self._shown = shown
        self._size = 0
        self.messages: list[Shown] = []
        self.seen = 0
        """The number of rows that are shown, or are not to be."""
        self.is_full = False

    def take(self, rows: Sequence[Row]) -> int:
        """Take rows while there is room; returns the number taken."""
        for number, row in enumerate(rows):
            message = self._shown(row)
            if message is not None:
                self._size += message.ByteSize() + FRAME_BYTES
                if self.messages and self._size > PAGE_MAX_BYTES:
                    self.is_full = True
                    return number
                self.messages.append(message)
            self.seen += 1
        return len(rows)
