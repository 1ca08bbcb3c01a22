"""Answers in JSON: encoded beside the event loop, and with a tag by which a client need not read them twice."""

from __future__ import annotations

import asyncio

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from alula.server.api.gate import JSON


async def json_answer(value: object, *, tag: str = "") -> Response:
    """A large answer."""
    body = await asyncio.to_thread(msgspec.json.encode, value)
    return Response(body, media_type=JSON, headers=tag_headers(tag))


def has_tag(request: Request, tag: str) -> bool:
    """True if the client has that already."""
    known = request.headers.get("if-none-match", "")
    return f'"{tag}"' in (each.strip().removeprefix("W/") for each in known.split(","))


def unchanged(tag: str) -> Response:
    return Response(status_code=304, headers=tag_headers(tag))


def tag_headers(tag: str) -> dict[str, str]:
    """A tag is weak: the same answer may be compressed or not."""
    return {"ETag": f'W/"{tag}"', "Cache-Control": "no-cache"} if tag else {}
