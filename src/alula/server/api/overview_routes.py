"""What a console shows of many things at once: search, figures, grids, comparisons, audits. Routes and parameters."""

from __future__ import annotations

import msgspec
from flyteidl.admin import execution_pb2
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from alula.core.errors import InvalidInput
from alula.server.api.http_calls import call_of
from alula.server.api.messages import decoded, parsed, read_body
from alula.server.api.parameters import execution_of, place_of, whole, word
from alula.server.api.tagged import json_answer
from alula.server.beside import done_beside
from alula.server.services.console.audit_trail import list_audits
from alula.server.services.console.bulk import Bulk, act_on_runs
from alula.server.services.console.compare import compare_runs
from alula.server.services.console.grid import read_grid
from alula.server.services.console.newest import newest_versions
from alula.server.services.console.search import search
from alula.server.services.console.stats import read_stats
from alula.server.services.console.takers import list_takers
from alula.server.services.launch_check import check_launch
from alula.server.services.platform import Platform

PREFIX = "/api/v1/alula"
_NOTHING = b'{"action": "abort", "names": []}'


def overview_routes(platform: Platform) -> list[Route]:
    """The routes of one platform."""
    edge = _Edge(platform)
    return [
        Route(f"{PREFIX}/search", edge.search),
        Route(f"{PREFIX}/newest/{{project}}/{{domain}}", edge.newest),
        Route(f"{PREFIX}/stats/{{project}}/{{domain}}", edge.stats),
        Route(f"{PREFIX}/grid/{{project}}/{{domain}}/{{workflow}}", edge.grid),
        Route(f"{PREFIX}/compare/{{project}}/{{domain}}", edge.compare),
        Route(f"{PREFIX}/takers/{{project}}/{{domain}}/{{name}}/{{node_id}}", edge.takers),
        Route(f"{PREFIX}/audit", edge.audit),
        Route(f"{PREFIX}/launch/check", edge.check_launch, methods=["POST"]),
        Route(f"{PREFIX}/bulk/{{project}}/{{domain}}", edge.bulk, methods=["POST"]),
    ]


class _Edge:
    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    async def search(self, request: Request) -> Response:
        return await json_answer(
            await search(
                self._platform,
                call_of(request).caller,
                word(request, "q"),
                project=word(request, "project"),
                domain=word(request, "domain"),
                limit=whole(request, "limit", 20),
            )
        )

    async def newest(self, request: Request) -> Response:
        kind, first, last = word(request, "kind"), word(request, "first"), word(request, "last")
        caller, place = call_of(request).caller, place_of(request)
        return await json_answer(await newest_versions(self._platform, caller, place, kind, first=first, last=last))

    async def stats(self, request: Request) -> Response:
        return await json_answer(
            await read_stats(
                self._platform,
                call_of(request).caller,
                place_of(request),
                workflow=word(request, "workflow"),
                from_us=whole(request, "from", 0),
                to_us=whole(request, "to", 0),
                bins=whole(request, "bins", 60),
            )
        )

    async def grid(self, request: Request) -> Response:
        return await json_answer(
            await read_grid(
                self._platform,
                call_of(request).caller,
                place_of(request),
                request.path_params["workflow"],
                runs=whole(request, "runs", 50),
                cursor=word(request, "cursor"),
            )
        )

    async def compare(self, request: Request) -> Response:
        a, b = word(request, "a"), word(request, "b")
        return await json_answer(await compare_runs(self._platform, call_of(request).caller, place_of(request), a, b))

    async def takers(self, request: Request) -> Response:
        id, node_id = execution_of(request), request.path_params["node_id"]
        caller, limit, cursor = call_of(request).caller, whole(request, "limit", 100), word(request, "cursor")
        return await json_answer(await list_takers(self._platform, caller, id, node_id, limit=limit, cursor=cursor))

    async def check_launch(self, request: Request) -> Response:
        body = await read_body(request)
        asked = await done_beside(len(body), _launch_of, body)
        return await json_answer(await check_launch(self._platform, call_of(request).caller, asked))

    async def bulk(self, request: Request) -> Response:
        body = await read_body(request)
        try:
            bulk = msgspec.json.decode(body or _NOTHING, type=Bulk)
        except msgspec.DecodeError as error:
            raise InvalidInput("InvalidBody", f"the body is no action on runs: {error}") from error
        return await json_answer(await act_on_runs(self._platform, call_of(request).caller, place_of(request), bulk))

    async def audit(self, request: Request) -> Response:
        return await json_answer(
            await list_audits(
                self._platform,
                call_of(request).caller,
                project=word(request, "project"),
                domain=word(request, "domain"),
                principal=word(request, "principal"),
                action=word(request, "action"),
                target=word(request, "target"),
                limit=whole(request, "limit", 100),
                cursor=word(request, "cursor"),
            )
        )


def _launch_of(body: bytes) -> execution_pb2.ExecutionCreateRequest:
    request = execution_pb2.ExecutionCreateRequest()
    parsed(decoded(body or b"{}"), request)
    return request
