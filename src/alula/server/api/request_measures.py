"""Figures of requests, over gRPC and over HTTP: how many, how they ended, and how long their answers took to begin.

A method is an RPC, or a verb and the path of a route with its variables in braces. Requests that reach no route have
the method `other`.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import Literal, TypeAlias

from alula.server.measures import SECONDS, Histogram, Metric, Reading
from alula.server.traces import NO_TRACES, Traces

Protocol: TypeAlias = Literal["grpc", "http"]
REQUESTS = Metric(
    "alula_requests_total",
    "counter",
    "Requests that were answered, with the gRPC or HTTP status; CANCELLED if the client went away before.",
    ("protocol", "method", "code"),
)
LATENCY_S = Metric("alula_request_seconds", "histogram", "How long answers took to begin.", ("protocol", "method"))
UNDER_WAY = Metric("alula_requests_in_progress", "gauge", "Requests that are being answered.", ("protocol",))
CANCELLED = "CANCELLED"
OTHER = "other"


class Request:
    """One that is under way."""

    __slots__ = ("_began", "_count", "code", "method")

    def __init__(self, method: str, count: Callable[[str, str, float], None]) -> None:
        self.method = method
        self.code = ""
        """The status of its answer; empty as long as that has not begun."""
        self._count = count
        self._began = time.monotonic()

    def answered(self, code: str) -> None:
        """Its answer begins, or nobody waits for it any more."""
        self.code = code
        self._count(self.method, code, time.monotonic() - self._began)


class RequestMeasures:
    """Counts the requests of one protocol."""

    def __init__(self, protocol: Protocol, traces: Traces = NO_TRACES) -> None:
        self._protocol = protocol
        self._traces = traces
        self._under_way = 0
        self._counts: Counter[tuple[str, ...]] = Counter()
        self._seconds: defaultdict[tuple[str, ...], Histogram] = defaultdict(lambda: Histogram(SECONDS))

    @contextmanager
    def request(self, headers: Callable[[], Mapping[str, str]], method: str = OTHER) -> Generator[Request]:
        """While one is answered. The method may be told later."""
        request = Request(method, self._count)
        self._under_way += 1
        try:
            with self._traces.request(self._protocol, headers) as ended:
                try:
                    yield request
                finally:
                    if not request.code:
                        request.answered(CANCELLED)
                    ended(request.method, request.code)
        finally:
            self._under_way -= 1

    def measure(self) -> Iterator[Reading]:
        yield Reading(REQUESTS, dict(self._counts))
        yield Reading(LATENCY_S, dict(self._seconds))
        yield Reading(UNDER_WAY, {(self._protocol,): self._under_way})

    def _count(self, method: str, code: str, took_s: float) -> None:
        self._counts[self._protocol, method, code] += 1
        self._seconds[self._protocol, method].add(took_s)
