"""The lateness of the event loop: everything of the platform but user code waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from alula.server.measures import Histogram, Metric, Reading, reading

PERIOD_S = 0.5
BOUNDS_S = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0)

LAG_S = Metric(
    "alula_event_loop_lag_seconds",
    "histogram",
    f"How late the event loop was for an alarm, {1 / PERIOD_S:g} times a second.",
)


class EventLoopLag:
    """Measures the loop on which it is started."""

    def __init__(self) -> None:
        self._lag_s = Histogram(BOUNDS_S)
        self._alarm: asyncio.TimerHandle | None = None

    def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._alarm = loop.call_at(loop.time() + PERIOD_S, self._rang, loop, loop.time() + PERIOD_S)

    def stop(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()

    def measure(self) -> Iterator[Reading]:
        yield reading(LAG_S, self._lag_s)

    def _rang(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        now = loop.time()
        self._lag_s.add(max(0.0, now - due))
        self._alarm = loop.call_at(now + PERIOD_S, self._rang, loop, now + PERIOD_S)
