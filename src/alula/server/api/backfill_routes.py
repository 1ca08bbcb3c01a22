"""Backfills as HTTP: to show what one would do, to start it, to look at it, to pause, resume and cancel it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from alula.core.errors import InvalidInput
from alula.core.ids import ExecutionId
from alula.core.policy.backfilling import Rules
from alula.server.access import Action
from alula.server.api.answers import BackfillAnswer, BackfillBody, BackfillPreview, SlotAnswer, SlotCounts
from alula.server.api.http_calls import call_of
from alula.server.api.messages import read_body
from alula.server.api.own import PREFIX, as_time, json_answer
from alula.server.api.parameters import execution_of, place_of, whole, word
from alula.server.identity import Caller
from alula.server.services import backfills
from alula.server.services.backfill_plan import Asked, plan_backfill
from alula.server.services.platform import Platform
from alula.server.store.backfill_records import BackfillRecord, SlotRecord

_Use: TypeAlias = Callable[[Platform, Caller, ExecutionId], Awaitable[BackfillRecord]]
_PLACE = f"{PREFIX}/backfills/{{project}}/{{domain}}"


def backfill_routes(platform: Platform) -> list[Route]:
    """The routes of one platform."""

    async def asked_by(request: Request) -> tuple[Caller, Asked]:
        """The right is asked for before the body is read."""
        caller = call_of(request).caller
        await platform.require(caller, place_of(request), Action.LAUNCH)
        return caller, _asked(await read_body(request))

    async def preview(request: Request) -> Response:
        caller, asked = await asked_by(request)
        planned = await plan_backfill(platform, caller, *place_of(request), asked)
        slots = [_slot_answer(slot) for slot in planned.slots]
        return json_answer(BackfillPreview(_answer(planned.record), planned.zone, planned.inputs, slots))

    async def start(request: Request) -> Response:
        caller, asked = await asked_by(request)
        return json_answer(_answer(await backfills.start_backfill(platform, caller, *place_of(request), asked)))

    async def list_(request: Request) -> Response:
        limit, offset = whole(request, "limit", 100), whole(request, "offset", 0)
        caller, place, plan = call_of(request).caller, place_of(request), word(request, "plan")
        found = await backfills.list_backfills(platform, caller, *place, plan=plan, limit=limit, offset=offset)
        return json_answer([_answer(record) for record in found])

    async def slots(request: Request) -> Response:
        found = await backfills.list_slots(
            platform,
            call_of(request).caller,
            execution_of(request),
            state=word(request, "state"),
            limit=whole(request, "limit", 100),
            offset=whole(request, "offset", 0),
        )
        return json_answer([_slot_answer(slot) for slot in found])

    def one(use: _Use) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            return json_answer(_answer(await use(platform, call_of(request).caller, execution_of(request))))

        return answer

    name = f"{_PLACE}/{{name}}"
    return [
        Route(_PLACE, list_, methods=["GET"]),
        Route(_PLACE, start, methods=["POST"]),
        Route(f"{_PLACE}/preview", preview, methods=["POST"]),
        Route(f"{name}/slots", slots),
        Route(f"{name}/pause", one(backfills.pause_backfill), methods=["POST"]),
        Route(f"{name}/resume", one(backfills.resume_backfill), methods=["POST"]),
        Route(f"{name}/cancel", one(backfills.cancel_backfill), methods=["POST"]),
        Route(name, one(backfills.get_backfill)),
    ]


def _asked(body: bytes) -> Asked:
    try:
        told = msgspec.json.decode(body or b"{}", type=BackfillBody)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:  # `ValueError`: not UTF-8
        raise InvalidInput("InvalidBody", f"the body is no backfill in JSON: {error}") from error
    rules = Rules(told.at_once, told.order == "newest", told.reprocess, told.on_failure == "stop")
    return Asked(told.plan, told.first, told.until, told.version, told.cron, told.kickoff, rules, told.name)


# `Any`: the literals of an answer, which a test holds to the enums.
def _answer(record: BackfillRecord) -> BackfillAnswer:
    state: Any = record.state.name
    return BackfillAnswer(
        *record.id,
        plan=record.plan.name,
        version=record.plan.version,
        state=state,
        principal=record.principal,
        first=as_time(record.first),
        until=as_time(record.until),
        cron=record.cron,
        kickoff=record.kickoff,
        order="newest" if record.rules.newest_first else "oldest",
        at_once=record.rules.at_once,
        reprocess=record.rules.reprocess,
        on_failure="stop" if record.rules.stops else "continue",
        slots=SlotCounts(*msgspec.structs.astuple(record.counts)),
        created_at=as_time(record.created_at),
        ended_at=as_time(record.ended_at) if record.ended_at is not None else None,
    )


def _slot_answer(slot: SlotRecord) -> SlotAnswer:
    state: Any = slot.state.name
    return SlotAnswer(as_time(slot.at), as_time(slot.planned_for), state, slot.run, slot.detail)
