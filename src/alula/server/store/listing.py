"""The fields by which lists of the store are filtered and sorted, as data: a `Listing` beside the records of each
concern.

Adapters map these names to their rows, services the names of clients to these. A page goes on from a *position*: the
key of the last row of the page before, which is its value of the sorted field and its identity. So a page costs the
same wherever it is, and no row is left out or told twice because others come and go between two pages.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import IntEnum
from operator import attrgetter
from typing import Any, Generic, TypeVar

import msgspec

Row = TypeVar("Row")
Value = str | int
Position = tuple[Value | None, ...]
"""Value of the sorted field, None if it is not known, then those of the fields that are the identity."""
INT64_MAX = 2**63 - 1
_INTEGER = re.compile(r"-?[0-9]{1,19}")


class Field(msgspec.Struct, frozen=True):
    """`parse` makes a value of a filter's text, and raises `ValueError` for text that is none."""

    parse: Callable[[str], Value]
    expected: str
    # `Any`: of the list's records, whose attribute has the type that `parse` gives.
    read: Callable[[Any], Any]
    is_text: bool = False


class Listing(msgspec.Struct, Generic[Row], frozen=True):
    """A list. Rows are in the order of a field, those whose value is not known first, and then in that of `identity`;
    from the other end when the order is descending."""

    fields: Mapping[str, Field]
    """By which it is filtered and sorted."""
    identity: tuple[str, ...]
    """The fields that tell each row from all others."""
    only_filters: Mapping[str, Field] = {}
    """By which it is only filtered."""
    created_at: str = "created_at"
    """The field that stands for the time of creation, by which lists are sorted if nothing else is asked."""

    def sorted_field(self, sort_by: str) -> str:
        return self.created_at if sort_by == "created_at" else sort_by

    def key(self, sort_by: str) -> tuple[str, ...]:
        """The fields of a position."""
        return self.sorted_field(sort_by), *self.identity

    def value(self, row: Row, field: str) -> Value | None:
        """Flags and members of enums as the numbers that they are."""
        value = self.fields[field].read(row)
        return int(value) if isinstance(value, int) else value

    def position(self, row: Row, sort_by: str) -> Position:
        return tuple(self.value(row, field) for field in self.key(sort_by))


def text(path: str) -> Field:
    return Field(str, "text", attrgetter(path), is_text=True)


def number(path: str) -> Field:
    return Field(_integer, "a whole number", attrgetter(path))


def time(path: str) -> Field:
    return Field(_time_us, "microseconds since the epoch or an RFC 3339 time", attrgetter(path))


def flag(path: str) -> Field:
    return named(path, {"TRUE": 1, "FALSE": 0}, "true or false")


def member(path: str, enum: type[IntEnum]) -> Field:
    names = {member.name: member.value for member in enum}
    return named(path, names, "a number or one of " + ", ".join(names))


def named(path: str, names: Mapping[str, int], expected: str) -> Field:
    """A number that has names."""

    def parse(text: str) -> int:
        number = names.get(text.upper())
        return _integer(text) if number is None else number

    return Field(parse, expected, attrgetter(path))


def _integer(text: str) -> int:
    if not _INTEGER.fullmatch(text) or abs(value := int(text)) > INT64_MAX:
        raise ValueError(text)
    return value


def _time_us(text: str) -> int:
    if _INTEGER.fullmatch(text):
        return _integer(text)
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    since_epoch = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since_epoch.days * 86_400 + since_epoch.seconds) * 1_000_000 + since_epoch.microseconds
