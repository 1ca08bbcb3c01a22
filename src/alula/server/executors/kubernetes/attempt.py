"""One attempt that is followed, and what is known of its object."""

from __future__ import annotations

import asyncio

from alula.server.executor import AttemptSpec, Sink
from alula.server.executors.followed import Followed
from alula.server.executors.identity import identity_text
from alula.server.executors.kubernetes.objects import Key, Object


class Attempt(Followed):
    def __init__(self, spec: AttemptSpec, key: Key, sink: Sink) -> None:
        super().__init__(spec, sink)
        self.key = key
        self.identity = identity_text(spec.id, spec.incarnation)
        self.is_begun = False
        """True from when its object is known to be there, and ours."""
        self.is_ending = False
        self.latest: Object | None = None
        """Its object, as it was told last."""
        self.unread: Object | None = None
        """Its object as the watch has told it, until it has begun."""
        self.vanished = ""
        """The uid of an object of its name that went before it had begun."""
        self.waits_since = 0
        """The time since which it has waited in one phase, as it was seen here."""
        self.waits_in = ""
        self.trouble = ""
        """The newest warning among the events of its object, while it waits."""
        self.asked_at = 0
        """The time at which its events were asked for last."""
        self.timer: asyncio.TimerHandle | None = None
        self._nudged = asyncio.Event()

    @property
    def uid(self) -> str:
        return self.latest.metadata.uid if self.latest is not None else ""

    def begin(self, found: Object) -> None:
        """Its object is there. What the watch has told of it meanwhile is newer than any answer."""
        unread, self.unread = self.unread, None
        same = unread is not None and unread.metadata.uid == found.metadata.uid
        self.latest = unread if same else found.kept()
        self.is_begun = True

    def let_go(self) -> None:
        super().let_go()
        self.latest = self.unread = None
        self.look_later(None)
        self.nudge()

    def look_later(self, timer: asyncio.TimerHandle | None) -> None:
        """Replace the time at which it is looked at again."""
        if self.timer is not None:
            self.timer.cancel()
        self.timer = timer

    def nudge(self) -> None:
        """End the pause that it is in."""
        self._nudged.set()

    async def pause(self, seconds: float) -> None:
        """Wait before a call is made again, unless something happens to it."""
        self._nudged.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._nudged.wait()
        except TimeoutError:
            return
