"""What Alula's own routes share: their prefix, their answers in JSON, and times."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from starlette.responses import Response

PREFIX = "/api/v1/alula"


def json_answer(answer: object) -> Response:
    """An answer of `answers.py`."""
    return Response(msgspec.json.encode(answer), media_type="application/json")


def as_time(at_us: int) -> datetime:
    """A time in UTC."""
    return datetime.fromtimestamp(at_us // 1_000_000, UTC).replace(microsecond=at_us % 1_000_000)
