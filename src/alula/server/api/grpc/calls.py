"""What a call says about its sender, beside its request. Decides how long a status question may be held."""

from __future__ import annotations

from typing import TypeAlias, cast

import grpc.aio
import msgspec

Context: TypeAlias = grpc.aio.ServicerContext[bytes, bytes]

HOLD_DEADLINE_MIN_S = 30.0
"""flytekit's `wait` gives its calls 60 s; a shorter deadline is only a client's patience."""
HOLD_RESERVE_S = 15.0
"""Left of the deadline for the calls that follow within it."""
_HEADERS_MAX_CHARS = 4096


class Headers(msgspec.Struct, frozen=True):
    """What the client says of itself."""

    interpreter: str = ""
    host: str = ""


def sender(context: Context) -> tuple[str, Headers]:
    """The peer's address as gRPC writes it (`ipv4:127.0.0.1:4711`) and its own words."""
    told = metadata(context)
    return context.peer(), Headers(told.get("alula-interpreter", ""), told.get("alula-host", ""))


def hold_s(context: Context) -> float:
    """How long an answer that a run is still going may be held back, in seconds; 0 for not at all.

    flytekit's `wait` polls every 30 s and is the only caller that sets a long deadline: holding its question until
    the run ends makes it learn of the end at once. Alula's own client watches instead.
    """
    agent = metadata(context).get("user-agent", "")
    remaining_s = cast(float | None, context.time_remaining())  # the stubs forget None, which is "no deadline"
    if remaining_s is None or "grpc-python/" not in agent or agent.startswith("alula"):
        return 0
    return remaining_s - HOLD_RESERVE_S if remaining_s > HOLD_DEADLINE_MIN_S else 0


def metadata(context: Context) -> dict[str, str]:
    """The text metadata of a call, each key's last value."""
    return {
        key: value[:_HEADERS_MAX_CHARS] for key, value in context.invocation_metadata() or () if isinstance(value, str)
    }
