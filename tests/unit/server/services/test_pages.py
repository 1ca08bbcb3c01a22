"""How many rows one answer holds."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, TypeVar

from google.protobuf.wrappers_pb2 import StringValue
from hypothesis import given
from hypothesis import strategies as st

from alula.server.services import pages
from alula.server.services.pages import PAGE_MAX_BYTES
from alula.server.services.tokens import go_on
from alula.server.store.listing import Field, Listing
from alula.server.store.query import Query

SIZES = st.lists(st.sampled_from([0, 10, 100_000, 1_800_000, 3_400_000, 6_000_000]), max_size=12)
Row = TypeVar("Row")
NUMBERED: Listing[tuple[int, Any]] = Listing(
    fields={"place": Field(int, "a number", itemgetter(0))}, identity=(), created_at="place"
)


def page(
    query: Query, kept: Sequence[Row], shown: Callable[[Row], StringValue | None], portion: int = 50
) -> tuple[list[StringValue], str]:
    """One page of the rows that are kept."""

    async def rows(asked: Query) -> Sequence[tuple[int, Row]]:
        assert asked.limit <= portion
        first = asked.offset if asked.after is None else int(asked.after[0] or 0) + 1
        return list(enumerate(kept))[first:][: asked.limit]

    return asyncio.run(pages.read(query, NUMBERED, rows, lambda row: shown(row[1]), portion=portion))


def read(sizes: list[int], limit: int, hidden: frozenset[int], portion: int = 50) -> list[list[int]]:
    """All pages, one after the other: the rows that each shows."""
    found: list[list[int]] = []
    token, first = "", True
    while token or first:
        query, first = go_on(Query(limit=limit), token), False
        shown: list[int] = []

        def message(row: tuple[int, int], shown: list[int] = shown) -> StringValue | None:
            shown.append(row[0])
            return None if row[0] in hidden else StringValue(value="x" * row[1])

        messages, token = page(query, list(enumerate(sizes)), message, portion)
        total = sum(each.ByteSize() for each in messages)
        assert total <= PAGE_MAX_BYTES or len(messages) == 1
        found.append([row for row in shown if row not in hidden][: len(messages)])
    return found


@given(SIZES, st.integers(1, 12), st.frozensets(st.integers(0, 11)), st.integers(1, 5))
def test_pages_show_each_row_once_and_in_order(
    sizes: list[int], limit: int, hidden: frozenset[int], portion: int
) -> None:
    pages = read(sizes, limit, hidden, portion)
    assert [row for page in pages for row in page] == [row for row in range(len(sizes)) if row not in hidden]


@given(SIZES, st.integers(1, 12), st.frozensets(st.integers(0, 11)), st.integers(1, 5))
def test_pages_are_the_same_in_portions_of_any_size(
    sizes: list[int], limit: int, hidden: frozenset[int], portion: int
) -> None:
    assert read(sizes, limit, hidden, portion) == read(sizes, limit, hidden)


def test_a_row_that_is_too_large_stands_alone() -> None:
    assert read([10, 6_000_000, 10], 10, frozenset()) == [[0], [1], [2]]


def test_a_token_is_given_on_full_pages_only() -> None:
    kept = [""] * 10 + ["a", "b"]
    assert page(Query(limit=2, offset=10), kept, lambda text: StringValue(value=text))[1] != ""
    assert page(Query(limit=3, offset=10), kept, lambda text: StringValue(value=text))[1] == ""


def test_no_more_rows_are_read_than_a_page_holds() -> None:
    read: list[int] = []

    async def rows(asked: Query) -> list[tuple[int, str]]:
        read.append(asked.limit)
        return [(number, "x" * 500_000) for number in range(asked.limit)]

    shown = pages.read(Query(limit=1_000), NUMBERED, rows, lambda row: StringValue(value=row[1]))
    messages, token = asyncio.run(shown)
    assert (len(messages), go_on(Query(limit=1), token).after) == (6, (5,))
    assert read == [pages.PORTION_ROWS]


def test_rows_become_messages_beside_the_event_loop() -> None:
    threads: set[threading.Thread] = set()

    def message(text: str) -> StringValue:
        threads.add(threading.current_thread())
        return StringValue(value=text)

    page(Query(limit=100), ["x"] * 100, message)
    assert threads and threading.current_thread() not in threads
