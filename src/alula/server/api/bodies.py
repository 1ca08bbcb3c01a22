"""A time limit on a request's body, and care that its sender hears the answer. ASGI middleware; decides nothing else.

A body has to keep coming: each byte buys a little time beside a first allowance, and only waiting for the sender uses
it up, so that neither silence nor a trickle holds a connection, and a large upload over a slow line is fine.

An answer may be complete before its request is, when that is refused. To close then would reset the connection, and
most clients read nothing before they have sent everything: the rest is read and dropped, for a while, and only then is
the connection closed.
"""

from __future__ import annotations

import asyncio
import contextlib
import time

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from alula.core.errors import InvalidInput
from alula.server.api.framing import has_body

ALLOWANCE_S = 30.0
BYTES_MIN_PER_S = 1_000
LINGER_S = 10.0
"""The time that a request may go on after its answer."""


class Bodies:
    """The middleware."""

    def __init__(self, app: ASGIApp, *, allowance_s: float = ALLOWANCE_S, linger_s: float = LINGER_S) -> None:
        self._app = app
        self._allowance_s = allowance_s
        self._linger_s = linger_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not has_body(scope["headers"]):
            await self._app(scope, receive, send)
            return
        body = _Body(receive, self._allowance_s)

        async def answer(message: Message) -> None:
            body.is_answered = True
            if body.has_ended:
                await send(message)
            elif message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Connection"] = "close"
                await send(message)
            elif message.get("more_body", False):
                await send(message)
            else:
                await send({**message, "more_body": True})
                await body.drop(self._linger_s)
                await send({"type": "http.response.body", "body": b"", "more_body": False})

        await self._app(scope, body.receive, answer)


class _Body:
    """The body of one request, as it comes."""

    def __init__(self, receive: Receive, allowance_s: float) -> None:
        self._receive = receive
        self._allowance_s = self._left_s = allowance_s
        self.has_ended = False
        self.is_answered = False
        self._is_given_up = False

    async def receive(self) -> Message:
        """The next message. Raises `InvalidInput` code `BodyTooSlow`."""
        if self.has_ended:
            return await self._receive()
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._left_s):
                message = await self._next()
        except TimeoutError:
            self._is_given_up = True
            if self.is_answered:  # something streams an answer, and listens whether its reader has left
                return {"type": "http.disconnect"}
            raise InvalidInput(
                "BodyTooSlow", "the body of the request came too slowly, or does not end", fix="send it again"
            ) from None
        left_s = self._left_s - (time.monotonic() - began) + len(message.get("body", b"")) / BYTES_MIN_PER_S
        self._left_s = min(left_s, self._allowance_s)
        return message

    async def drop(self, within_s: float) -> None:
        """Read on until the end, but not for longer than that."""
        if self._is_given_up:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while not self.has_ended:
                    await self._next()

    async def _next(self) -> Message:
        message = await self._receive()
        self.has_ended = message["type"] == "http.disconnect" or not message.get("more_body", False)
        return message
