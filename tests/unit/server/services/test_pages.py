"""How many rows one answer holds."""

from __future__ import annotations

from google.protobuf.wrappers_pb2 import StringValue
from hypothesis import given
from hypothesis import strategies as st

from alula.server.services.pages import PAGE_MAX_BYTES, filled
from alula.server.store import Query

SIZES = st.lists(st.sampled_from([0, 10, 100_000, 1_800_000, 3_400_000, 6_000_000]), max_size=12)


def read(sizes: list[int], limit: int, hidden: frozenset[int]) -> list[list[int]]:
    """All pages, one after the other: the rows that each shows."""
    found: list[list[int]] = []
    token = "0"
    while token:
        query = Query(limit=limit, offset=int(token))
        rows = list(enumerate(sizes))[query.offset :][:limit]
        shown: list[int] = []

        def message(row: tuple[int, int], shown: list[int] = shown) -> StringValue | None:
            shown.append(row[0])
            return None if row[0] in hidden else StringValue(value="x" * row[1])

        messages, token = filled(query, rows, message)
        total = sum(each.ByteSize() for each in messages)
        assert total <= PAGE_MAX_BYTES or len(messages) == 1
        found.append([row for row in shown if row not in hidden][: len(messages)])
    return found


@given(SIZES, st.integers(1, 5), st.frozensets(st.integers(0, 11)))
def test_pages_show_each_row_once_and_in_order(sizes: list[int], limit: int, hidden: frozenset[int]) -> None:
    pages = read(sizes, limit, hidden)
    assert [row for page in pages for row in page] == [row for row in range(len(sizes)) if row not in hidden]


def test_a_row_that_is_too_large_stands_alone() -> None:
    assert read([10, 6_000_000, 10], 10, frozenset()) == [[0], [1], [2]]


def test_a_token_is_given_on_full_pages_only() -> None:
    assert filled(Query(limit=2, offset=10), ["a", "b"], lambda text: StringValue(value=text))[1] == "12"
    assert filled(Query(limit=3, offset=10), ["a", "b"], lambda text: StringValue(value=text))[1] == ""
