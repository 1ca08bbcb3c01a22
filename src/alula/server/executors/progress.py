"""How far the job of an attempt is in the system that runs it, as read off what that system says of it."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from alula.core.engine.attempt_info import AttemptInfo
from alula.core.errors import TaskError


class Waits(msgspec.Struct, frozen=True):
    """It does not run yet."""

    phase: Literal["QUEUED", "WAITING_FOR_RESOURCES", "INITIALIZING"]
    at: int
    """The time since which it is so, in microseconds since the epoch."""
    reason: str = ""


class Runs(msgspec.Struct, frozen=True):
    at: int
    where: str
    info: AttemptInfo


class Ended(msgspec.Struct, frozen=True):
    """It does not run any more, or must not."""

    at: int
    runs: Runs | None = None
    """With the time at which it began, if it ran."""
    exit_code: int | None = None
    out_of_memory: bool = False
    error: TaskError | None = None
    """The failure that the object stands for. Results that are whole count more if it ran."""
    last_line: str = ""
    must_stop: bool = False
    """True if it may still begin to run, so it has to be deleted first."""


Progress: TypeAlias = Waits | Runs | Ended
