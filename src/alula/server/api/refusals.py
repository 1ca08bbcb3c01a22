"""How a refusal looks over HTTP: its status, and its code, message and fix as JSON."""

from __future__ import annotations

import json

from starlette.responses import Response

from alula.core.errors import (
    AlreadyExists,
    AlulaError,
    FailedPrecondition,
    InvalidInput,
    NotFound,
    PermissionDenied,
    ResourceExhausted,
    Unauthenticated,
    Unavailable,
)

_STATUS: dict[type[AlulaError], int] = {
    InvalidInput: 400,
    NotFound: 404,
    AlreadyExists: 409,
    FailedPrecondition: 412,
    PermissionDenied: 403,
    Unauthenticated: 401,
    ResourceExhausted: 507,
    Unavailable: 503,
}


def refusal(error: AlulaError) -> Response:
    """The answer for an error of the platform."""
    status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 500)
    return told(status, error.code, error.message, error.fix)


def told(status: int, code: str, message: str, fix: str = "") -> Response:
    """An answer that says what is wrong. Any text can be told: JSON escapes what UTF-8 has no form for."""
    return Response(json.dumps({"code": code, "message": message, "fix": fix}), status, media_type="application/json")
