"""Fork servers as the platform sees them: started on demand, one per environment and code, retired when idle.

Owns the processes of the fork servers and their sockets. Knows attempts by number only; what an end means is decided by
the executor.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import resource
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Collection
from pathlib import Path
from typing import NamedTuple

import msgspec

from alula.core.engine.usage import Figure
from alula.server.executors.process.leftovers import MARK, Register
from alula.server.executors.process.wire import Ended, Event, Kill, Load, Ready, Run, Started, Stream

FORK_SERVER = Path(__file__).with_name("forkserver") / "main.py"
"""The script that an interpreter runs to become one."""
LAST_WORDS_BYTES = 2000
START_TIMEOUT_S = 60.0
"""The time that a fork server without imports has to answer, on a very busy machine."""
KILL_TIMEOUT_S = 30.0
"""The time that a fork server has to end an attempt that it is told to kill."""
UNFIT_MAX = 1000
"""The number of verdicts that are remembered."""

_log = logging.getLogger(__name__)


class ServerKey(NamedTuple):
    """Attempts with equal keys may be forked from one process."""

    interpreter: str
    entry: str
    """Console script; empty for the server that only executes programs."""
    modules: tuple[str, ...]
    environment: frozenset[tuple[str, str]]
    """The whole environment in which the imports run."""
    folder: str = "/"
    """The folder of the imports: that of the code, as relative paths lead there in an attempt too."""


class Verdict(NamedTuple):
    """The judgement of a fork server: fit to take attempts, or not and why."""

    fit: bool
    why: str = ""
    missing_entry: bool = False
    constants: tuple[str, ...] = ()
    """Values that are random in the imported code and equal in all attempts."""


class ServerEvents(NamedTuple):
    """The receivers of a fork server's news."""

    started: Callable[[Started], None]
    ended: Callable[[Ended], None]
    lost: Callable[[str, tuple[int, ...]], None]
    """The mark of a fork server that died, and the numbers of the attempts that it was running."""


class ForkServer:
    """One fork server process and the attempts that it runs."""

    def __init__(self, key: ServerKey, events: ServerEvents, register: Register) -> None:
        self.key = key
        self.verdict: Verdict | None = None
        self.running: set[int] = set()
        self.idle_since = 0.0
        self.closed = False
        self._events = events
        self._register = register
        self.mark = register.new_mark()
        """The mark in the environment of all processes that it starts."""
        self._waiting: list[Callable[[Verdict, ForkServer], None]] = []
        self._loop = asyncio.get_running_loop()
        self._timeout: asyncio.TimerHandle | None = None
        self._gone = asyncio.Event()

    def start(self, *, leftover_grace_s: float, import_timeout_s: float, open_files: tuple[int, int]) -> None:
        """`open_files`: soft and hard limit. Raises OSError when the interpreter can't be run."""
        ours, theirs = socket.socketpair()
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the process
        isolated = () if self.key.entry else ("-I", "-S")
        try:
            self._process = subprocess.Popen(
                [self.key.interpreter, *isolated, str(FORK_SERVER), str(theirs.fileno())],
                env={**dict(self.key.environment), MARK: self.mark, "LD_BIND_NOW": "1"},
                stdin=subprocess.DEVNULL,
                stdout=self._output,
                stderr=self._output,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
                cwd=self.key.folder,
            )
        except OSError:
            ours.close()
            self._output.close()
            raise
        finally:
            theirs.close()
        self.pid = self._process.pid
        with contextlib.suppress(OSError):  # it has ended already
            resource.prlimit(self.pid, resource.RLIMIT_NOFILE, open_files)
        self._register.add(self.pid)
        self._pidfd = os.pidfd_open(self.pid)
        self._stream = Stream(ours, self._on_event, self._on_closed)
        self._stream.send(Load(self.key.entry, self.key.modules, leftover_grace_s))
        self._timeout = self._loop.call_later(import_timeout_s, self._give_up, import_timeout_s)

    def when_known(self, callback: Callable[[Verdict, ForkServer], None]) -> None:
        """Call back as soon as there is a verdict: at once, where it is known."""
        if self.verdict is None:
            self._waiting.append(callback)
        else:
            callback(self.verdict, self)

    @property
    def is_gone(self) -> bool:
        return self._gone.is_set()

    def run(self, frame: Run) -> None:
        if frame.exec:
            frame = msgspec.structs.replace(frame, environment={**frame.environment, MARK: self.mark})
        self._stream.send(frame)
        self.running.add(frame.id)

    def kill(
        self, number: int, *, cause: str, grace_s: float, peak: Figure | None = None, is_recorded: bool = True
    ) -> None:
        self._stream.send(Kill(number, cause, grace_s, peak, is_recorded))
        self._loop.call_later(grace_s + KILL_TIMEOUT_S, self._kill_stuck, number)

    def close(self) -> None:
        """Let it kill what it runs and go; nothing more is reported."""
        if not self.closed:
            self.closed = True
            self._stream.close()
            self._on_closed()

    def _kill_stuck(self, number: int) -> None:
        """Kill a fork server that did not end an attempt in time when told to: it is stuck itself."""
        if number in self.running and not self.closed:
            _log.warning("fork server %s is stuck and is killed: it did not end an attempt", self.pid)
            self._process.kill()

    async def gone(self, *, timeout_s: float) -> None:
        """After `close`: wait until the process has ended, kill it after the time-out."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._gone.wait()
        except TimeoutError:
            self._process.kill()
            await self._gone.wait()

    def _give_up(self, timeout_s: float) -> None:
        self._decide(Verdict(False, f"the imports did not end within {timeout_s:g} s"))
        self._process.kill()

    def _decide(self, verdict: Verdict) -> None:
        if self.verdict is None:
            self.verdict = verdict
            if self._timeout is not None:
                self._timeout.cancel()
            waiting, self._waiting = self._waiting, []
            for callback in waiting:
                callback(verdict, self)

    def _on_event(self, event: Event) -> None:
        if isinstance(event, Ended):
            self.running.discard(event.id)
            if not self.running:
                self.idle_since = self._loop.time()
            self._events.ended(event)
        elif isinstance(event, Started):
            self._events.started(event)
        else:
            self.idle_since = self._loop.time()
            self._decide(verdict_of(event))

    def _on_closed(self) -> None:
        """The stream ended: the process ends too, by itself; wait for it."""
        self._loop.add_reader(self._pidfd, self._collect)
        if self.verdict is not None and not self.closed:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGTERM)

    def _collect(self) -> None:
        status = self._process.wait()
        self._loop.remove_reader(self._pidfd)
        os.close(self._pidfd)
        self._register.remove(self.pid)
        last_words = self._last_words()
        self._output.close()
        was_closed, self.closed = self.closed, True
        if not was_closed:
            ending = f"status {status}" if status >= 0 else signal.Signals(-status).name
            self._decide(Verdict(False, f"the imports ended the process ({ending}){last_words}"))
            lost, self.running = tuple(sorted(self.running)), set[int]()
            self._events.lost(self.mark, lost)
        self._gone.set()

    def _last_words(self) -> str:
        size = self._output.seek(0, os.SEEK_END)
        self._output.seek(max(0, size - LAST_WORDS_BYTES))
        lines = self._output.read().decode(errors="replace").strip().splitlines()
        return f": {lines[-1]}" if lines else ""


def verdict_of(event: Ready) -> Verdict:
    if event.missing:
        return Verdict(False, f"the environment has no command `{event.missing}`", missing_entry=True)
    if event.broken:
        return Verdict(False, f"the imports failed ({event.broken})")
    if event.hazards:
        return Verdict(False, "; ".join(event.hazards))
    return Verdict(True, constants=tuple(event.constants))


class ServerPool:
    """The fork servers of an executor. At most `keep` idle ones, each for at most `idle_s` seconds."""

    def __init__(
        self,
        events: ServerEvents,
        register: Register,
        *,
        keep: int,
        idle_s: float,
        leftover_grace_s: float,
        import_timeout_s: float,
        open_files: tuple[int, int],
    ) -> None:
        self._events = events
        self._register = register
        self._keep = keep
        self._idle_s = idle_s
        self._leftover_grace_s = leftover_grace_s
        self._import_timeout_s = import_timeout_s
        self._open_files = open_files
        self._servers: dict[ServerKey, ForkServer] = {}
        self._closing: list[ForkServer] = []
        self.started = 0
        """The number of servers started so far."""
        self._unfit: dict[ServerKey, tuple[Verdict, float]] = {}
        self._timer: asyncio.TimerHandle | None = None

    def unfit(self, key: ServerKey) -> Verdict | None:
        """The recent verdict that attempts with this key can't be forked, if any. It expires, as environments
        change."""
        verdict, until = self._unfit.get(key, (None, 0.0))
        return verdict if asyncio.get_running_loop().time() < until else None

    def get(self, key: ServerKey) -> ForkServer:
        """The server for a key, started if there is none. Raises OSError if its interpreter can't be run."""
        server = self._servers.get(key)
        if server is None or server.closed:
            server = ForkServer(key, self._events, self._register)
            timeout_s = self._import_timeout_s if key.entry else START_TIMEOUT_S
            server.start(
                leftover_grace_s=self._leftover_grace_s, import_timeout_s=timeout_s, open_files=self._open_files
            )
            self._servers[key] = server
            self.started += 1
            server.when_known(self._judge)
        return server

    @property
    def servers(self) -> Collection[ForkServer]:
        """The servers that take attempts."""
        return self._servers.values()

    async def close(self) -> None:
        """End all, with everything that they run."""
        if self._timer is not None:
            self._timer.cancel()
        for server in list(self._servers.values()):
            self._close(server)
        for server in self._closing:
            await server.gone(timeout_s=3.0)

    def _judge(self, verdict: Verdict, server: ForkServer) -> None:
        if not verdict.fit:
            if not verdict.missing_entry:
                while len(self._unfit) >= UNFIT_MAX:
                    self._unfit.pop(next(iter(self._unfit)))
                self._unfit[server.key] = verdict, asyncio.get_running_loop().time() + self._idle_s
            self._close(server)
        else:
            self.retire()

    def retire(self) -> None:
        """Close servers that have been idle for long, or that are too many."""
        now = asyncio.get_running_loop().time()
        idle = sorted(
            (each for each in self._servers.values() if each.verdict and not each.running and each.key.entry),
            key=lambda each: each.idle_since,
        )
        surplus = len(self._servers) - self._keep
        for position, server in enumerate(idle):
            if position < surplus or now - server.idle_since >= self._idle_s:
                self._close(server)
        if self._timer is not None:
            self._timer.cancel()
        if self._servers:
            self._timer = asyncio.get_running_loop().call_later(self._idle_s / 2, self.retire)

    def _close(self, server: ForkServer) -> None:
        self._servers.pop(server.key, None)
        if not server.closed:
            server.close()
            self._closing = [each for each in self._closing if not each.is_gone] + [server]
