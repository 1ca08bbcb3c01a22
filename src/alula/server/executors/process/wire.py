"""The frames between the platform and a fork server: their shapes, and the stream they travel on.

`forkserver.py` speaks the same frames without importing this file. No knowledge of attempts or tasks here.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import socket
from collections.abc import Callable

import msgspec

from alula.core.engine.usage import Figure, Usage

RECEIVE_BYTES = 64 * 1024


class Load(msgspec.Struct, frozen=True, tag_field="op", tag="load"):
    """First frame: import these. An empty `entry` makes a server that only executes programs."""

    entry: str
    modules: tuple[str, ...]
    leftover_grace_s: float


class Run(msgspec.Struct, frozen=True, tag_field="op", tag="run"):
    """Start one attempt. With `exec`, `program` is executed with exactly `environment`; else the entry point is
    called and `environment` is added to that of the server."""

    id: int
    argv: tuple[str, ...]
    environment: dict[str, str]
    cwd: str
    """A folder that no other attempt uses now."""
    log: str
    record: str
    """The file in which the end is recorded."""
    result: str = ""
    """A file that, where it is there after a clean end, says as much as a record, which is not written then."""
    exec: bool = False
    program: str = ""
    join: tuple[str, ...] = ()
    """`cgroup.procs` files."""
    memory_events: str = ""
    """Cgroup file with an `oom_kill` line."""
    memory_peak: str = ""


class Kill(msgspec.Struct, frozen=True, tag_field="op", tag="kill"):
    """SIGTERM, SIGKILL after `grace_s`; 0 is SIGKILL at once. `cause` goes into the record."""

    id: int
    cause: str
    grace_s: float
    peak: Figure | None = None
    """The memory that was found, if that is the cause."""
    is_recorded: bool = True
    """True if its end is recorded beside its outputs: not if the folder may have a new owner."""


class Ready(msgspec.Struct, frozen=True, tag_field="event", tag="ready"):
    missing: str
    """The entry point, if the environment has none of this name."""
    broken: str
    """The error of an import."""
    hazards: list[str]
    """Reasons why a fork is not safe after these imports."""
    constants: list[str] = []
    """Values that are random in the imported code and equal in all forks."""


class Started(msgspec.Struct, frozen=True, tag_field="event", tag="started"):
    """The start of an attempt that runs for more than a moment; a shorter one is only reported by its `Ended`."""

    id: int
    pid: int
    at: int
    """Microseconds since the epoch."""


class End(msgspec.Struct, frozen=True):
    """The end of an attempt's processes, as the record beside the outputs holds it."""

    code: int = -1
    """Exit status, -1 if a signal ended it."""
    signal: int = 0
    started_at: int = 0
    ended_at: int = 0
    log_bytes: int = 0
    cause: str = ""
    """The reason why the platform killed it, empty if it ended by itself."""
    left_behind: list[str] = []
    """Processes (id and command) that outlived it and were killed."""
    oom_kills: int = 0
    cannot_start: str = ""
    """The reason why there was no process at all."""
    not_recorded: str = ""
    """The reason why the record could not be written."""
    usage: Usage | None = None


class Ended(End, frozen=True, tag_field="event", tag="ended", kw_only=True):
    id: int


Event = Ready | Started | Ended

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Event)


class Stream:
    """Frames over one end of a socket pair, on the event loop. `send` never blocks: what does not fit waits."""

    def __init__(self, sock: socket.socket, on_event: Callable[[Event], None], on_close: Callable[[], None]) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._on_event = on_event
        self._on_close = on_close
        self._received = bytearray()
        self._unsent = bytearray()
        self._events: collections.deque[Event] = collections.deque()
        self._closed = False
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(sock, self._receive)

    def send(self, frame: Load | Run | Kill) -> None:
        if self._closed:
            return
        body = _encoder.encode(frame)
        data = len(body).to_bytes(4, "big") + body
        if self._unsent:
            self._unsent += data
            return
        self._unsent += data
        self._flush()

    def close(self) -> None:
        """The other side sees the end of the stream; `on_close` is not called."""
        if not self._closed:
            self._closed = True
            self._loop.remove_reader(self._sock)
            self._loop.remove_writer(self._sock)
            self._sock.close()

    def _flush(self) -> None:
        try:
            sent = self._sock.send(self._unsent)
        except BlockingIOError:
            sent = 0
        except OSError:  # the reader meets the same end and reports it
            self._unsent.clear()
            return
        del self._unsent[:sent]
        if self._unsent:
            self._loop.add_writer(self._sock, self._flush)
        else:
            self._loop.remove_writer(self._sock)

    def _receive(self) -> None:
        data = b""
        with contextlib.suppress(BlockingIOError, ConnectionError):
            data = self._sock.recv(RECEIVE_BYTES)
        if not data:
            self.close()
            self._on_close()
            return
        self._received += data
        received, start = self._received, 0
        while len(received) - start >= 4:
            size = int.from_bytes(received[start : start + 4], "big")
            if len(received) - start < 4 + size:
                break
            self._events.append(_decoder.decode(received[start + 4 : start + 4 + size]))
            start += 4 + size
        del received[:start]
        self._dispatch()

    def _dispatch(self) -> None:
        """One event whose handler fails must not take the others with it."""
        try:
            while self._events:
                self._on_event(self._events.popleft())
        finally:
            if self._events:
                self._loop.call_soon(self._dispatch)
