"""One request on either wire, beside its message: its caller, its headers, its peer, and its deadline.

Each edge makes the call of a request in one place, before it does anything else: `grpc/service.py` for RPCs,
`http_calls.py` for all routes of HTTP.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import msgspec

from alula.server.identity import Caller

HOLD_DEADLINE_MIN_S = 30.0
"""flytekit's `wait` gives its calls 60 s; a shorter deadline is only a client's patience."""
HOLD_RESERVE_S = 15.0
"""The part of the deadline that is left for calls that follow within it."""


class Call(msgspec.Struct, frozen=True):
    """A request without its message, as use cases and servicers may know it."""

    caller: Caller
    peer: str = ""
    """As gRPC writes it: `ipv4:127.0.0.1:4711`."""
    headers: Mapping[str, str] = {}
    """Names in lower case; of several values the last."""
    deadline: float | None = None
    """By the clock of the event loop; None if the client set none."""
    answer_headers: dict[str, str] = {}
    """Headers that a servicer adds to its answer over gRPC."""


def hold_s(call: Call) -> float:
    """The time for which an answer about a run that still goes may be held back, in seconds; 0 for not at all.

    flytekit's `wait` polls every 30 s and is the only caller that sets a long deadline: holding its question until
    the run ends makes it learn of the end at once. Alula's own client watches instead.
    """
    agent = call.headers.get("user-agent", "")
    if call.deadline is None or "grpc-python/" not in agent or agent.startswith("alula"):
        return 0
    remaining_s = call.deadline - asyncio.get_running_loop().time()
    return remaining_s - HOLD_RESERVE_S if remaining_s > HOLD_DEADLINE_MIN_S else 0
