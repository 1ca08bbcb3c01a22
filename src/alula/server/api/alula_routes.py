"""Calls that Flyte's protocol does not have, as HTTP: watch, logs, reasons, explanations, fork, the cache.

Owns routes, parameters and bodies. Decides nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
from flyteidl.core import literals_pb2, workflow_pb2
from google.protobuf import json_format
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from alula.core.engine.explain import Link
from alula.core.engine.records import Reason
from alula.core.errors import InvalidInput
from alula.core.ids import AttemptId, ExecutionId
from alula.server.api.answers import CacheEntry, Evicted, ForkBody, LinkAnswer, PhaseLine, ReasonAnswer, RunName
from alula.server.api.http_calls import call_of
from alula.server.api.messages import UNREADABLE, read_body
from alula.server.services import cache, nodes
from alula.server.services.explain import explain_execution
from alula.server.services.follow import follow_execution
from alula.server.services.logs import open_log
from alula.server.services.platform import Platform
from alula.server.services.recover import Fork, fork_execution
from alula.server.services.watch import News

PREFIX = "/api/v1/alula"
_EXECUTION = "{project}/{domain}/{name}"


def alula_routes(platform: Platform) -> list[Route]:
    """The routes of one platform."""
    edge = _Edge(platform)
    return [
        Route(f"{PREFIX}/watch/{_EXECUTION}", edge.watch),
        Route(f"{PREFIX}/logs/{_EXECUTION}/{{node_id}}/{{attempt}}", edge.logs),
        Route(f"{PREFIX}/reasons/{_EXECUTION}", edge.reasons),
        Route(f"{PREFIX}/explain/{_EXECUTION}", edge.explain),
        Route(f"{PREFIX}/fork/{_EXECUTION}", edge.fork, methods=["POST"]),
        Route(f"{PREFIX}/cache/{{project}}/{{domain}}", edge.list_cache),
        Route(f"{PREFIX}/cache/{{project}}/{{domain}}", edge.evict, methods=["DELETE"]),
    ]


class _Edge:
    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    async def watch(self, request: Request) -> Response:
        news = await follow_execution(self._platform, call_of(request).caller, _execution(request))
        return StreamingResponse((_line(each) async for each in news), media_type="application/x-ndjson")

    async def logs(self, request: Request) -> Response:
        attempt = AttemptId(
            _execution(request),
            request.path_params["node_id"],
            _whole("attempt", request.path_params["attempt"]),
            _whole("index", request.query_params.get("index", "-1")),
        )
        follow = request.query_params.get("follow", "0") in ("1", "true")
        offset = _whole("offset", request.query_params.get("offset", "0"))
        pieces = await open_log(self._platform, call_of(request).caller, attempt, offset=offset, follow=follow)
        return StreamingResponse(pieces, media_type="text/plain; charset=utf-8")

    async def reasons(self, request: Request) -> Response:
        node_id = request.query_params.get("node_id")
        found = await nodes.list_reasons(self._platform, call_of(request).caller, _execution(request), node_id)
        return await asyncio.to_thread(_reasons, found)

    async def explain(self, request: Request) -> Response:
        params = request.query_params
        link = await explain_execution(
            self._platform,
            call_of(request).caller,
            _execution(request),
            params.get("node_id", ""),
            _whole("index", params.get("index", "-1")),
        )
        return _json(_told(link))

    async def fork(self, request: Request) -> Response:
        fork = _fork_of(await read_body(request))
        id = await fork_execution(self._platform, call_of(request).caller, _execution(request), fork)
        return _json(RunName(id.project, id.domain, id.name))

    async def list_cache(self, request: Request) -> Response:
        params = request.query_params
        found = await cache.list_entries(
            self._platform,
            call_of(request).caller,
            request.path_params["project"],
            request.path_params["domain"],
            task=params.get("task", ""),
            version=params.get("version", ""),
            source=params.get("source", ""),
            limit=_whole("limit", params.get("limit", "100")),
            offset=_whole("offset", params.get("offset", "0")),
        )
        return _json(
            [
                CacheEntry(
                    task=entry.key.task,
                    cache_version=entry.key.cache_version,
                    inputs=entry.key.shown,
                    digest=entry.key.digest,
                    source=entry.source,
                    created_at=_time(entry.created_at),
                )
                for entry in found
            ]
        )

    async def evict(self, request: Request) -> Response:
        params = request.query_params
        count = await cache.evict(
            self._platform,
            call_of(request).caller,
            request.path_params["project"],
            request.path_params["domain"],
            task=params.get("task", ""),
            version=params.get("version", ""),
            source=params.get("source", ""),
        )
        return _json(Evicted(count))


def _fork_of(body: bytes) -> Fork:
    try:
        told = msgspec.json.decode(body or b"{}", type=ForkBody)
        inputs = json_format.ParseDict({"literals": told.inputs}, literals_pb2.LiteralMap())
        overrides = json_format.ParseDict(told.overrides, workflow_pb2.TaskNodeOverrides())
    except (msgspec.DecodeError, *UNREADABLE) as error:
        raise InvalidInput("InvalidBody", f"the body is not a fork in JSON: {error}") from error
    return Fork(tuple(dict.fromkeys(told.nodes)), inputs, told.version, overrides, told.name)


def _reasons(reasons: Sequence[Reason]) -> Response:
    told = [{**msgspec.structs.asdict(each), "at": _time(each.at)} for each in reasons]
    return _json(msgspec.convert(told, list[ReasonAnswer]))


def _told(link: Link) -> LinkAnswer:
    at = msgspec.to_builtins(_time(link.at)) if link.at else ""
    return LinkAnswer(link.node_id, link.code, link.text, at, link.facts, [_told(cause) for cause in link.because])


def _json(answer: object) -> Response:
    return Response(msgspec.json.encode(answer), media_type="application/json")


def _line(news: News) -> bytes:
    return msgspec.json.encode(PhaseLine(news.version, news.phase.name)) + b"\n"


def _execution(request: Request) -> ExecutionId:
    params = request.path_params
    return ExecutionId(params["project"], params["domain"], params["name"])


def _whole(name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise InvalidInput("InvalidParameter", f"`{name}` must be a whole number, not `{text}`") from None


def _time(at_us: int) -> datetime:
    return datetime.fromtimestamp(at_us // 1_000_000, UTC).replace(microsecond=at_us % 1_000_000)
