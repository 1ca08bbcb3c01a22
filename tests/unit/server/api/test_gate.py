"""What a foreign web page can send reaches no route, and what real clients send reaches all of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import cast

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp
from tests.unit.server.api.asking import LOCAL, ask

from alula.server.api.gate import trusted
from alula.server.api.gateway import Gateway
from alula.server.api.http import make_app, make_routes
from alula.server.api.objects import object_routes
from alula.server.blobs.file import FileBlobs
from alula.server.identity import Caller
from alula.server.services.platform import Platform

pytestmark = pytest.mark.anyio
HOST = ("Host", "127.0.0.1:8088")
JSON = ("Content-Type", "application/json")
FOREIGN_PAGES = [
    (HOST, JSON, ("Origin", "http://evil.example")),
    (HOST, JSON, ("Origin", "http://localhost:3000")),
    (HOST, JSON, ("Origin", "null")),
    (("Host", "evil.example:8088"), JSON),
    (("Host", "evil.example:8088"), JSON, ("Origin", "http://evil.example:8088")),
    (HOST, JSON, ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "no-cors")),
    (HOST, JSON, ("Sec-Fetch-Site", "same-site"), ("Sec-Fetch-Mode", "cors")),
    (HOST, JSON, ("Sec-Fetch-Site", "none"), ("Sec-Fetch-Site", "cross-site")),
]
SIMPLE_TYPES = ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x", ""]


async def _touched(_: Request) -> Response:
    return PlainTextResponse("touched")


def gated(hosts: tuple[str, ...] = (), http_url: str = "") -> ASGIApp:
    app = Route("/{path:path}", _touched, methods=["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
    return make_app([app], trusted(hosts, http_url), LOCAL)


def all_routes(platform: Platform, caller: Caller) -> Iterator[tuple[str, str]]:
    """Method and path of everything that the application answers, with `x` for each variable."""
    blobs = cast(FileBlobs, platform.blobs)
    for route in make_routes(platform, object_routes(blobs, platform.clock)):
        for one in route.routes if isinstance(route, Gateway) else [cast(Route, route)]:
            for method in one.methods or ():
                yield method, re.sub(r"\{[^}]*\}", "x", one.path)


async def test_no_route_can_be_reached_by_a_foreign_page(platform: Platform, caller: Caller) -> None:
    blobs = cast(FileBlobs, platform.blobs)
    app = make_app(make_routes(platform, object_routes(blobs, platform.clock)), trusted(()), LOCAL)
    routes = list(all_routes(platform, caller))
    assert len(routes) > 80
    for method, path in routes:
        for headers in FOREIGN_PAGES:
            answer = await ask(app, method, path, headers)
            assert (answer.status, answer.code) in ((403, "ForeignOrigin"), (403, "ForeignHost")), (method, path)
        if method in ("GET", "HEAD"):
            continue
        for kind in SIMPLE_TYPES:
            if not kind and path.startswith("/objects/"):
                continue  # only with a signature, and a page may send no PUT
            for body in (b"", b"{}"):
                answer = await ask(app, method, path, (HOST, ("Content-Type", kind)) if kind else (HOST,), [body])
                assert (answer.status, answer.code) == (400, "UnknownContentType"), (method, path, kind)


async def test_what_answers_no_route_is_gated_too() -> None:
    app = make_app([], trusted(()), LOCAL)
    assert (await ask(app, "OPTIONS", "/nothing", (HOST, ("Origin", "null")))).status == 403
    assert (await ask(app, "TRACE", "/nothing", (HOST,))).code == "UnknownContentType"
    assert (await ask(app, "GET", "/nothing", (HOST,))).code == "NoSuchRoute"


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:8088", "localhost.", "127.0.0.1", "127.0.0.1:9000", "127.8.8.8", "[::1]", "[::1]:8088"],
)
async def test_the_names_of_the_loopback_are_always_answered(host: str) -> None:
    assert (await ask(gated(), "GET", "/x", (("Host", host),))).body == b"touched"


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "evil.example@127.0.0.1",
        "127.0.0.1%.evil.example",
        "localhost%00.evil.example",
        "127.0.0.1@evil.example",
        "127.0.0.1/evil.example",
        "127.0.0.1:8088:1",
        "[::1",
        "10.0.0.7",
        "0.0.0.0:8088",
        "[::]",
        "xn--locahost-1xa",
        "lo\xe7alhost",
    ],
)
async def test_other_names_are_not(host: str) -> None:
    assert (await ask(gated(("0.0.0.0",)), "GET", "/x", (("Host", host),))).code == "ForeignHost"


async def test_a_request_has_one_host() -> None:
    assert (await ask(gated(), "GET", "/x", ())).code == "ForeignHost"
    assert (await ask(gated(), "GET", "/x", (HOST, ("Host", "localhost")))).code == "ForeignHost"


async def test_configured_names_and_the_address_that_was_connected_to_are_answered() -> None:
    app = gated(("alula.internal", "[2001:db8::1]"), "https://flows.example/base")
    for host in ("ALULA.internal:80", "[2001:DB8:0::1]:8088", "flows.example", "10.0.0.7:8088"):
        assert (await ask(app, "GET", "/x", (("Host", host),), local=("10.0.0.7", 8088))).body == b"touched", host


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("localhost:8088", "http://localhost:8088"),
        ("localhost:9000", "http://localhost:9000"),  # a forwarded port
        ("[::1]:8088", "http://[::1]:8088"),
        ("flows.example", "https://flows.example"),
        ("127.0.0.1:8088", "https://flows.example"),  # a proxy that sets Host itself
    ],
)
async def test_a_page_of_the_platform_itself_may_ask(host: str, origin: str) -> None:
    app = gated((), "https://flows.example")
    headers = (("Host", host), ("Origin", origin), ("Sec-Fetch-Site", "same-origin"), JSON)
    assert (await ask(app, "POST", "/x", headers)).body == b"touched"


@pytest.mark.parametrize(
    "origin",
    ["http://localhost", "http://localhost:80880", "https://localhost:1", "http://x@localhost:8088x", "file://", ""],
)
async def test_an_origin_is_compared_whole(origin: str) -> None:
    headers = (("Host", "localhost:8088"), ("Origin", origin))
    assert (await ask(gated(), "GET", "/x", headers)).code == "ForeignOrigin"


async def test_a_link_may_be_followed_from_anywhere_but_not_be_framed() -> None:
    follow = (("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate"))
    assert (await ask(gated(), "GET", "/x", (HOST, *follow, ("Sec-Fetch-Dest", "document")))).status == 200
    assert (await ask(gated(), "GET", "/x", (HOST, *follow, ("Sec-Fetch-Dest", "iframe")))).status == 403
    assert (await ask(gated(), "POST", "/x", (HOST, JSON, *follow, ("Sec-Fetch-Dest", "document")))).status == 403


@pytest.mark.parametrize("kind", ["application/json", "Application/JSON; charset=utf-8", "application/octet-stream"])
async def test_json_and_octets_are_taken(kind: str) -> None:
    assert (await ask(gated(), "POST", "/x", (HOST, ("Content-Type", kind)))).body == b"touched"


@pytest.mark.parametrize("kind", ["application/jsonp", "text/plain; application/json", "application/json, text/plain"])
async def test_what_only_looks_like_them_is_not(kind: str) -> None:
    assert (await ask(gated(), "POST", "/x", (HOST, ("Content-Type", kind)))).code == "UnknownContentType"
    twice = (HOST, ("Content-Type", "application/json"), ("Content-Type", "text/plain"))
    assert (await ask(gated(), "POST", "/x", twice)).code == "UnknownContentType"


async def test_a_signed_upload_needs_no_type_and_nothing_else_does_without() -> None:
    assert (await ask(gated(), "PUT", "/objects/a", (HOST,))).body == b"touched"
    assert (await ask(gated(), "PUT", "/objects/a", (HOST, ("Content-Type", "text/plain")))).status == 400
    assert (await ask(gated(), "POST", "/objects/a", (HOST,))).status == 400
    assert (await ask(gated(), "PUT", "/api/v1/projects/x", (HOST,))).status == 400


async def test_answers_are_of_no_use_to_other_pages() -> None:
    for headers in ((HOST,), (("Host", "evil.example"),)):
        answered = (await ask(gated(), "GET", "/x", headers)).headers
        assert answered["x-content-type-options"] == "nosniff"
        assert answered["cross-origin-resource-policy"] == "same-origin"
        assert "sandbox" in answered["content-security-policy"]
        assert "access-control-allow-origin" not in answered
