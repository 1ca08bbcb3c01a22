"""The HTTP side: health, signed objects, the RPCs as REST, and what Flyte's protocol has no call for.

Owns the application and how errors look in JSON. Decides nothing else.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from alula.core.errors import (
    AlreadyExists,
    AlulaError,
    FailedPrecondition,
    InvalidInput,
    NotFound,
    PermissionDenied,
    ResourceExhausted,
    Unauthenticated,
    Unavailable,
)
from alula.server.api.alula_routes import alula_routes
from alula.server.api.gateway import Gateway
from alula.server.api.grpc.server import services_of
from alula.server.identity import Caller
from alula.server.services.platform import Platform

_STATUS: dict[type[AlulaError], int] = {
    InvalidInput: 400,
    NotFound: 404,
    AlreadyExists: 409,
    FailedPrecondition: 412,
    PermissionDenied: 403,
    Unauthenticated: 401,
    ResourceExhausted: 507,
    Unavailable: 503,
}
_log = logging.getLogger(__name__)


def make_app(platform: Platform, caller: Caller, object_routes: Sequence[Route]) -> Starlette:
    """The application. `object_routes` are the embedded store's; a cloud's store answers its own URLs."""
    routes = [
        Route("/healthcheck", _health),
        *alula_routes(platform, caller),
        *object_routes,
        Gateway(services_of(platform, caller)),
    ]
    return Starlette(
        routes=routes,
        exception_handlers={AlulaError: _refused, HTTPException: _no_route, Exception: _incident},
    )


async def _health(_: Request) -> Response:
    return PlainTextResponse("ok")


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, AlulaError)
    status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 500)
    return JSONResponse({"code": error.code, "message": error.message, "fix": error.fix}, status)


async def _no_route(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    message = f"{request.method} {request.url.path}: {error.detail}"
    return JSONResponse({"code": "NoSuchRoute", "message": message, "fix": ""}, error.status_code)


async def _incident(request: Request, error: Exception) -> Response:
    id = secrets.token_hex(4)
    _log.error("incident %s in %s %s", id, request.method, request.url.path, exc_info=error)
    message = f"the platform failed; its log has the details under incident {id}"
    return JSONResponse({"code": "Internal", "message": message, "fix": ""}, 500)
