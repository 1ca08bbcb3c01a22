"""Triggers as HTTP: to list them and their firings, to see what the end of a run has started, and to start runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from alula.core.policy.triggering import EndPhase
from alula.server.api.answers import FiringAnswer, RunName, TriggerAnswer
from alula.server.api.http_calls import call_of
from alula.server.api.messages import read_body
from alula.server.api.own import PREFIX, as_time, json_answer
from alula.server.api.parameters import execution_of, place_of, whole, word
from alula.server.services import triggers, webhooks
from alula.server.services.platform import Platform
from alula.server.services.webhooks import envelope_of
from alula.server.store.trigger_records import FiringRecord, TriggerRecord
from alula.server.store.watches import WatchRecord

WEBHOOKS = f"{PREFIX}/webhooks/"
"""The path below which a message starts a run; its signature is all the right that it needs."""
_PLACE = f"{PREFIX}/triggers/{{project}}/{{domain}}"


def trigger_routes(platform: Platform) -> list[Route]:
    """The routes of one platform."""

    async def list_(request: Request) -> Response:
        caller = call_of(request).caller
        found = await triggers.list_triggers(platform, caller, *place_of(request), **_page(request))
        return json_answer(await _answers(platform, found))

    async def everywhere(request: Request) -> Response:
        caller, watched = call_of(request).caller, word(request, "waits_for")
        found = await triggers.list_everywhere(platform, caller, watched=watched, **_page(request))
        return json_answer(await _answers(platform, found))

    async def get(request: Request) -> Response:
        record = await triggers.get_trigger(platform, call_of(request).caller, *execution_of(request))
        (answer,) = await _answers(platform, [record])
        return json_answer(answer)

    async def firings(request: Request) -> Response:
        caller = call_of(request).caller
        found = await triggers.list_firings(platform, caller, *execution_of(request), **_page(request))
        return json_answer([_firing_answer(firing) for firing in found])

    async def started(request: Request) -> Response:
        caller = call_of(request).caller
        found = await triggers.list_started(platform, caller, execution_of(request), **_page(request))
        return json_answer([_firing_answer(firing) for firing in found])

    async def receive(request: Request) -> Response:
        """The right is the signature. What the headers tell is judged before the body is read."""
        envelope = envelope_of(platform, call_of(request).headers)
        body = await read_body(request, limit_bytes=platform.triggers.body_max_bytes)
        id = await webhooks.receive(platform, execution_of(request), envelope, body)
        return json_answer(RunName(*id))

    return [
        Route(f"{WEBHOOKS}{{project}}/{{domain}}/{{name}}", receive, methods=["POST"]),
        Route(f"{PREFIX}/triggers", everywhere),
        Route(_PLACE, list_),
        Route(f"{_PLACE}/{{name}}", get),
        Route(f"{_PLACE}/{{name}}/firings", firings),
        Route(f"{PREFIX}/runs/{{project}}/{{domain}}/{{name}}/firings", started),
    ]


def _page(request: Request) -> dict[str, int]:
    return {"limit": whole(request, "limit", 100), "offset": whole(request, "offset", 0)}


async def _answers(platform: Platform, records: Sequence[TriggerRecord]) -> list[TriggerAnswer]:
    watches, phases = await triggers.watches_of(platform, records), await triggers.phases_of(platform, records)
    return [_answer(each, watches.get(each.plan), phases.get(each.plan, ())) for each in records]


def _answer(record: TriggerRecord, watch: WatchRecord | None, phases: tuple[EndPhase, ...]) -> TriggerAnswer:
    first_pass_at = watch.first_pass_at if watch is not None else None
    return TriggerAnswer(
        *record.plan,
        kind=record.kind,
        waits_for=record.watched,
        phases=phases,
        principal=record.principal,
        since=as_time(record.since),
        last_at=as_time(record.last_at) if record.last_at is not None else None,
        started=record.started,
        refused=record.refused,
        watching_since=as_time(first_pass_at) if first_pass_at is not None else None,
        trouble=watch.trouble if watch is not None else "",
    )


def _firing_answer(firing: FiringRecord) -> FiringAnswer:
    state: Any = firing.state.name  # `Any`: a literal, which a test holds to the enum
    return FiringAnswer(
        *firing.plan,
        cause=firing.told,
        ended=RunName(*firing.by_run) if firing.by_run else None,
        at=as_time(firing.at),
        state=state,
        run=firing.run,
        detail=firing.detail,
    )
