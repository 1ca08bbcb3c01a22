from __future__ import annotations

import pytest

from alula.server.api.ranges import NotSatisfiable, Span, span_of


@pytest.mark.parametrize(
    ("header", "span"),
    [
        ("bytes=0-3", Span(0, 4)),
        ("bytes=7-", Span(7, 10)),
        ("bytes=-4", Span(6, 10)),
        ("bytes=-99", Span(0, 10)),
        ("bytes=3-99", Span(3, 10)),
        ("bytes = 3 - 3", Span(3, 4)),
        ("", None),
        ("bytes=-", None),
        ("bytes=5-3", None),
        ("bytes=0-1,4-5", None),
        ("lines=0-3", None),
        ("bytes=x-3", None),
    ],
)
def test_a_range_that_is_understood_is_the_bytes_that_it_names(header: str, span: Span | None) -> None:
    assert span_of(header, 10) == span


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=99-100", "bytes=-0"])
def test_bytes_that_are_not_there_are_no_range(header: str) -> None:
    with pytest.raises(NotSatisfiable):
        span_of(header, 10)
