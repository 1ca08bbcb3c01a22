"""Figures of an object store: reads and writes through the platform, their time, and their failures.

Tasks read and write the embedded store as files, without the platform. That is not seen here.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Literal, TypeAlias

from alula.core.errors import ResourceExhausted, Unavailable
from alula.server.measures import SECONDS, Histogram, Metric, Reading
from alula.server.traces import Traces

Operation: TypeAlias = Literal["put", "get", "read", "list", "delete", "upload"]
OPERATIONS: tuple[Operation, ...] = Operation.__args__

LATENCY_S = Metric(
    "alula_object_seconds",
    "histogram",
    "How long operations of the platform on objects took; of streams with the time of their clients.",
    ("operation",),
)
BYTES = Metric(
    "alula_object_bytes_total", "counter", "Bytes of objects that the platform read or wrote.", ("operation",)
)
FAILURES = Metric(
    "alula_object_failures_total",
    "counter",
    "Operations on objects that failed: a full disk, a store that is away.",
    ("operation",),
)


class Transfer:
    """One operation that is under way."""

    __slots__ = ("size",)

    def __init__(self) -> None:
        self.size = 0
        """Bytes that it has moved."""


class ObjectMeasures:
    """Counts what has happened."""

    def __init__(self, traces: Traces) -> None:
        self._traces = traces
        self._seconds = {(operation,): Histogram(SECONDS) for operation in OPERATIONS}
        self._bytes: Counter[tuple[str, ...]] = Counter()
        self._failures: Counter[tuple[str, ...]] = Counter()

    @contextmanager
    def timed(self, operation: Operation) -> Generator[Transfer]:
        key, began, transfer = (operation,), time.monotonic(), Transfer()
        try:
            with self._traces.operation("object " + operation, {}):
                yield transfer
        except (OSError, ResourceExhausted, Unavailable):
            self._failures[key] += 1
            raise
        finally:
            self._seconds[key].add(time.monotonic() - began)
            self._bytes[key] += transfer.size

    def read(self) -> Iterator[Reading]:
        yield Reading(LATENCY_S, self._seconds)
        yield Reading(BYTES, dict(self._bytes))
        yield Reading(FAILURES, dict(self._failures))
