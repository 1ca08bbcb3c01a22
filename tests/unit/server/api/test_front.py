"""The HTTP side before it has been asked for more than its health."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Iterator

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp
from tests.unit.server.api.asking import LOCAL, ask

from alula.core.errors import FailedPrecondition
from alula.server.api.counted import Counted
from alula.server.api.front import HEALTH, Front
from alula.server.api.gate import trusted
from alula.server.api.http import health_route, make_app
from alula.server.api.request_measures import RequestMeasures
from alula.server.services.platform import Platform

pytestmark = pytest.mark.anyio

HOST = ("host", "127.0.0.1:8088")


class Fronted:
    """A front whose whole application has the health, and one route more."""

    def __init__(self, platform: Platform) -> None:
        self.made = 0
        self.requests = RequestMeasures("http")
        self._platform = platform
        self.app = Front(platform, trusted(()), self.requests, self._make)

    def counts(self) -> Iterator[tuple[str, ...]]:
        for reading in self.requests.measure():
            if reading.metric.name == "alula_requests_total":
                yield from reading.values

    def _make(self) -> ASGIApp:
        self.made += 1

        async def more(_: Request) -> Response:
            return PlainTextResponse("more")

        routes = [health_route(self._platform), Route("/more", more)]
        return Counted(make_app(routes, trusted(()), LOCAL), self.requests, routes)


@pytest.fixture
def fronted(platform: Platform) -> Fronted:
    return Fronted(platform)


async def test_health_is_told_and_counted_before_the_whole_is_made_and_as_it_is_told_after(fronted: Fronted) -> None:
    before = await ask(fronted.app, "GET", HEALTH)
    assert (before.status, before.body, fronted.made) == (200, b"ok", 0)
    assert list(fronted.counts()) == [("http", f"GET {HEALTH}", "200")]
    assert (await ask(fronted.app, "GET", "/more")).body == b"more"
    assert await ask(fronted.app, "GET", HEALTH) == before
    assert fronted.made == 1


@pytest.mark.parametrize(
    ("verb", "headers", "status"),
    [
        ("GET", [("host", "evil.example")], 403),
        ("GET", [HOST, ("origin", "http://evil.example")], 403),
        ("GET", [HOST, ("sec-fetch-site", "cross-site")], 403),
        ("GET", [], 403),
        ("HEAD", [HOST], 200),
        ("DELETE", [HOST, ("content-type", "application/json")], 405),
        ("GET", [HOST, ("content-length", "2"), ("transfer-encoding", "chunked")], 400),
    ],
)
async def test_who_asks_for_health_is_judged_as_always(
    fronted: Fronted, verb: str, headers: list[tuple[str, str]], status: int
) -> None:
    before = await ask(fronted.app, verb, HEALTH, headers)
    assert before.status == status
    assert (await ask(fronted.app, "GET", "/more")).body == b"more"
    assert await ask(fronted.app, verb, HEALTH, headers) == before


async def test_a_platform_that_can_not_work_says_why(platform: Platform) -> None:
    def gone() -> None:
        raise FailedPrecondition("DataFolderGone", "the folder is gone")

    answer = await ask(Fronted(dataclasses.replace(platform, check_health=gone)).app, "GET", HEALTH)
    assert (answer.status, answer.code) == (503, "DataFolderGone")


async def test_the_whole_is_made_once_for_all_that_ask_at_the_same_time(fronted: Fronted) -> None:
    answers = await asyncio.gather(*(ask(fronted.app, "GET", "/more") for _ in range(10)))
    assert {answer.body for answer in answers} == {b"more"}
    assert fronted.made == 1
