"""The live stream of a console, and the search of logs, as lines of JSON. Routes and bodies; decides nothing."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from alula.core.errors import InvalidInput
from alula.server.api.answers import StreamBody
from alula.server.api.http_calls import call_of
from alula.server.api.messages import read_body
from alula.server.api.parameters import attempt_of, execution_of, flag, whole, word
from alula.server.services.console.log_search import Among, search_attempt, search_run
from alula.server.services.console.stream import open_stream
from alula.server.services.platform import Platform

PREFIX = "/api/v1/alula"
_EXECUTION = "{project}/{domain}/{name}"
NDJSON = "application/x-ndjson"


def stream_routes(platform: Platform) -> list[Route]:
    """The routes of one platform."""
    edge = _Edge(platform)
    return [
        Route(f"{PREFIX}/stream", edge.stream, methods=["POST"]),
        Route(f"{PREFIX}/log-search/{_EXECUTION}", edge.search_run),
        Route(f"{PREFIX}/log-search/{_EXECUTION}/{{node_id}}/{{attempt}}", edge.search_attempt),
    ]


class _Edge:
    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    async def stream(self, request: Request) -> Response:
        body = await read_body(request)
        try:
            told = msgspec.json.decode(body or b"{}", type=StreamBody)
        except msgspec.DecodeError as error:
            raise InvalidInput("InvalidBody", f"the body is not a stream's: {error}") from error
        caller = call_of(request).caller
        lines = await open_stream(self._platform, caller, told.subscribe, told.interval_ms)
        # A proxy that keeps lines back would make them late.
        return StreamingResponse(lines, media_type=NDJSON, headers={"X-Accel-Buffering": "no"})

    async def search_run(self, request: Request) -> Response:
        found = await search_run(
            self._platform,
            call_of(request).caller,
            execution_of(request),
            _among(request),
            text=word(request, "q"),
            case=flag(request, "case"),
            limit=whole(request, "limit", 1000),
        )
        return StreamingResponse(found, media_type=NDJSON)

    async def search_attempt(self, request: Request) -> Response:
        found = await search_attempt(
            self._platform,
            call_of(request).caller,
            attempt_of(request),
            text=word(request, "q"),
            case=flag(request, "case"),
            limit=whole(request, "limit", 1000),
        )
        return StreamingResponse(found, media_type=NDJSON)


def _among(request: Request) -> Among:
    given = request.query_params
    attempt, index = (whole(request, name, 0) if name in given else None for name in ("attempt", "index"))
    return Among(given.get("node_id"), attempt, index)
