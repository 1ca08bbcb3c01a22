"""Runs by the thousand, for consoles: lists, skeletons, changes, items, use. Routes and parameters; decides nothing."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from alula.server.api.gate import OCTETS
from alula.server.api.http_calls import call_of
from alula.server.api.parameters import execution_of, place_of, whole, whole_of, word
from alula.server.api.tagged import has_tag, json_answer, tag_headers, unchanged
from alula.server.services.about import about
from alula.server.services.console import graph, items, runs, skeleton, use
from alula.server.services.platform import Platform

PREFIX = "/api/v1/alula"
_RUNS = f"{PREFIX}/runs/{{project}}/{{domain}}"
_RUN = f"{_RUNS}/{{name}}"


def run_routes(platform: Platform) -> list[Route]:
    """The routes of one platform."""
    edge = _Edge(platform)
    return [
        Route(f"{PREFIX}/about", edge.about),
        Route(_RUNS, edge.list),
        Route(f"{_RUN}/skeleton", edge.skeleton),
        Route(f"{_RUN}/changes", edge.changes),
        Route(f"{_RUN}/graph", edge.graph),
        Route(f"{_RUN}/use/{{node_id}}", edge.use),
        Route(f"{_RUN}/items/{{node_id}}", edge.items),
        Route(f"{_RUN}/items/{{node_id}}/phases", edge.phases),
        Route(f"{_RUN}/items/{{node_id}}/summary", edge.summary),
    ]


class _Edge:
    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    async def about(self, request: Request) -> Response:
        return await json_answer(about(self._platform, call_of(request).caller))

    async def list(self, request: Request) -> Response:
        return await json_answer(
            await runs.list_runs(
                self._platform,
                call_of(request).caller,
                place_of(request),
                filters_=word(request, "filters"),
                sort=word(request, "sort", "-created_at"),
                limit=whole(request, "limit", 100),
                cursor=word(request, "cursor"),
            )
        )

    async def skeleton(self, request: Request) -> Response:
        caller, id = call_of(request).caller, execution_of(request)
        tag = await skeleton.tag_of(self._platform, caller, id)
        if has_tag(request, tag):
            return unchanged(tag)
        found = await skeleton.read_skeleton(
            self._platform,
            caller,
            id,
            parent=request.query_params.get("parent"),
            limit=whole(request, "limit", skeleton.NODES_MAX),
            cursor=word(request, "cursor"),
        )
        return await json_answer(found, tag=tag)

    async def changes(self, request: Request) -> Response:
        since = whole(request, "since", 0)
        return await json_answer(
            await skeleton.read_changes(self._platform, call_of(request).caller, execution_of(request), since)
        )

    async def graph(self, request: Request) -> Response:
        caller, id = call_of(request).caller, execution_of(request)
        tag = await graph.tag_of(self._platform, caller, id)
        if has_tag(request, tag):
            return unchanged(tag)
        return await json_answer(await graph.read_graph(self._platform, caller, id, word(request, "node_id")), tag=tag)

    async def use(self, request: Request) -> Response:
        return await json_answer(
            await use.read_use(
                self._platform,
                call_of(request).caller,
                execution_of(request),
                request.path_params["node_id"],
                whole(request, "index", -1),
            )
        )

    async def items(self, request: Request) -> Response:
        return await json_answer(
            await items.list_items(
                self._platform,
                call_of(request).caller,
                execution_of(request),
                request.path_params["node_id"],
                first=whole(request, "from", 0),
                phases=[whole_of("phase", text) for text in word(request, "phase").split(",") if text],
                text=word(request, "q"),
                sort=word(request, "sort", "index"),
                limit=whole(request, "limit", 200),
                cursor=word(request, "cursor"),
            )
        )

    async def phases(self, request: Request) -> Response:
        caller, id = call_of(request).caller, execution_of(request)
        tag = await skeleton.tag_of(self._platform, caller, id)
        if has_tag(request, tag):
            return unchanged(tag)
        found = await items.read_phases(self._platform, caller, id, request.path_params["node_id"])
        return Response(found.data, media_type=OCTETS, headers={**tag_headers(tag), "Alula-Seq": str(found.seq)})

    async def summary(self, request: Request) -> Response:
        return await json_answer(
            await items.summarize(
                self._platform,
                call_of(request).caller,
                execution_of(request),
                request.path_params["node_id"],
                bins=whole(request, "bins", 600),
            )
        )
