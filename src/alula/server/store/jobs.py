"""Jobs that other systems have for attempts, which their executors find by a handle only.

Such an executor can't tell which jobs are there. So the store remembers each from the commit that makes its handle
durable, until it is over: until the executor has told of the attempt's end, or has ended the job of an attempt that
must not run any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from alula.core.ids import AttemptId


class Job(msgspec.Struct, frozen=True):
    """The fields are as in `AttemptSpec`."""

    attempt: AttemptId
    incarnation: str
    """Empty if its execution has been deleted."""
    executor: str
    handle: bytes


class Jobs(Protocol):
    async def unwanted(self, *, limit: int, after: AttemptId | None = None) -> list[Job]:
        """Those of attempts that have ended, or that are not there any more, in an order that stays: the first, or the
        next `after` one."""
        ...

    async def remove(self, attempts: Sequence[AttemptId]) -> None:
        """Forget the jobs of these, which are over. Fine if there are none."""
        ...
