"""Reservations of clients: one of them computes a result, and the others learn its name. Ended by release or by time.

The store's clock counts, which is one for all platforms on a database.
"""

from __future__ import annotations

import msgspec
from google.protobuf import duration_pb2

from alula.core.errors import InvalidInput
from alula.core.ids import Place
from alula.server.access import Action
from alula.server.identity import Caller
from alula.server.services.platform import Platform
from alula.server.store.holds import Hold

HEARTBEAT_MAX_US = 10_000_000
HEARTBEATS_MISSED = 3
"""A reservation that was not extended for so many heartbeats is free."""
TEXT_MAX_CHARS = 1024


class Reserved(msgspec.Struct, frozen=True):
    """The subject of a reservation."""

    name: str
    """Its name in the store."""
    target: str
    """Its name in the audit."""
    place: Place


async def hold(
    platform: Platform,
    caller: Caller,
    reserved: Reserved,
    owner: str,
    heartbeat: duration_pb2.Duration,
) -> Hold:
    """Take or extend a reservation; the one that holds then, which may be another owner's."""
    await platform.require(caller, reserved.place, Action.CACHE)
    require_text(owner, "owner id")
    asked_us = heartbeat.seconds * 1_000_000 + heartbeat.nanos // 1000
    if asked_us < 0:
        raise InvalidInput("BadHeartbeat", "a heartbeat interval can't be negative", fix="give 10 s, say")
    heartbeat_us = min(asked_us or HEARTBEAT_MAX_US, HEARTBEAT_MAX_US)
    now = await platform.store.now()
    wanted = Hold(reserved.name, owner, heartbeat_us, now + heartbeat_us * HEARTBEATS_MISSED)
    return await platform.store.holds.take(
        wanted, platform.audit(caller, "reserve", reserved.target, detail=owner), now=now
    )


async def let_go(platform: Platform, caller: Caller, reserved: Reserved, owner: str) -> None:
    """End a reservation; fine if it is somebody else's or has ended."""
    await platform.require(caller, reserved.place, Action.CACHE)
    require_text(owner, "owner id")
    await platform.store.holds.release(
        reserved.name, owner, platform.audit(caller, "release", reserved.target, detail=owner)
    )


def require_text(text: str, what: str, *, most_chars: int = TEXT_MAX_CHARS) -> str:
    """A name, key or tag that every store can keep. Raises `InvalidInput`."""
    if not text:
        raise InvalidInput("IncompleteIdentifier", f"the request has no {what}")
    if len(text) > most_chars or "\0" in text:
        raise InvalidInput("BadName", f"a {what} has at most {most_chars} characters, none of them NUL")
    return text
