"""The HTTP side: health, signed objects, the RPCs as REST, and streams that gRPC clients can't have: watch, logs,
reasons.

Owns routes, parameters and how errors look in JSON. Decides nothing else.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
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
from alula.core.ids import AttemptId, ExecutionId
from alula.server.api.gateway import Gateway
from alula.server.api.grpc.server import services_of
from alula.server.identity import Caller
from alula.server.services import nodes
from alula.server.services.executions import HOLD_RECHECK_S, require_execution
from alula.server.services.logs import open_log
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
_EXECUTION = "{project}/{domain}/{name}"
_log = logging.getLogger(__name__)


def make_app(platform: Platform, caller: Caller, object_routes: Sequence[Route]) -> Starlette:
    """The application. `object_routes` are the embedded store's; a cloud's store answers its own URLs."""
    edge = _Edge(platform, caller)
    routes = [
        Route("/healthcheck", edge.health),
        Route(f"/api/v1/alula/watch/{_EXECUTION}", edge.watch),
        Route(f"/api/v1/alula/logs/{_EXECUTION}/{{node_id}}/{{attempt}}", edge.logs),
        Route(f"/api/v1/alula/reasons/{_EXECUTION}", edge.reasons),
        *object_routes,
        Gateway(services_of(platform, caller)),
    ]
    return Starlette(
        routes=routes,
        exception_handlers={AlulaError: _refused, HTTPException: _no_route, Exception: _incident},
    )


class _Edge:
    """The routes of one platform."""

    def __init__(self, platform: Platform, caller: Caller) -> None:
        self._platform = platform
        self._caller = caller

    async def health(self, _: Request) -> Response:
        return PlainTextResponse("ok")

    async def watch(self, request: Request) -> Response:
        id = _execution(request)
        await require_execution(self._platform, id)  # a missing one is an answer, not an empty stream
        return StreamingResponse(self._phases(id), media_type="application/x-ndjson")

    async def logs(self, request: Request) -> Response:
        attempt = AttemptId(
            _execution(request),
            request.path_params["node_id"],
            _whole("attempt", request.path_params["attempt"]),
            _whole("index", request.query_params.get("index", "-1")),
        )
        follow = request.query_params.get("follow", "0") in ("1", "true")
        pieces = await open_log(self._platform, self._caller, attempt, follow=follow)
        return StreamingResponse(pieces, media_type="text/plain; charset=utf-8")

    async def reasons(self, request: Request) -> Response:
        node_id = request.query_params.get("node_id")
        found = await nodes.list_reasons(self._platform, self._caller, _execution(request), node_id)
        plain = [{**msgspec.to_builtins(reason), "at": _rfc3339(reason.at)} for reason in found]
        return Response(msgspec.json.encode(plain), media_type="application/json")

    async def _phases(self, id: ExecutionId) -> AsyncIterator[bytes]:
        """A line at once, one after each commit, and none after the one that says the end."""
        with self._platform.hub.watch(id) as subscription:
            record = await require_execution(self._platform, id)
            phase, version = record.phase, self._platform.hub.version
            yield _line(version, phase.name)
            while not phase.is_terminal and not subscription.closed:
                news = await subscription.next(timeout_s=HOLD_RECHECK_S)
                if news is not None:
                    phase, version = news.phase, news.version
                    yield _line(version, phase.name)
                elif not subscription.closed:
                    # Silence may mean that another process runs it; and a line shows that the stream lives.
                    phase = (await require_execution(self._platform, id)).phase
                    yield _line(version, phase.name)


def _line(version: int, phase: str) -> bytes:
    return msgspec.json.encode({"version": version, "phase": phase}) + b"\n"


def _execution(request: Request) -> ExecutionId:
    params = request.path_params
    return ExecutionId(params["project"], params["domain"], params["name"])


def _whole(name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise InvalidInput("InvalidParameter", f"`{name}` must be a whole number, not `{text}`") from None


def _rfc3339(at_us: int) -> str:
    moment = datetime.fromtimestamp(at_us // 1_000_000, UTC).replace(microsecond=at_us % 1_000_000)
    return moment.isoformat().replace("+00:00", "Z")


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
