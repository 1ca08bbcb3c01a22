"""Compression of answers for clients that take it. ASGI middleware; decides nothing else.

Only answers that are whole: a stream has to arrive as it is written, and objects are read in part.
"""

from __future__ import annotations

import gzip

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from alula.server.api.gate import JSON, OCTETS
from alula.server.beside import done_beside

FROM_BYTES = 1024
_LEVEL = 4
"""Halfway: the next levels take twice the time for a few hundredths of the size."""


class Compression:
    """The middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        takes_gzip = scope["type"] == "http" and _takes_gzip(Headers(scope=scope).get("accept-encoding", ""))
        await self._app(scope, receive, _Answer(send).send if takes_gzip else send)


class _Answer:
    """An answer, whose beginning is held back until its size is known."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._held: Message | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_data(Headers(raw=message["headers"])):
            self._held = message
            return
        start, self._held = self._held, None
        if start is not None:
            if not message.get("more_body", False) and len(message.get("body", b"")) >= FROM_BYTES:
                message = await _compressed(start, message)
            await self._send(start)
        await self._send(message)


async def _compressed(start: Message, message: Message) -> Message:
    body = await done_beside(len(message["body"]), gzip.compress, message["body"], _LEVEL, mtime=0)
    headers = MutableHeaders(scope=start)
    headers["Content-Encoding"] = "gzip"
    headers["Content-Length"] = str(len(body))
    headers.add_vary_header("Accept-Encoding")
    return {**message, "body": body}


def _is_data(headers: Headers) -> bool:
    media = headers.get("content-type", "").partition(";")[0]
    return media in (JSON, OCTETS) and "content-encoding" not in headers and "content-range" not in headers


def _takes_gzip(accepted: str) -> bool:
    for each in accepted.split(","):
        name, *parameters = each.replace(" ", "").lower().split(";")
        if name == "gzip":
            return not any(given.startswith("q=0") and given.strip("q=0.") == "" for given in parameters)
    return False
