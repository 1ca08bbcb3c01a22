"""How a refusal looks over HTTP: its status, and its code, message and fix as JSON."""

from __future__ import annotations

import json

from starlette.responses import Response

from alula.core.errors import AlulaError
from alula.core.statuses import statuses_of


def refusal(error: AlulaError) -> Response:
    """The answer for an error of the platform."""
    return told(statuses_of(error).http[0], error.code, error.message, error.fix)


def told(status: int, code: str, message: str, fix: str = "") -> Response:
    """An answer that says what is wrong. Any text can be told: JSON escapes what UTF-8 has no form for."""
    return Response(json.dumps({"code": code, "message": message, "fix": fix}), status, media_type="application/json")
