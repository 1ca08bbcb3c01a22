"""Portions in which long things are read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, groupby

from alula.core.ids import ExecutionId

_NAMES_AT_ONCE = 500
"""Parameters of one statement, well under the limits of the databases."""


def number_within(most: int, sizes: Iterable[int]) -> int:
    """The number of sizes, from the first on, whose sum is at most `most`; the first counts in any case."""
    sums = list(accumulate(sizes))
    return max(min(1, len(sums)), sum(total <= most for total in sums))


def by_tenant(executions: Sequence[ExecutionId]) -> Iterator[tuple[str, str, list[str]]]:
    """Project, domain and names, for statements that ask for many executions: in this form the index serves on both
    databases, as it does not for a list of triples."""
    for (project, domain), ids in groupby(sorted(executions), key=lambda id: id[:2]):
        names = [id.name for id in ids]
        for first in range(0, len(names), _NAMES_AT_ONCE):
            yield project, domain, names[first : first + _NAMES_AT_ONCE]
