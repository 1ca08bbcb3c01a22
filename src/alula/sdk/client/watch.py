"""Following a run until its end. The watch stream only wakes; the facts are read over gRPC.

Against a platform without the stream (Flyte's own) it reads once a second. A platform that goes away and
comes back soon is waited for (`outage.GRACE_S`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

from alula.core.errors import AlulaError, NotFound, Unavailable
from alula.core.ids import ExecutionId
from alula.sdk.client import http
from alula.sdk.client.connection import Connection
from alula.sdk.client.outage import Outage
from alula.sdk.client.run_view import RunReader, RunView

POLL_INTERVAL_S = 1.0
SAFETY_INTERVAL_S = 10.0
"""With a stream: the longest time between two looks."""
MIN_INTERVAL_S = 0.02
READING_SHARE = 0.2
"""Of the time: looking at a large run takes the platform's time too."""
APART_MAX_S = 3.0
"""The longest time between two looks for that reason."""
STREAM_SILENCE_S = 60.0
ATTEMPTS_MAX = 200
"""The number of nodes whose attempts are read."""


def follow(
    connection: Connection,
    id: ExecutionId,
    *,
    timeout_s: float | None = None,
    on_unreachable: Callable[[Unavailable], None] | None = None,
) -> Iterator[RunView]:
    """The run now, then again after every change, last as it ended.

    Raises `NotFound`; `Unavailable` code `PlatformUnreachable` when the platform stays away, code
    `WaitTimeout` after `timeout_s`. `on_unreachable` hears of the first failed look of each outage.
    """
    reader = RunReader(connection, id, attempts_max=ATTEMPTS_MAX)
    deadline = None if timeout_s is None else time.monotonic() + timeout_s
    began = time.monotonic()
    run = reader.read()
    took_s = time.monotonic() - began
    yield run
    if run.phase.is_terminal:
        return
    wake_ups = _WakeUps(connection, id)
    wake_ups.start()
    outage = Outage()
    try:
        while not run.phase.is_terminal:
            if deadline is not None and time.monotonic() >= deadline:
                raise Unavailable("WaitTimeout", f"{id} did not end within {timeout_s:g} s; it goes on")
            wake_ups.wait(deadline, apart_s=min(took_s * (1 / READING_SHARE - 1), APART_MAX_S))
            began = time.monotonic()
            try:
                run = reader.read()
                took_s = time.monotonic() - began
            except Unavailable as error:
                outage.goes_on(error, on_unreachable)
                continue
            outage.is_over()
            yield run
    finally:
        wake_ups.stop()


class _WakeUps:
    """A thread that reads the watch stream and says when to look again."""

    def __init__(self, connection: Connection, id: ExecutionId) -> None:
        self._connection = connection
        self._id = id
        self._changed = threading.Event()
        self._streams = False
        self._stopped = False

    def start(self) -> None:
        threading.Thread(target=self._run, name=f"watch {self._id.name}", daemon=True).start()

    def stop(self) -> None:
        """The thread ends with the stream's next line or silence; nobody waits for it."""
        self._stopped = True

    def wait(self, deadline: float | None, *, apart_s: float) -> None:
        """Until something changed, or it is time to look anyway; at least `apart_s`."""
        time.sleep(max(MIN_INTERVAL_S, apart_s))
        longest = SAFETY_INTERVAL_S if self._streams else POLL_INTERVAL_S
        if deadline is not None:
            longest = max(0.0, min(longest, deadline - time.monotonic()))
        self._changed.wait(longest)
        self._changed.clear()

    def _run(self) -> None:
        path = f"/api/v1/alula/watch/{self._id.project}/{self._id.domain}/{self._id.name}"
        while not self._stopped:
            try:
                base = self._connection.http_endpoint()
                if not base:
                    return
                for _ in http.stream_lines(base + path, timeout_s=STREAM_SILENCE_S):
                    self._streams = True
                    self._changed.set()
                    if self._stopped:
                        return
            except Unavailable:
                pass  # the reader tells of it; here only the way back matters
            except (NotFound, AlulaError):
                return
            finally:
                self._streams = False
                self._changed.set()
            time.sleep(POLL_INTERVAL_S)
