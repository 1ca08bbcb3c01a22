"""The contract for figures of a running platform: the counts of its rooms, and their reading.

A room counts in plain numbers and tells them when it is asked, so that figures that nobody asks for cost next to
nothing.
Figures are told without any monitoring system in mind; how one is answered is the business of `api/metrics.py`.

Labels have values from sets that do not grow with use: phases, RPCs, codes, domains. Never names of runs or projects.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, Protocol, TypeAlias

import msgspec

SECONDS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0)
"""Upper bounds of waiting times."""


class Histogram:
    """The number of values, by size."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        """The numbers of values up to each bound, and above the one before; the last is that of values above all."""
        self.total = 0.0

    def add(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


class Metric(msgspec.Struct, frozen=True):
    """A figure that the platform tells. Names are as Prometheus wants them: with their unit, counters with `_total`."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    labels: tuple[str, ...] = ()


Value: TypeAlias = float | Histogram


class Reading(msgspec.Struct, frozen=True):
    """A metric as it is now."""

    metric: Metric
    values: Mapping[tuple[str, ...], Value]
    """By the values of its labels. Empty as long as there is nothing to tell."""


def reading(metric: Metric, value: Value) -> Reading:
    """The reading of a metric without labels."""
    return Reading(metric, {(): value})


class Measured(Protocol):
    """A room that tells figures."""

    def measure(self) -> Iterable[Reading]:
        """All its metrics, each time. Called on the event loop's thread, so it only looks at what is in memory."""
        ...


class Measures:
    """All rooms that tell figures."""

    def __init__(self) -> None:
        self._rooms: list[Measured] = []

    def add(self, room: Measured) -> None:
        self._rooms.append(room)

    def read(self) -> list[Reading]:
        """Each metric once, with the values of all rooms that tell it."""
        found: dict[Metric, dict[tuple[str, ...], Value]] = {}
        for room in self._rooms:
            for each in room.measure():
                found.setdefault(each.metric, {}).update(each.values)
        return [Reading(metric, values) for metric, values in found.items()]
