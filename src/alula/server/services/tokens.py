"""Tokens of pages: where a list goes on.

A token that is given out holds the order of its list and the position in it. A plain number is taken too, as the number
of rows to leave out: clients count so by themselves.
"""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode

import msgspec

from alula.core.errors import InvalidInput
from alula.server.store.listing import Position
from alula.server.store.query import Query

_MARK = "k"
"""The first character of a token that holds a position, so that none is a number."""
_MAX_CHARS = 20_000


class _Token(msgspec.Struct, frozen=True, array_like=True):
    sort_by: str
    descending: bool
    after: Position


_decoder = msgspec.msgpack.Decoder(_Token)


def token_of(query: Query, after: Position) -> str:
    """The token for the rest of a query's list after a position."""
    said = msgspec.msgpack.encode(_Token(query.sort_by, query.descending, after))
    return _MARK + urlsafe_b64encode(said).decode().rstrip("=")


def go_on(query: Query, token: str) -> Query:
    """The query, continued at a token; raises `InvalidInput` code `InvalidToken`."""
    if not token:
        return query
    if token.isascii() and token.isdigit() and len(token) <= 18:
        return msgspec.structs.replace(query, offset=int(token))
    read = _read(token)
    if read is None:
        raise InvalidInput("InvalidToken", f"`{token[:100]}` is not a page token", fix="pass on the last page's token")
    if (read.sort_by, read.descending) != (query.sort_by, query.descending):
        raise InvalidInput(
            "InvalidToken",
            "the page token is of a list in another order",
            fix="ask for all pages of a list with the same `sort_by`",
        )
    return msgspec.structs.replace(query, after=read.after)


def _read(token: str) -> _Token | None:
    if not token.startswith(_MARK) or len(token) > _MAX_CHARS:
        return None
    try:
        return _decoder.decode(urlsafe_b64decode(token[len(_MARK) :] + "=" * (-(len(token) - len(_MARK)) % 4)))
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        return None
