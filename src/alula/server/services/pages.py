"""What one answer holds of a list: rows as messages, as many as a client reads at once, and the token of what follows.

Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from google.protobuf.message import Message

from alula.server.store import Query

PAGE_MAX_BYTES = 3_500_000
"""Clients of gRPC read messages of 4 MiB at most, unless they are told otherwise."""
FRAME_BYTES = 8
"""Tag and length of a message in a list."""

Row = TypeVar("Row")
Shown = TypeVar("Shown", bound=Message)


def filled(query: Query, rows: Iterable[Row], shown: Callable[[Row], Shown | None]) -> tuple[list[Shown], str]:
    """The messages of the rows that a query gave, None for a row that is not shown, and the token of the next page.

    The page ends early where more would be too large for one answer, but never before its first message. The token is
    empty where no row follows.
    """
    messages: list[Shown] = []
    seen = size = 0
    for row in rows:
        message = shown(row)
        if message is not None:
            size += message.ByteSize() + FRAME_BYTES
            if messages and size > PAGE_MAX_BYTES:
                return messages, str(query.offset + seen)
            messages.append(message)
        seen += 1
    return messages, str(query.offset + seen) if seen >= query.limit else ""
