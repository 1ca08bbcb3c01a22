"""Schedules as HTTP: to list them, to pause and resume them, to start a run at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeAlias

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from alula.core.errors import InvalidInput
from alula.server.api.answers import RunName, ScheduleAnswer, TriggerBody
from alula.server.api.http_calls import call_of
from alula.server.api.messages import read_body
from alula.server.api.own import PREFIX, as_time, json_answer
from alula.server.api.parameters import place_of, whole
from alula.server.identity import Caller
from alula.server.services import schedules
from alula.server.services.platform import Platform
from alula.server.store.schedule_records import ScheduleRecord

_Use: TypeAlias = Callable[[Platform, Caller, str, str, str], Awaitable[ScheduleRecord]]
_PLACE = f"{PREFIX}/schedules/{{project}}/{{domain}}"


def schedule_routes(platform: Platform) -> list[Route]:
    """The routes of one platform."""

    async def list_(request: Request) -> Response:
        limit, offset = whole(request, "limit", 100), whole(request, "offset", 0)
        caller, place = call_of(request).caller, place_of(request)
        found = await schedules.list_schedules(platform, caller, *place, limit=limit, offset=offset)
        return json_answer([_answer(record) for record in found])

    def one(use: _Use) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            return json_answer(_answer(await use(platform, call_of(request).caller, *_name(request))))

        return answer

    async def trigger(request: Request) -> Response:
        at = _at(await read_body(request))
        id = await schedules.trigger_schedule(platform, call_of(request).caller, *_name(request), at=at)
        return json_answer(RunName(id.project, id.domain, id.name))

    name = f"{_PLACE}/{{name}}"
    return [
        Route(_PLACE, list_),
        Route(f"{name}/pause", one(schedules.pause_schedule), methods=["POST"]),
        Route(f"{name}/resume", one(schedules.resume_schedule), methods=["POST"]),
        Route(f"{name}/trigger", trigger, methods=["POST"]),
        Route(name, one(schedules.get_schedule)),
    ]


def _name(request: Request) -> tuple[str, str, str]:
    place = place_of(request)
    return place.project, place.domain, request.path_params["name"]


def _at(body: bytes) -> datetime | None:
    try:
        return msgspec.json.decode(body or b"{}", type=TriggerBody).at
    except msgspec.DecodeError as error:
        raise InvalidInput("InvalidBody", f"the body is no trigger in JSON: {error}") from error


def _answer(record: ScheduleRecord) -> ScheduleAnswer:
    return ScheduleAnswer(
        *record.plan,
        state=schedules.state_of(record),
        principal=record.principal,
        zone=record.zone,
        since=as_time(record.since),
        next_at=as_time(record.due_at) if record.due_at is not None else None,
        last_at=as_time(record.last_at) if record.last_at is not None else None,
        last_run=schedules.last_run(record),
        waiting=[as_time(at) for at in record.waiting],
        missed=record.missed,
        skipped=record.skipped,
    )
