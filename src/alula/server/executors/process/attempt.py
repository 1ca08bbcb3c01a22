"""An attempt as the executor knows it, until its end is reported."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import ParamSpec

from alula.core.errors import TaskError
from alula.server.executor import AttemptSpec
from alula.server.executors.process.driver import ForkServer
from alula.server.executors.process.launch import Launch
from alula.server.executors.process.memory import Group
from alula.server.executors.process.used import Peak

P = ParamSpec("P")


class Attempt:
    """Mutable: the executor moves it through its phases."""

    __slots__ = (
        "_held",
        "again",
        "cancelled",
        "cwd",
        "failure",
        "group",
        "is_announced",
        "is_fork",
        "is_over",
        "is_suspect",
        "launch",
        "number",
        "peak",
        "pid",
        "queued_at",
        "reason",
        "secrets",
        "server",
        "shared",
        "spec",
        "where",
    )

    def __init__(self, spec: AttemptSpec, number: int, launch: Launch, queued_at: float) -> None:
        self.spec = spec
        self.number = number
        self.launch = launch
        self.queued_at = queued_at
        self.reason = ""
        """The last reason that was reported for its waiting."""
        self.server: ForkServer | None = None
        """The fork server that runs it, while it runs."""
        self.pid = 0
        """Its first process, which leads a session; 0 while that is not known."""
        self.where = ""
        self.cwd = ""
        self.secrets: Mapping[str, str] = {}
        """Variables with secrets, or the folder where those are."""
        self.shared = ""
        """The copy of its code that it shares with other attempts; empty if it has one of its own."""
        self.again = False
        """True if it starts again, as the code that it shared was changed."""
        self.group: Group | None = None
        """Its cgroup, where one limits its memory."""
        self.peak: Peak | None = None
        """The most memory that was seen, once nothing of it runs."""
        self.is_fork = False
        """True if it began with the memory of its fork server."""
        self.is_announced = False
        """True if its start was reported."""
        self.cancelled = False
        """True if nobody wants to hear of its end."""
        self.failure: TaskError | None = None
        """The reason why the executor ends it."""
        self._held: list[Callable[[], object]] = []
        """Calls that give back what it has."""
        self.is_suspect = False
        """True if some of its processes may still be there."""
        self.is_over = False

    def hold(self, give_back: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
        """Note a thing that it has got, with the call that gives it back: when it is over, or at once if it is over
        already."""
        if self.is_over:
            give_back(*args, **kwargs)
        else:
            self._held.append(partial(give_back, *args, **kwargs))

    def give_back(self) -> None:
        """Give back what it has, the last first. Each is given back, whatever another raises; raises the last error."""
        try:
            while self._held:
                self._held.pop()()
        finally:
            if self._held:
                self.give_back()
