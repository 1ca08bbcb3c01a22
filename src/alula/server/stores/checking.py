"""Queries, checked against the list that they ask for: the only way from a client's field name to a row.

Knows nothing of columns or rows; each adapter maps the names to its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from alula.core.errors import InvalidInput
from alula.server.access import Places
from alula.server.store.listing import INT64_MAX, Field, Listing, Position, Value
from alula.server.store.query import Filter, Operator, Query

VALUES_MAX = 500
"""In all filters of a list together: databases limit the parameters and the depth of a statement."""


class Condition(msgspec.Struct, frozen=True):
    """A filter that has been checked: a known field, values of its type."""

    field: str
    operator: Operator
    values: tuple[Value, ...]


class Page(msgspec.Struct, frozen=True):
    """A query that has been checked."""

    limit: int
    offset: int
    conditions: tuple[Condition, ...]
    key: tuple[str, ...]
    """The fields of the order: the sorted one, then the identity."""
    descending: bool
    places: Places = None
    after: Position | None = None

    @property
    def sort_by(self) -> str:
        return self.key[0]


# `Any`: the list may be of records of any kind.
def check(query: Query, listing: Listing[Any]) -> Page:
    """The query with values of its fields' types. Raises `InvalidInput`, which names the mistake."""
    check_part(query.limit, query.offset)
    key = listing.key(query.sort_by)
    if key[0] not in listing.fields:
        raise _unknown(key[0], listing.fields, "sorted")
    return Page(
        limit=query.limit,
        offset=query.offset,
        conditions=check_filters(query.filters, listing),
        key=key,
        descending=query.descending,
        places=query.places,
        after=check_position(query.after, key, listing),
    )


def check_part(limit: int, offset: int) -> None:
    if limit < 1 or offset < 0 or max(limit, offset) > INT64_MAX:
        raise InvalidInput(
            "BadPage",
            f"a page of {limit} rows from row {offset} is not possible",
            fix="ask for at least one row, from row 0 or later",
        )


def check_position(after: Position | None, key: tuple[str, ...], listing: Listing[Any]) -> Position | None:
    """A position as it is, if it can be one of this list in this order: clients may make up any."""
    if after is None:
        return None
    is_one = len(after) == len(key) and all(
        _is_value(value, listing.fields[field]) or (value is None and place == 0)
        for place, (value, field) in enumerate(zip(after, key, strict=True))
    )
    if not is_one:
        raise InvalidInput(
            "BadPage", "the page can't go on after a row of another list", fix="pass on the last page's token"
        )
    return after


def check_filters(filters: Iterable[Filter], listing: Listing[Any]) -> tuple[Condition, ...]:
    """As `check`, of filters alone."""
    filters = tuple(filters)
    count = sum(len(given.values) for given in filters)
    if count > VALUES_MAX:
        raise InvalidInput(
            "BadFilter",
            f"the filters name {count:,} values, and may name {VALUES_MAX:,}",
            fix="ask in several",
        )
    fields = {**listing.fields, **listing.only_filters}
    return tuple(_condition(given, fields) for given in filters)


def one_name(project: str, domain: str, name: str) -> Query:
    """The query for the record of this name."""
    given = (("project", project), ("domain", domain), ("name", name))
    return Query(limit=1, filters=tuple(Filter(field, "eq", (text,)) for field, text in given))


def _is_value(value: Value | None, field: Field) -> bool:
    if field.is_text:
        return isinstance(value, str) and "\0" not in value
    return isinstance(value, int) and abs(value) <= INT64_MAX


def _condition(given: Filter, fields: Mapping[str, Field]) -> Condition:
    field = fields.get(given.field)
    if field is None:
        raise _unknown(given.field, fields, "filtered")
    if not given.values or (given.operator != "value_in" and len(given.values) != 1):
        wanted = "at least one value" if given.operator == "value_in" else "exactly one value"
        raise InvalidInput(
            "BadFilter", f"`{given.operator}` on `{given.field}` needs {wanted}, got {len(given.values)}"
        )
    if given.operator == "contains" and not field.is_text:
        raise InvalidInput(
            "BadFilter",
            f"`contains` works on text, and `{given.field}` is {field.expected}",
            fix="compare with eq, ne, gt, gte, lt, lte or value_in",
        )
    return Condition(given.field, given.operator, tuple(_value(given.field, field, v) for v in given.values))


def _value(name: str, field: Field, text: str) -> Value:
    try:
        return field.parse(text)
    except (ValueError, OverflowError) as error:
        raise InvalidInput(
            "BadFilterValue", f"`{text}` is no value for `{name}`", fix=f"give {field.expected}"
        ) from error


def _unknown(name: str, fields: Mapping[str, Field], done: str) -> InvalidInput:
    return InvalidInput(
        "UnknownField",
        f"this list can't be {done} by `{name}`",
        fix="use one of " + ", ".join(sorted(fields)),
    )
