"""Lists of the memory store: pages of records. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from alula.core.ids import Place
from alula.server.access import Places, covers
from alula.server.store.executions import LABEL_KEY
from alula.server.store.listing import Listing, Position, Value
from alula.server.stores.checking import Condition, Page

Record = TypeVar("Record")


def page_of(records: Iterable[Record], page: Page, listing: Listing[Record]) -> list[Record]:
    """Filtered, in the order of the list, cut to the page."""
    among = chosen(records, page, listing)
    keyed = [(_rank(listing.position(record, page.sort_by)), record) for record in among]
    if page.after is not None:
        after = _rank(page.after)
        keyed = [(key, record) for key, record in keyed if (key < after if page.descending else key > after)]
    keyed.sort(key=lambda each: each[0], reverse=page.descending)
    return [record for _, record in keyed[page.offset : page.offset + page.limit]]


def chosen(records: Iterable[Record], page: Page, listing: Listing[Record]) -> list[Record]:
    """Those that meet the conditions of a page."""
    return _within(page.places, matching(records, page.conditions, listing), listing)


def _rank(position: Position) -> tuple[Any, ...]:  # `Any`: a field's values are all of one type, or None
    """A key for comparisons: an unknown value is before all others."""
    value, *identity = position
    return (False, *identity) if value is None else (True, value, *identity)


def _within(places: Places, records: list[Record], listing: Listing[Record]) -> list[Record]:
    if places is None:
        return records

    def place(record: Record) -> Place:
        domain = listing.value(record, "domain") if "domain" in listing.fields else ""
        return Place(str(listing.value(record, "project")), str(domain))

    return [record for record in records if covers(places, place(record))]


def matching(records: Iterable[Record], conditions: Sequence[Condition], listing: Listing[Record]) -> list[Record]:
    return [
        record for record in records if all(_holds(given, listing.value(record, given.field)) for given in conditions)
    ]


def labelled(labels: Mapping[str, str], conditions: Sequence[Condition]) -> bool:
    return not conditions or any(
        all(_holds(given, key if given.field == LABEL_KEY else value) for given in conditions)
        for key, value in labels.items()
    )


# `Any`: both sides are of the field's type, which `checking.check` has seen to.
_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": lambda value, wanted: value == wanted,
    "ne": lambda value, wanted: value != wanted,
    "gt": lambda value, wanted: value > wanted,
    "gte": lambda value, wanted: value >= wanted,
    "lt": lambda value, wanted: value < wanted,
    "lte": lambda value, wanted: value <= wanted,
    "contains": lambda value, wanted: wanted in value,
}


def _holds(given: Condition, value: Value | None) -> bool:
    if value is None:
        return False
    if given.operator == "value_in":
        return value in given.values
    return _COMPARISONS[given.operator](value, given.values[0])
