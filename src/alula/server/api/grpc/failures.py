"""The failure of a use case on the wire.

A platform error becomes its gRPC status, with its stable code in the trailing metadata (`alula-code`, and
`alula-message` and `alula-fix` where they are plain ASCII). Anything else is a fault of ours: INTERNAL with an
incident id, under which the traceback stands in the server's log. Never UNKNOWN, which Flyte clients take for a
request to log in.
"""

from __future__ import annotations

import grpc
import msgspec

from alula.core.errors import AlulaError
from alula.core.statuses import statuses_of
from alula.server import incidents

DETAILS_MAX_BYTES = 6_000
"""Trailers of more than 8 KiB are refused by most clients, and other characters than ASCII travel as three bytes."""

_BY_NUMBER: dict[int, grpc.StatusCode] = {status.value[0]: status for status in grpc.StatusCode}


class Failure(msgspec.Struct, frozen=True):
    """The end of a call that failed."""

    status: grpc.StatusCode
    details: str
    trailers: tuple[tuple[str, str], ...] = ()


def failure_of(error: AlulaError) -> Failure:
    """The platform's own error on the wire."""
    trailers = [("alula-code", error.code)]
    if _fits_header(error.message) and _fits_header(error.fix):
        trailers += [("alula-message", error.message), ("alula-fix", error.fix)]
    return Failure(_BY_NUMBER[statuses_of(error).grpc[0]], _shortened(str(error)), tuple(trailers))


def incident(method: str, error: BaseException) -> Failure:
    """A fault of the platform: logged with its traceback, shown as an id."""
    id = incidents.report(error, f"in {method}")
    return Failure(
        grpc.StatusCode.INTERNAL,
        f"the platform failed in {method}; its log has the details under incident {id}",
        (("alula-code", incidents.INTERNAL), ("alula-incident", id)),
    )


def _fits_header(text: str) -> bool:
    return len(text) <= 2000 and text.isascii() and (not text or text.isprintable())


def _shortened(text: str) -> str:
    cost = 0
    for place, char in enumerate(text):
        cost += 1 if " " <= char <= "~" else 3 * len(char.encode())
        if cost > DETAILS_MAX_BYTES:
            return text[:place] + " ... (shortened)"
    return text
