"""Streams of bytes, in pieces."""

from __future__ import annotations

from collections.abc import AsyncIterator


async def first_bytes(count: int, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The pieces up to that many bytes: what is read may grow meanwhile."""
    left = count
    if left <= 0:
        return
    async for piece in pieces:
        yield piece[:left]
        left -= len(piece)
        if left <= 0:
            return
