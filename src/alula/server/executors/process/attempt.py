"""What the executor knows of one attempt until its end is reported."""

from __future__ import annotations

from typing import Literal

from alula.server.executor import AttemptSpec
from alula.server.executors.process.driver import ForkServer
from alula.server.executors.process.launch import Launch
from alula.server.executors.process.memory import Group


class Attempt:
    """Mutable: the executor moves it through its phases."""

    __slots__ = (
        "again",
        "cancelled",
        "cwd",
        "group",
        "is_announced",
        "launch",
        "number",
        "phase",
        "queued_at",
        "reason",
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
        self.phase: Literal["waiting", "preparing", "running"] = "waiting"
        self.reason = ""
        """What was last said about its waiting."""
        self.server: ForkServer | None = None
        self.where = ""
        self.cwd = ""
        self.shared = ""
        """The copy of its code that it shares with other attempts; empty where it has one of its own."""
        self.again = False
        """Whether it starts again, as the code that it shared was changed."""
        self.group: Group | None = None
        """Its cgroup, where one limits its memory."""
        self.is_announced = False
        """Whether its start was reported."""
        self.cancelled = False
