"""Retention as HTTP: to see the rules, what would go and how full the disk is, to have it go now, and to keep runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from alula.core.ids import ExecutionId
from alula.server.api.answers import (
    DiskAnswer,
    KeptAnswer,
    RemovedByAge,
    RemovedByRule,
    RetentionAnswer,
    RetentionRuleAnswer,
    RunName,
    RunsThatStay,
)
from alula.server.api.http_calls import call_of
from alula.server.api.own import PREFIX, json_answer
from alula.server.api.parameters import execution_of
from alula.server.identity import Caller
from alula.server.services import retention
from alula.server.services.disk_room import read_disk
from alula.server.services.platform import Platform

_Use: TypeAlias = Callable[[Platform, Caller, ExecutionId], Awaitable[None]]
_RUN = "{project}/{domain}/{name}"


def retention_routes(platform: Platform) -> list[Route]:
    """The routes of one platform."""

    async def preview(request: Request) -> Response:
        found = await retention.preview(platform, call_of(request).caller)
        return json_answer(
            RetentionAnswer(
                [RemovedByRule(each.rule, each.runs, each.use.objects, each.use.bytes) for each in found.goes],
                found.measured,
                [RunsThatStay(reason.value, runs) for reason, runs in found.stays.most_common()],
                found.unfinished,
                [RemovedByAge(**msgspec.structs.asdict(each)) for each in found.by_age],
            )
        )

    async def rules(request: Request) -> Response:
        found = await retention.list_rules(platform, call_of(request).caller)
        return json_answer([RetentionRuleAnswer(**msgspec.structs.asdict(rule)) for rule in found])

    async def kept(request: Request) -> Response:
        id = execution_of(request)
        return json_answer(KeptAnswer(await retention.is_kept(platform, call_of(request).caller, id)))

    async def disk(request: Request) -> Response:
        use, trouble = await read_disk(platform, call_of(request).caller)
        return json_answer(DiskAnswer(**msgspec.structs.asdict(use), trouble=trouble))

    async def run(request: Request) -> Response:
        return json_answer(await retention.run_now(platform, call_of(request).caller))

    def one(use: _Use) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            id = execution_of(request)
            await use(platform, call_of(request).caller, id)
            return json_answer(RunName(*id))

        return answer

    return [
        Route(f"{PREFIX}/retention", preview),
        Route(f"{PREFIX}/retention/rules", rules),
        Route(f"{PREFIX}/retention/run", run, methods=["POST"]),
        Route(f"{PREFIX}/disk", disk),
        Route(f"{PREFIX}/keep/{_RUN}", kept, methods=["GET"]),
        Route(f"{PREFIX}/keep/{_RUN}", one(retention.keep_run), methods=["POST"]),
        Route(f"{PREFIX}/unkeep/{_RUN}", one(retention.let_go), methods=["POST"]),
    ]
