"""Refusals over HTTP: a status, and code, message and fix as JSON."""

from __future__ import annotations

import json

from starlette.responses import Response

from alula.core.errors import AlulaError
from alula.core.statuses import http_of


def refusal(error: AlulaError) -> Response:
    """The answer for an error of the platform."""
    return told(http_of(error), error.code, error.message, error.fix)


def told(status: int, code: str, message: str, fix: str = "") -> Response:
    """An answer with an error. Any text can be told: JSON escapes characters that UTF-8 has no form for."""
    return Response(json.dumps({"code": code, "message": message, "fix": fix}), status, media_type="application/json")
