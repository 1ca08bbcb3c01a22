"""How a list is asked for: filters, order, and how much of it."""

from __future__ import annotations

from typing import Literal

import msgspec

from alula.server.access import Places

Operator = Literal["eq", "ne", "gt", "gte", "lt", "lte", "contains", "value_in"]


class Filter(msgspec.Struct, frozen=True):
    """`field` is a record's field name (see each list method); values are compared as that field's type."""

    field: str
    operator: Operator
    values: tuple[str, ...]


class Query(msgspec.Struct, frozen=True):
    """A page of a list. An unknown field raises `InvalidInput` code `UnknownField`."""

    limit: int
    offset: int = 0
    filters: tuple[Filter, ...] = ()
    sort_by: str = "created_at"
    descending: bool = True
    places: Places = None
    """Only rows that these places cover. For lists that span places: of projects, and of what has a project and a
    domain."""
