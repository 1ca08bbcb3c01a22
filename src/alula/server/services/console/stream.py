"""One live stream of several topics: a browser allows few connections, and a console watches many things."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import msgspec

from alula.core.errors import AlulaError, InvalidInput
from alula.server import incidents
from alula.server.identity import Caller
from alula.server.services.console.topics import Told, Topic, told
from alula.server.services.platform import Platform

TOPICS_MAX = 100
INTERVAL_MIN_MS, INTERVAL_MAX_MS = 100, 10_000
HEARTBEAT_S = 15.0
_WAITING_MAX = 16
"""Lines that wait for a slow reader; its topics wait with them, and tell more at once afterwards."""


class Refused(msgspec.Struct, frozen=True):
    """An error, and the way to mend it."""

    code: str
    message: str
    fix: str


class ErrorLine(msgspec.Struct, frozen=True, tag_field="kind", tag="error"):
    """An error that ends one topic."""

    sub: str
    data: Refused


class Heartbeat(msgspec.Struct, frozen=True, tag_field="kind", tag="heartbeat"):
    """The stream lives."""

    now: int


Line = Told | ErrorLine | Heartbeat


async def open_stream(
    platform: Platform, caller: Caller, topics: Sequence[Topic], interval_ms: int
) -> AsyncIterator[bytes]:
    """Lines of JSON, until all topics have ended. An error of one of them is a line, and ends that one."""
    await platform.viewable(caller)
    if not 1 <= len(topics) <= TOPICS_MAX:
        raise InvalidInput("InvalidParameter", f"a stream has 1 to {TOPICS_MAX} topics, not {len(topics)}")
    if len({topic.sub for topic in topics}) < len(topics):
        raise InvalidInput("InvalidParameter", "two topics of the stream have the same `sub`")
    if not INTERVAL_MIN_MS <= interval_ms <= INTERVAL_MAX_MS:
        between = f"from {INTERVAL_MIN_MS} to {INTERVAL_MAX_MS}"
        raise InvalidInput("InvalidParameter", f"`interval_ms` must be {between}, not {interval_ms}")
    return _lines(platform, caller, topics, interval_ms / 1000)


async def _lines(
    platform: Platform, caller: Caller, topics: Sequence[Topic], interval_s: float
) -> AsyncIterator[bytes]:
    lines = asyncio.Queue[bytes](_WAITING_MAX)
    tellers = [asyncio.create_task(_tell(platform, caller, topic, interval_s, lines)) for topic in topics]
    all_ended = asyncio.gather(*tellers, return_exceptions=True)
    try:
        yield _heartbeat(platform)
        while not (all_ended.done() and lines.empty()):
            line = asyncio.ensure_future(lines.get())
            try:
                await asyncio.wait((line, all_ended), timeout=HEARTBEAT_S, return_when=asyncio.FIRST_COMPLETED)
            finally:
                line.cancel()
            if line.done():
                yield line.result()
            elif not all_ended.done():
                yield _heartbeat(platform)
    finally:
        # Each by itself: a gathering that is cancelled complains in the log of the platform.
        for teller in tellers:
            teller.cancel()


async def _tell(
    platform: Platform, caller: Caller, topic: Topic, interval_s: float, lines: asyncio.Queue[bytes]
) -> None:
    try:
        async for line in told(platform, caller, topic, interval_s):
            await lines.put(await asyncio.to_thread(_encoded, line))
    except AlulaError as error:
        await lines.put(_encoded(ErrorLine(topic.sub, Refused(error.code, error.message, error.fix))))
    except Exception as error:  # noqa: BLE001 - it concerns this topic alone
        id = incidents.report(error, f"in a stream of {topic}")
        text = f"the platform failed; its log has the details under incident {id}"
        await lines.put(_encoded(ErrorLine(topic.sub, Refused(incidents.INTERNAL, text, ""))))


def _heartbeat(platform: Platform) -> bytes:
    return _encoded(Heartbeat(platform.clock()))


def _encoded(line: Line) -> bytes:
    return msgspec.json.encode(line) + b"\n"
