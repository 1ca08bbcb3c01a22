"""Counting the requests of the HTTP side, by the route that they reach."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from alula.server.api.gateway import path_of
from alula.server.api.request_measures import OTHER, RequestMeasures

_VERBS = frozenset(("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"))


class Counted:
    """ASGI middleware, outermost: counts requests that a route answers, and those that do not get there."""

    def __init__(self, app: ASGIApp, measures: RequestMeasures, routes: Sequence[BaseRoute]) -> None:
        self._app = app
        self._measures = measures
        self._paths: dict[object, str] = {route.endpoint: route.path for route in routes if isinstance(route, Route)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._measures.request(lambda: Headers(scope=scope)) as request:

            async def noted(message: Message) -> None:
                if message["type"] == "http.response.start":
                    request.method = self._method(scope)
                    request.answered(str(message["status"]))
                await send(message)

            try:
                await self._app(scope, receive, noted)
            finally:
                request.method = self._method(scope)

    def _method(self, scope: Scope) -> str:
        path = path_of(scope) or self._paths.get(scope.get("endpoint"))
        verb: str = scope["method"]
        return f"{verb} {path}" if path is not None and verb in _VERBS else OTHER
