"""The HTTP server on a real socket: how many connections there may be, and what malformed requests get."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import NamedTuple

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from tests.unit.server.api.asking import LOCAL

from alula.server.api import connections
from alula.server.api.gate import trusted
from alula.server.api.http import make_app
from alula.server.api.http_server import make_http_server
from alula.server.listening import http_socket

pytestmark = pytest.mark.anyio
GET = b"GET /quick HTTP/1.1\r\nHost: localhost\r\n\r\n"
HALF = b"POST /quick HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"


class Peer(NamedTuple):
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def heard(self) -> bytes:
        """All that comes until the server hangs up."""
        with contextlib.suppress(ConnectionResetError):
            return await self.reader.read()
        return b""

    async def says(self, data: bytes) -> bytes:
        """The beginning of the answer."""
        self.writer.write(data)
        return await self.reader.read(1000)


class Served(NamedTuple):
    port: int
    going_on: asyncio.Event
    """Set to end the slow answers."""
    peers: list[Peer]

    async def connect(self, first: bytes = b"") -> Peer:
        peer = Peer(*await asyncio.open_connection("127.0.0.1", self.port))
        self.peers.append(peer)
        peer.writer.write(first)
        await peer.writer.drain()
        return peer


@pytest.fixture
async def served(anyio_backend: str) -> AsyncIterator[Served]:
    going_on = asyncio.Event()

    async def quick(request: Request) -> Response:
        return PlainTextResponse(f"{len(await request.body())} bytes")

    async def slow(_: Request) -> Response:
        await going_on.wait()
        return PlainTextResponse("at last")

    app = make_app([Route("/quick", quick, methods=["GET", "POST"]), Route("/slow", slow)], trusted(()), LOCAL)
    server = make_http_server(app, connections_max=3, grace_s=1)
    listening = http_socket("127.0.0.1", 0)
    running = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started:
        await asyncio.sleep(0)
    served = Served(listening.getsockname()[1], going_on, [])
    async with asyncio.timeout(60):
        yield served
    going_on.set()
    for peer in served.peers:
        peer.writer.close()
    server.should_exit = True
    await running


async def test_connections_that_do_nothing_keep_out_nobody(served: Served) -> None:
    silent = [await served.connect(HALF) for _ in range(3)]
    assert b"0 bytes" in await (await served.connect()).says(GET)
    assert await silent[0].heard() == b""  # the one that had waited longest
    assert b"9 bytes" in await silent[2].says(b"12345678")


async def test_what_is_being_answered_gives_way_to_nobody(served: Served) -> None:
    busy = [await served.connect(GET.replace(b"quick", b"slow")) for _ in range(3)]
    told = b""
    while b"TooManyConnections" not in told:  # until all three are being answered
        told = await (await served.connect()).heard()
    assert told.startswith(b"HTTP/1.1 503 ")
    served.going_on.set()
    for peer in busy:
        assert b"at last" in await peer.reader.read(1000)


async def test_headers_have_to_come_in_time(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEADERS_S", 0.05)
    assert await (await served.connect()).heard() == b""
    assert await (await served.connect(b"GET / HTTP/1.1\r\nHost: ")).heard() == b""
    kept = await served.connect()
    assert b"0 bytes" in await kept.says(GET)
    assert b"0 bytes" in await kept.says(GET)
    assert await kept.says(GET[:20]) == b""


async def test_a_refusal_reaches_a_client_that_sends_everything_first(served: Served) -> None:
    peer = await served.connect()
    size = 5_000_000
    peer.writer.write(b"POST /quick HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n")
    peer.writer.write(b"Content-Length: %d\r\n\r\n" % size + b"x" * size)
    await peer.writer.drain()
    assert b"ForeignHost" in await peer.heard()


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /quick HTTP/1.1\r\n\r\n",
        b"GET /quick HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /" + b"x" * 100_000,
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
    ],
)
async def test_what_is_no_http_is_refused_and_closed(served: Served, data: bytes) -> None:
    assert (await (await served.connect(data)).heard())[:13] in (b"HTTP/1.1 400 ", b"HTTP/1.1 403 ", b"")
    assert b"0 bytes" in await (await served.connect()).says(GET)


def test_answers_are_sent_at_once() -> None:
    with http_socket("127.0.0.1", 0) as listening, socket.create_connection(listening.getsockname()):
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1


POST = b"POST /quick HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
LAST = b"\r\n0\r\n\r\n"
LONG = b"x" * (1 << 20)


@pytest.mark.parametrize(
    "request_",
    [
        POST + b"Content-Length: 5\r\n" + CHUNKED + LAST,
        POST + b"Content-Length: 0\r\n" + CHUNKED + LAST,
        POST + CHUNKED + b"Content-Length: 5\r\n" + LAST,
        POST + b"Content-Length: 5\r\n" + CHUNKED.replace(b" ", b"\r\n\t") + LAST,
        POST.replace(b"1.1", b"1.0") + CHUNKED + LAST,
        POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n12345",
        POST + b"Content-Length: 5, 6\r\n\r\n12345",
        POST + b"Content-Length: +5\r\n\r\n12345",
        POST + b"Content-Length : 5\r\n\r\n12345",
        POST + b"Transfer-Encoding: gzip, chunked\r\n" + LAST,
        POST + CHUNKED + CHUNKED + LAST,
        POST + b"Transfer-Encoding: identity\r\n" + LAST,
        POST + CHUNKED.replace(b":", b" :") + LAST,
        POST + b"X: y\rContent-Length: 5\r\n\r\n12345",
        POST + CHUNKED + b"\r\n1\r\naXX" + LAST,
        POST + CHUNKED + b"\r\n-1\r\n",
        POST + CHUNKED + b"\r\n1;" + LONG + b"\r\na" + LAST,
        POST + CHUNKED + b"\r\n0\r\nX: " + LONG + b"\r\n\r\n",
        POST + b"X: " + LONG + b"\r\n\r\n",
    ],
    ids=lambda request: request.removeprefix(POST)[:50].decode(),
)
async def test_a_request_whose_end_is_not_clear_is_refused_and_nothing_after_it_is_taken(
    served: Served, request_: bytes
) -> None:
    peer = await served.connect()
    peer.writer.write(request_ + GET)
    told = await peer.heard()
    assert told.startswith(b"HTTP/1.1 400 ") or (len(request_) > len(LONG) and not told)
    assert told.count(b"HTTP/1.1 ") <= 1


@pytest.mark.parametrize(
    "request_",
    [
        POST.replace(b"\r\n", b"\n") + b"Content-Length: 5\n\n12345",
        POST + b"X: a\r\n b\r\nContent-Length: 5\r\n\r\n12345",
        POST + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\n12345",
        POST + CHUNKED + b"\r\n5;note=1\r\n12345" + LAST,
    ],
)
async def test_an_odd_request_with_one_meaning_ends_where_it_says(served: Served, request_: bytes) -> None:
    peer = await served.connect()
    assert b"5 bytes" in await peer.says(request_)
    assert b"0 bytes" in await peer.says(GET)


async def test_a_request_has_a_limited_number_of_headers(served: Served) -> None:
    peer = await served.connect()
    assert b"TooManyHeaders" in await peer.says(POST + b"X: y\r\n" * 9_000 + b"Content-Length: 0\r\n\r\n")
    assert b"0 bytes" in await peer.says(GET)
