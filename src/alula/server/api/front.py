"""The HTTP side of a platform that is asked for no more than its health. The application that answers all else is made
for the first request that wants it: routes, use cases and their libraries are a tenth of an idle platform.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

from alula.core.errors import FailedPrecondition
from alula.server.api.framing import has_body, texts_of
from alula.server.api.gate import Gate, Trusted
from alula.server.api.request_measures import RequestMeasures
from alula.server.services.platform import Platform

HEALTH = "/healthcheck"


def health_of(platform: Platform) -> str:
    """The health of a platform that can work, with its troubles. Raises `FailedPrecondition` for one that can't."""
    platform.check_health()
    troubles = [said for each in (platform.disk_trouble, *platform.troubles) if (said := each())]
    return f"ok, but {'; '.join(troubles)}" if troubles else "ok"


class Front:
    """ASGI application: tells a platform's health until `make`, which is called once and in a thread, has made the
    whole application."""

    def __init__(
        self, platform: Platform, trust: Trusted, measures: RequestMeasures, make: Callable[[], ASGIApp]
    ) -> None:
        self._platform = platform
        self._health = Gate(self._tell_health, trust)
        self._measures = measures
        self._make = make
        self._making = asyncio.Lock()
        self._whole: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._whole is None and _asks_for_health(scope):
            await self._health(scope, receive, send)
        else:
            await (self._whole or await self._made())(scope, receive, send)

    async def _tell_health(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            text = health_of(self._platform).encode()
        except FailedPrecondition:  # the whole application says why
            await (await self._made())(scope, receive, send)
            return
        headers = [(b"content-length", str(len(text)).encode()), (b"content-type", b"text/plain; charset=utf-8")]
        with self._measures.request(lambda: texts_of(scope["headers"]), f"GET {HEALTH}") as request:
            request.answered("200")
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": text})

    async def _made(self) -> ASGIApp:
        async with self._making:
            if self._whole is None:
                self._whole = await asyncio.to_thread(self._make)
            return self._whole


def _asks_for_health(scope: Scope) -> bool:
    asked = (scope["type"], scope.get("method"), scope.get("path"))
    return asked == ("http", "GET", HEALTH) and not has_body(scope["headers"])
