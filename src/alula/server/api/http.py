"""The HTTP side: health, signed objects, the RPCs as REST, and calls that Flyte's protocol does not have.

Owns the application and the form of errors in JSON. Decides nothing else.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Sequence

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from alula.core.errors import AlulaError, FailedPrecondition
from alula.server import incidents
from alula.server.api.alula_routes import alula_routes
from alula.server.api.backfill_routes import backfill_routes
from alula.server.api.bodies import Bodies
from alula.server.api.compression import Compression
from alula.server.api.console import OPEN as CONSOLE
from alula.server.api.front import HEALTH, health_of
from alula.server.api.gate import Gate, Trusted
from alula.server.api.gateway import Gateway, Service
from alula.server.api.grpc.server import services_of
from alula.server.api.http_calls import Calls
from alula.server.api.metrics import metrics_route
from alula.server.api.moving_routes import moving_routes
from alula.server.api.notice_routes import notice_routes
from alula.server.api.objects import PREFIX as OBJECTS
from alula.server.api.overview_routes import overview_routes
from alula.server.api.refusals import refusal, told
from alula.server.api.retention_routes import retention_routes
from alula.server.api.run_routes import run_routes
from alula.server.api.schedule_routes import schedule_routes
from alula.server.api.stream_routes import stream_routes
from alula.server.api.trigger_routes import WEBHOOKS, trigger_routes
from alula.server.authentication import Authentication
from alula.server.services.platform import Platform

OPEN = (HEALTH, "/openapi.json", OBJECTS, WEBHOOKS, *CONSOLE)
"""Paths that need no caller: a signed URL or message is all the right that is needed, and the console asks as its
user."""


def make_app(routes: Sequence[BaseRoute], trust: Trusted, authentication: Authentication) -> ASGIApp:
    """The application. The gate, the rules for bodies and authentication stand in front of all routes."""
    app = Starlette(
        routes=routes,
        exception_handlers={
            AlulaError: _refused,
            HTTPException: _no_route,
            ClientDisconnect: _left,
        },
        middleware=[
            Middleware(_Incidents),
            Middleware(Calls, authentication, open_paths=OPEN),
        ],
    )
    app.router.redirect_slashes = False  # what is not there is not elsewhere
    return Bodies(Gate(Compression(app), trust, uploads=OBJECTS))


def make_routes(platform: Platform, object_routes: Sequence[Route]) -> list[BaseRoute]:
    """All routes. `object_routes` are the embedded store's; a cloud's store answers its own URLs."""
    services = services_of(platform)
    return [
        health_route(platform),
        Route("/openapi.json", _described(services)),
        metrics_route(platform),
        *alula_routes(platform),
        *run_routes(platform),
        *stream_routes(platform),
        *overview_routes(platform),
        *schedule_routes(platform),
        *backfill_routes(platform),
        *trigger_routes(platform),
        *notice_routes(platform),
        *moving_routes(platform),
        *retention_routes(platform),
        *object_routes,
        Gateway(services),
    ]


def health_route(platform: Platform) -> Route:
    async def health(_: Request) -> Response:
        try:
            return PlainTextResponse(health_of(platform))
        except FailedPrecondition as error:
            return told(503, error.code, str(error))

    return Route(HEALTH, health)


def _described(services: Sequence[Service]) -> Callable[[Request], Awaitable[Response]]:
    @functools.cache
    def document() -> bytes:
        from alula.server.api.openapi.document import openapi  # lazy: few ask, and it takes longer than a start may

        return msgspec.json.encode(openapi(services))

    async def describe(_: Request) -> Response:
        return Response(await asyncio.to_thread(document), media_type="application/json")

    return describe


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, AlulaError)
    return refusal(error)


async def _no_route(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return told(error.status_code, "NoSuchRoute", f"{request.method} {request.url.path}: {error.detail}")


async def _left(_: Request, _error: Exception) -> Response:
    """Answer a client that has gone in the middle of its request: nobody reads this."""
    return Response(status_code=400)


class _Incidents:
    """Answers with an incident if a route has failed. Starlette's own handler would raise the error once more, for the
    server to log. An error that comes while an answer is under way is the server's: it closes the connection."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def noted(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except Exception as error:
            if started:
                raise
            id = incidents.report(error, f"in {scope['method']} {scope['path']}")
            text = f"the platform failed; its log has the details under incident {id}"
            await told(500, incidents.INTERNAL, text)(scope, receive, send)
