"""Queries of lists: filters, order and page."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Literal

import msgspec

from alula.server.access import Places
from alula.server.store.listing import Listing, Position, Row

Operator = Literal["eq", "ne", "gt", "gte", "lt", "lte", "contains", "value_in"]


class Filter(msgspec.Struct, frozen=True):
    """`field` is one of the list's `Listing`; values are compared as that field's type."""

    field: str
    operator: Operator
    values: tuple[str, ...]


class Query(msgspec.Struct, frozen=True):
    """A page of a list, by the fields of its `Listing`. An unknown one raises `InvalidInput` code `UnknownField`."""

    limit: int
    offset: int = 0
    """The number of rows to leave out, from `after` on."""
    filters: tuple[Filter, ...] = ()
    sort_by: str = "created_at"
    descending: bool = True
    places: Places = None
    """Only rows that these places cover. For lists that span places: of projects, and of things that have a project
    and a domain."""
    after: Position | None = None
    """Only rows that come after this one, in the order that is asked for."""


async def every(
    listing: Listing[Row], read: Callable[[Query], Awaitable[Sequence[Row]]], query: Query
) -> AsyncIterator[Row]:
    """All rows of a list, as many at a time as the query's limit says."""
    while True:
        rows = await read(query)
        for row in rows:
            yield row
        if len(rows) < query.limit:
            return
        query = msgspec.structs.replace(query, offset=0, after=listing.position(rows[-1], query.sort_by))
