"""One connection over HTTP: how many there may be, and how long it may take until a request's headers are whole.

When there are as many as there may be, the one that has waited longest for its client gives way to a new one: those
that do nothing keep out nobody. How long a body may take is decided in `bodies.py`.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any, cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEADERS_S = 15.0
_TOLD = json.dumps(
    {"code": "TooManyConnections", "message": "the platform has as many connections as it may", "fix": "try again"}
).encode()
_BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\n"
    b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(_TOLD), _TOLD)
)


class Connection(H11Protocol):
    """uvicorn's, which waits for ever for headers and takes any number of connections."""

    # `Any`: what uvicorn gives its protocols, handed on as it is.
    def __init__(self, *args: Any, connections_max: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._connections_max = connections_max
        self._headers_timer: asyncio.TimerHandle | None = None
        self._heard_at = self.loop.time()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self._connections_max and not self._make_room():
            transport.write(_BUSY)
            transport.close()
        else:
            self._time_headers()

    def data_received(self, data: bytes) -> None:
        self._heard_at = self.loop.time()
        super().data_received(data)
        self._time_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    @property
    def _waits_for_client(self) -> bool:
        """True if it waits for the rest of a request, or for an answer to be read."""
        sends = self.conn.their_state in (h11.IDLE, h11.SEND_BODY) and not self.flow.read_paused
        return sends or self.flow.write_paused

    def _make_room(self) -> bool:
        """False where all others are being answered."""
        others = cast(set[Connection], self.connections) - {self}
        waiting = [one for one in others if one._waits_for_client]
        if not waiting:
            return False
        longest = min(waiting, key=lambda one: one._heard_at)
        longest.transport.abort()
        self.connections.discard(longest)
        return True

    def _time_headers(self) -> None:
        """Limit the time for headers, from the first byte of a request, and of a new connection from its beginning."""
        if self.conn.their_state is not h11.IDLE:
            self._stop_timer()
        elif self._headers_timer is None:
            self._headers_timer = self.loop.call_later(HEADERS_S, self._give_up)

    def _stop_timer(self) -> None:
        if self._headers_timer is not None:
            self._headers_timer.cancel()
            self._headers_timer = None

    def _give_up(self) -> None:
        self._headers_timer = None
        self.transport.abort()
