"""How long bodies may take, and that who sends one hears the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message
from tests.unit.server.api.asking import LOCAL, ask

from alula.core.errors import InvalidInput
from alula.server.api.bodies import Bodies
from alula.server.api.gate import trusted
from alula.server.api.http import make_app

pytestmark = pytest.mark.anyio
HEADERS = (("Host", "localhost"), ("Content-Type", "application/json"), ("Transfer-Encoding", "chunked"))


async def _read(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


async def _refuse(_: Request) -> Response:
    raise InvalidInput("TooMuch", "not this")


def app(**limits: float) -> ASGIApp:
    routes = [Route("/read", _read, methods=["POST"]), Route("/refuse", _refuse, methods=["POST"])]
    return Bodies(make_app(routes, trusted(()), LOCAL), **limits)


class Client:
    """Sends some pieces and then nothing more, and keeps what it hears, in order."""

    def __init__(self, pieces: Sequence[bytes], *, ends: bool = False) -> None:
        self.pieces = list(pieces)
        self.ends = ends
        self.heard: list[Message | str] = []

    async def receive(self) -> Message:
        if not self.pieces:
            await asyncio.Event().wait()
        piece = self.pieces.pop(0)
        self.heard.append("read")
        return {"type": "http.request", "body": piece, "more_body": bool(self.pieces) or not self.ends}

    async def send(self, message: Message) -> None:
        self.heard.append(message)

    async def ask(self, app: ASGIApp, path: str) -> None:
        scope: dict[str, Any] = {
            "type": "http",
            "method": "POST",
            "path": path,
            "query_string": b"",
            "root_path": "",
            "headers": [(name.lower().encode(), value.encode()) for name, value in HEADERS],
        }
        await app(scope, self.receive, self.send)

    @property
    def told(self) -> list[Message]:
        return [heard for heard in self.heard if not isinstance(heard, str)]


async def test_a_whole_body_is_handed_on() -> None:
    answer = await ask(app(), "POST", "/read", HEADERS, [b"ab", b"", b"cde"])
    assert (answer.status, answer.body) == (200, b"5")
    assert "connection" not in answer.headers


@pytest.mark.parametrize("pieces", [[], [b""], [b"x"] * 50])
async def test_a_body_that_does_not_end_is_given_up(pieces: list[bytes]) -> None:
    client = Client(pieces)
    await client.ask(app(allowance_s=0.05, linger_s=0.0), "/read")
    [start, *_] = client.told
    assert start["status"] == 400
    assert (b"connection", b"close") in start["headers"]
    assert b"BodyTooSlow" in b"".join(message.get("body", b"") for message in client.told)


async def test_a_fast_start_buys_no_long_silence() -> None:
    client = Client([b"x" * 10_000_000])
    async with asyncio.timeout(20):
        await client.ask(app(allowance_s=0.05, linger_s=0.0), "/read")
    assert client.told[0]["status"] == 400


async def test_a_refusal_is_told_before_the_rest_is_dropped_and_the_connection_closed_after_it() -> None:
    client = Client([b"a", b"b", b"c"], ends=True)
    await client.ask(app(), "/refuse")
    *before, last = client.heard
    assert before[-3:] == ["read", "read", "read"]
    said = [message for message in before if not isinstance(message, str)]
    assert said[0]["status"] == 400
    assert (b"connection", b"close") in said[0]["headers"]
    assert all(message["more_body"] for message in said[1:])
    assert last == {"type": "http.response.body", "body": b"", "more_body": False}


async def test_a_reader_of_a_stream_may_leave_its_own_body_open() -> None:
    async def stream(_: Request) -> Response:
        async def pieces():
            while True:
                yield b"x"
                await asyncio.sleep(0)

        return StreamingResponse(pieces())

    client = Client([b""])
    async with asyncio.timeout(20):
        routes = [Route("/stream", stream, methods=["POST"])]
        await client.ask(Bodies(make_app(routes, trusted(()), LOCAL), allowance_s=0.05, linger_s=0.0), "/stream")
    assert client.told[0]["status"] == 200
