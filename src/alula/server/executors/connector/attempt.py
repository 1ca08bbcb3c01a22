"""One attempt that is followed, and what was told of it."""

from __future__ import annotations

import asyncio
from typing import Literal

from alula.core.engine.attempt_info import AttemptInfo, LogLink
from alula.server.executor import AttemptSpec, AttemptUpdate, Sink
from alula.server.executors.connector.reading import GoingPhase
from alula.server.executors.followed import Followed, now_us


class Attempt(Followed):
    def __init__(self, spec: AttemptSpec, sink: Sink) -> None:
        super().__init__(spec, sink)
        self.task: asyncio.Task[None] | None = None
        """Its way from the submission to the end."""
        self.where = ""
        """The place of its job, in a few words."""
        self.handle = spec.handle
        self._latest = AttemptUpdate(spec.id, 0, "" if spec.handle else "QUEUED")

    def tell(
        self,
        phase: GoingPhase | Literal[""],
        message: str = "",
        *,
        logs: tuple[LogLink, ...] | None = None,
        info: AttemptInfo | None = None,
    ) -> None:
        """Report how far it is, if that is news."""
        at = self._latest.at if phase == self._latest.phase and self._latest.at else now_us()
        text = ": ".join(filter(None, (self.where, message)))
        where, reason = (text, "") if phase == "RUNNING" else ("", text)
        update = AttemptUpdate(self.spec.id, at, phase, where, reason, handle=self.handle, logs=logs, info=info)
        self._tell(update)

    def tell_trouble(self, why: str) -> None:
        """Report why no more is known of it now."""
        before = self._latest
        self.tell(before.phase, why, logs=before.logs, info=before.info)  # type: ignore[arg-type]

    def let_go(self) -> None:
        super().let_go()
        if self.task is not None:
            self.task.cancel()
