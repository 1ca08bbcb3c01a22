"""A route that fails by itself: told once, logged once."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator

import pytest
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from tests.unit.server.api.asking import LOCAL, ask

from alula.server.api.gate import trusted
from alula.server.api.http import make_app

pytestmark = pytest.mark.anyio
HOST = ("Host", "localhost")


async def fails(_: Request) -> Response:
    raise ValueError("secret detail")


async def fails_late(_: Request) -> Response:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"begun"
        raise ValueError("secret detail")

    return StreamingResponse(pieces())


async def test_a_bug_is_an_incident_that_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    app = make_app([Route("/x", fails)], trusted(()), LOCAL)
    with caplog.at_level(logging.ERROR):
        answer = await ask(app, "GET", "/x", (HOST,))  # raises nothing that the server would log as well
    assert (answer.status, answer.code) == (500, "Internal")
    assert b"secret" not in answer.body
    (record,) = caplog.records
    assert record.exc_info is not None
    assert record.getMessage().split()[1] in answer.body.decode()


async def test_a_bug_in_the_middle_of_an_answer_is_left_to_the_server(caplog: pytest.LogCaptureFixture) -> None:
    app = make_app([Route("/x", fails_late)], trusted(()), LOCAL)
    with caplog.at_level(logging.ERROR), pytest.raises(ValueError, match="secret detail"):
        await ask(app, "GET", "/x", (HOST,))
    assert not caplog.records
