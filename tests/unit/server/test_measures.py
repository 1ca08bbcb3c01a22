from __future__ import annotations

from alula.server.measures import Histogram


def test_a_histogram_counts_a_value_at_the_first_bound_that_it_does_not_exceed() -> None:
    histogram = Histogram((1, 10))
    for value in (0, 1, 1.5, 10, 11):
        histogram.add(value)
    assert histogram.counts == [2, 2, 1] and histogram.total == 23.5
