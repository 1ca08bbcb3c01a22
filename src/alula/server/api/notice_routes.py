"""Notices as HTTP: to list them, to have one sent again, to try a rule."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from alula.server.api.answers import NoticeAnswer
from alula.server.api.http_calls import call_of
from alula.server.api.own import PREFIX, as_time, json_answer
from alula.server.api.parameters import whole, word
from alula.server.services import notices
from alula.server.services.platform import Platform
from alula.server.store.notices import Notice


def notice_routes(platform: Platform) -> list[Route]:
    """The routes of one platform."""

    async def list_(request: Request) -> Response:
        found = await notices.list_notices(
            platform,
            call_of(request).caller,
            state=word(request, "state"),
            rule=word(request, "rule"),
            limit=whole(request, "limit", 100),
            offset=whole(request, "offset", 0),
        )
        return json_answer([_answer(notice) for notice in found])

    async def resend(request: Request) -> Response:
        id = request.path_params["id"]
        await notices.resend_notice(platform, call_of(request).caller, id)
        return json_answer([id])

    async def test(request: Request) -> Response:
        return json_answer(await notices.test_rule(platform, call_of(request).caller, request.path_params["rule"]))

    return [
        Route(f"{PREFIX}/notices", list_),
        Route(f"{PREFIX}/notices/{{id}}/resend", resend, methods=["POST"]),
        Route(f"{PREFIX}/rules/{{rule}}/test", test, methods=["POST"]),
    ]


def _answer(notice: Notice) -> NoticeAnswer:
    return NoticeAnswer(
        id=notice.id,
        rule=notice.rule,
        channel=notice.channel,
        subject=notice.subject,
        occasion=notice.occasion,
        state=notice.state.name,
        tries=notice.tries,
        created_at=as_time(notice.created_at),
        due_at=as_time(notice.due_at) if notice.due_at is not None else None,
        ended_at=as_time(notice.ended_at) if notice.ended_at is not None else None,
        error=notice.error,
    )
