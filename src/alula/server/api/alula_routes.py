"""Calls that Flyte's protocol does not have, as HTTP: watch, logs, reasons, explanations, fork, the cache.

Owns routes, parameters and bodies. Decides nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec
from flyteidl.core import literals_pb2, workflow_pb2
from google.protobuf import json_format
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from alula.core.engine.causes import Link, first_cause
from alula.core.engine.records import Reason
from alula.core.errors import InvalidInput
from alula.server.api.answers import CacheEntry, Evicted, ForkBody, LinkAnswer, PhaseLine, ReasonAnswer, RunName
from alula.server.api.http_calls import call_of
from alula.server.api.messages import UNREADABLE, read_body
from alula.server.api.own import PREFIX, as_time, json_answer
from alula.server.api.parameters import attempt_of, execution_of, flag, whole, word
from alula.server.services import cache, nodes
from alula.server.services.explain import explain_execution
from alula.server.services.follow import Standing, follow_execution
from alula.server.services.logs import OFFSET_MAX, open_log
from alula.server.services.platform import Platform
from alula.server.services.recover import Fork, fork_execution

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
        standings = await follow_execution(self._platform, call_of(request).caller, execution_of(request))
        return StreamingResponse((_line(each) async for each in standings), media_type="application/x-ndjson")

    async def logs(self, request: Request) -> Response:
        log = await open_log(
            self._platform,
            call_of(request).caller,
            attempt_of(request),
            offset=whole(request, "offset", 0),
            tail=whole(request, "tail", 0) if "tail" in request.query_params else None,
            limit=whole(request, "limit", OFFSET_MAX),
            follow=flag(request, "follow"),
        )
        about = {"Offset": log.offset, "Size": log.size, "Ended": int(log.ended)}
        headers = {f"Alula-Log-{name}": str(value) for name, value in about.items()}
        return StreamingResponse(log.pieces, media_type="text/plain; charset=utf-8", headers=headers)

    async def reasons(self, request: Request) -> Response:
        params = request.query_params
        found, last = await nodes.list_reasons(
            self._platform,
            call_of(request).caller,
            execution_of(request),
            node_id=params.get("node_id"),
            index=whole(request, "index", 0) if "index" in params else None,
            code=params.get("code"),
            after=whole(request, "cursor", 0),
            limit=whole(request, "limit", 0) if "limit" in params else None,
        )
        answer = await asyncio.to_thread(_reasons, found)
        if last:
            answer.headers["Alula-Next"] = str(last)
        return answer

    async def explain(self, request: Request) -> Response:
        link = await explain_execution(
            self._platform,
            call_of(request).caller,
            execution_of(request),
            word(request, "node_id"),
            whole(request, "index", -1),
        )
        return json_answer(_told(link, first_cause(link)))

    async def fork(self, request: Request) -> Response:
        fork = _fork_of(await read_body(request))
        id = await fork_execution(self._platform, call_of(request).caller, execution_of(request), fork)
        return json_answer(RunName(id.project, id.domain, id.name))

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
            limit=whole(request, "limit", 100),
            offset=whole(request, "offset", 0),
        )
        return json_answer(
            [
                CacheEntry(
                    task=entry.key.task,
                    cache_version=entry.key.cache_version,
                    inputs=entry.key.shown,
                    digest=entry.key.digest,
                    source=entry.source,
                    created_at=as_time(entry.created_at),
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
        return json_answer(Evicted(count))


def _fork_of(body: bytes) -> Fork:
    try:
        told = msgspec.json.decode(body or b"{}", type=ForkBody)
        inputs = json_format.ParseDict({"literals": told.inputs}, literals_pb2.LiteralMap())
        overrides = json_format.ParseDict(told.overrides, workflow_pb2.TaskNodeOverrides())
    except (msgspec.DecodeError, *UNREADABLE) as error:
        raise InvalidInput("InvalidBody", f"the body is not a fork in JSON: {error}") from error
    return Fork(tuple(dict.fromkeys(told.nodes)), inputs, told.version, overrides, told.name)


def _reasons(reasons: Sequence[Reason]) -> Response:
    told = [{**msgspec.structs.asdict(each), "at": as_time(each.at)} for each in reasons]
    return json_answer(msgspec.convert(told, list[ReasonAnswer]))


def _told(link: Link, first: Link) -> LinkAnswer:
    return LinkAnswer(
        node_id=link.node_id,
        code=link.code,
        text=link.text,
        at=msgspec.to_builtins(as_time(link.at)) if link.at else "",
        facts=link.facts,
        fix=link.fix,
        is_first=link is first,
        is_remark=link.is_remark,
        because=[_told(cause, first) for cause in link.because],
    )


def _line(standing: Standing) -> bytes:
    return msgspec.json.encode(PhaseLine(standing.seq, standing.phase.name)) + b"\n"
