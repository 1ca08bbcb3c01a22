"""The caller of each HTTP request, found in one layer in front of all routes."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from alula.core.errors import AlulaError
from alula.server.api.calls import Call
from alula.server.api.framing import texts_of
from alula.server.api.refusals import refusal
from alula.server.authentication import Authentication
from alula.server.identity import NOBODY

_KEY = "alula.call"
"""The key in a request's scope of its call."""


class Calls:
    """ASGI middleware: makes the call of each request, and answers those of unknown callers."""

    def __init__(self, app: ASGIApp, authentication: Authentication, *, open_paths: Sequence[str]) -> None:
        """`open_paths`: paths, or with a slash at their end beginnings of paths, that need no caller. `/` is itself."""
        self._app = app
        self._authentication = authentication
        self._open = frozenset(open_paths)
        self._open_below = tuple(path for path in open_paths if path.endswith("/") and path != "/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            scope[_KEY] = await self._call(scope)
        except AlulaError as error:
            await refusal(error)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _call(self, scope: Scope) -> Call:
        headers, peer = texts_of(scope["headers"]), _peer(scope)
        path: str = scope["path"]
        is_open = path in self._open or path.startswith(self._open_below)
        caller = NOBODY if is_open else await self._authentication.caller(headers, peer)
        return Call(caller, peer, headers)


def call_of(request: Request) -> Call:
    """The call that was made of a request."""
    return request.scope[_KEY]


def _peer(scope: Scope) -> str:
    if scope.get("client") is None:
        return ""
    host, port = scope["client"]
    return f"ipv6:[{host}]:{port}" if ":" in host else f"ipv4:{host}:{port}"
