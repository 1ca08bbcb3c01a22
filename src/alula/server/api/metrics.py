"""`/metrics`: the figures of the platform as Prometheus reads them.

Owns the route and the form of the answer, which is `prometheus_client`'s. That library is imported for the first
answer, and everything that takes time is done in a thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from alula.server.api.http_calls import call_of
from alula.server.measures import Histogram, Measures, Reading
from alula.server.services.figures import read_figures
from alula.server.services.platform import Platform

if TYPE_CHECKING:
    from prometheus_client import Metric

PATH = "/metrics"


def metrics_route(platform: Platform) -> Route:
    """The route for callers that may view the whole platform."""

    async def answer(request: Request) -> Response:
        return await _told(request, await read_figures(platform, call_of(request).caller))

    return Route(PATH, answer)


def open_metrics_route(measures: Measures) -> Route:
    """The route for all that reach the address of its listener, which has no other purpose."""

    async def answer(request: Request) -> Response:
        return await _told(request, measures.read())

    return Route(PATH, answer)


async def _told(request: Request, readings: Sequence[Reading]) -> Response:
    text, media = await asyncio.to_thread(exposition, readings, request.headers.get("accept", ""))
    return Response(text, headers={"Content-Type": media})


def exposition(readings: Sequence[Reading], accept: str = "") -> tuple[bytes, str]:
    """The readings, and the system's figures of this process, in the best form that is accepted, and its media type."""
    from prometheus_client import CollectorRegistry, ProcessCollector  # lazy: few ask, and it is much to import
    from prometheus_client.exposition import choose_encoder  # lazy: as above

    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(_Readings(readings))
    encode, media = choose_encoder(accept)
    return encode(registry), media


class _Readings:
    """A collector, as `prometheus_client` calls a source of metrics."""

    def __init__(self, readings: Sequence[Reading]) -> None:
        self._readings = readings

    def collect(self) -> Iterator[Metric]:
        return map(_family, self._readings)


def _family(reading: Reading) -> Metric:
    from prometheus_client import Metric  # lazy: as above

    metric = reading.metric
    family = Metric(metric.name.removesuffix("_total"), metric.help, metric.kind)
    for values, value in reading.values.items():
        labels = dict(zip(metric.labels, values, strict=True))
        if isinstance(value, Histogram):
            counts = list(accumulate(value.counts))
            for bound, count in zip((*map(str, map(float, value.bounds)), "+Inf"), counts, strict=True):
                family.add_sample(f"{metric.name}_bucket", {**labels, "le": bound}, count)
            family.add_sample(f"{metric.name}_count", labels, counts[-1])
            family.add_sample(f"{metric.name}_sum", labels, value.total)
        else:
            family.add_sample(metric.name, labels, value)
    return family
