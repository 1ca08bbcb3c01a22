"""Requests are counted by what answers them, and figures are written as Prometheus reads them."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from tests.policies import ByHeader
from tests.unit.server.api.asking import LOCAL, ask

from alula.core.errors import NotFound
from alula.server.api.counted import Counted
from alula.server.api.gate import trusted
from alula.server.api.gateway import Gateway
from alula.server.api.grpc.server import services_of
from alula.server.api.http import make_app, make_routes
from alula.server.api.metrics import exposition
from alula.server.api.request_measures import RequestMeasures
from alula.server.measures import Histogram, Measures, Metric, Reading, reading
from alula.server.services.platform import Platform

pytestmark = pytest.mark.anyio


async def answer(_: Request) -> Response:
    return PlainTextResponse("ok")


async def refuse(_: Request) -> Response:
    raise NotFound("NoSuchThing", "there is no such thing")


async def fail(_: Request) -> Response:
    raise RuntimeError("a bug")


def counts(measures: Measures) -> dict[tuple[str, ...], Any]:
    found = {each.metric.name: each for each in measures.read()}
    return dict(found["alula_requests_total"].values)


def requests_in(measures: Measures) -> RequestMeasures:
    requests = RequestMeasures("http")
    measures.add(requests)
    return requests


async def test_http_requests_are_counted_by_route() -> None:
    measures = Measures()
    routes = [Route("/runs/{name}", answer), Route("/refused", refuse), Route("/failed", fail)]
    app = Counted(make_app(routes, trusted(()), LOCAL), requests_in(measures), routes)
    for verb, target, headers in (
        ("GET", "/runs/a", {}),
        ("GET", "/runs/b", {}),
        ("GET", "/refused", {}),
        ("GET", "/failed", {}),
        ("GET", "/nowhere/c", {}),
        ("BREW", "/runs/d", {}),
        ("GET", "/runs/e", {"host": "evil.example"}),
    ):
        await ask(app, verb, target, tuple({"host": "127.0.0.1:8088", **headers}.items()))
    told = counts(measures)
    assert told[("http", "GET /runs/{name}", "200")] == 2
    assert told[("http", "GET /refused", "404")] == 1
    assert told[("http", "GET /failed", "500")] == 1
    assert sum(count for (_, method, _), count in told.items() if method == "other") == 3
    assert {method for _, method, _ in told} == {"GET /runs/{name}", "GET /refused", "GET /failed", "other"}


async def test_rest_is_counted_by_the_path_of_its_rpc(platform: Platform) -> None:
    measures = Measures()
    routes = [Gateway(services_of(platform))]
    app = Counted(make_app(routes, trusted(()), LOCAL), requests_in(measures), routes)
    await ask(app, "GET", "/api/v1/executions/flytesnacks/development/none")
    key = ("http", "GET /api/v1/executions/{id.project}/{id.domain}/{id.name}", "404")
    assert counts(measures) == {key: 1}


async def test_a_request_whose_client_leaves_is_counted_too() -> None:
    measures = RequestMeasures("grpc")
    with pytest.raises(KeyboardInterrupt), measures.request(dict, "Get"):
        raise KeyboardInterrupt
    values = {each.metric.name: dict(each.values) for each in measures.measure()}
    assert values["alula_requests_total"] == {("grpc", "Get", "CANCELLED"): 1}
    assert values["alula_requests_in_progress"] == {("grpc",): 0}


async def test_metrics_need_a_login_and_the_right_to_view_the_whole_platform(platform: Platform) -> None:
    app = make_app(make_routes(platform, []), trusted(()), ByHeader())
    assert (await ask(app, "GET", "/metrics")).status == 401
    allowed = make_app(make_routes(platform, []), trusted(()), LOCAL)
    assert (await ask(allowed, "GET", "/metrics")).headers["content-type"].startswith("text/plain")


def test_the_buckets_of_a_histogram_are_cumulative() -> None:
    seconds = Histogram((0.5, 1))
    for value in (0.1, 0.7, 0.8, 9):
        seconds.add(value)
    text, media = exposition([reading(Metric("a_seconds", "histogram", "Some."), seconds)])
    lines = [line for line in text.decode().splitlines() if line.startswith("a_seconds")]
    assert lines == [
        'a_seconds_bucket{le="0.5"} 1.0',
        'a_seconds_bucket{le="1.0"} 3.0',
        'a_seconds_bucket{le="+Inf"} 4.0',
        "a_seconds_count 4.0",
        "a_seconds_sum 10.6",
    ]
    assert media.startswith("text/plain")


def test_a_metric_without_values_has_its_help_all_the_same() -> None:
    text, _ = exposition([Reading(Metric("a_total", "counter", "Some.", ("phase",)), {})])
    assert "# HELP a_total Some." in text.decode()


def test_rooms_that_tell_the_same_metric_are_read_as_one() -> None:
    measures = Measures()
    for protocol in ("grpc", "http"):
        room = RequestMeasures(protocol)
        with room.request(dict, "Get") as request:
            request.answered("OK")
        measures.add(room)
    assert counts(measures) == {("grpc", "Get", "OK"): 1, ("http", "Get", "OK"): 1}
