"""One attempt that is followed, and what is known of its container."""

from __future__ import annotations

import asyncio
from typing import Literal

from alula.server.executor import AttemptSpec, Sink
from alula.server.executors.container import naming
from alula.server.executors.container.used import Meter
from alula.server.executors.followed import Followed, now_us
from alula.server.executors.identity import identity_text
from alula.server.executors.progress import Waits


class Attempt(Followed):
    def __init__(self, spec: AttemptSpec, sink: Sink) -> None:
        super().__init__(spec, sink)
        self.key = naming.key_of(spec.id, spec.incarnation)
        self.identity = identity_text(spec.id, spec.incarnation)
        self.task: asyncio.Task[None] | None = None
        """Its way from the submission to the end."""
        self.admitted = asyncio.Event()
        self.meter = Meter()

    def tell_waits(self, phase: Literal["QUEUED", "WAITING_FOR_RESOURCES", "INITIALIZING"], reason: str) -> None:
        self.tell_wait(Waits(phase, now_us(), reason))

    def let_go(self) -> None:
        super().let_go()
        if self.task is not None:
            self.task.cancel()
