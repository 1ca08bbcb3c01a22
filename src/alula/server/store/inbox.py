"""The inbox of each execution: requests that its owner has yet to take in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from alula.core.ids import ExecutionId
from alula.server.store.audits import Audit


class InboxMessage(msgspec.Struct, frozen=True):
    """A request to the owner of an execution, as an encoded engine event."""

    number: int
    """Set by the store; rising."""
    execution: ExecutionId
    event: bytes


class Inbox(Protocol):
    async def post(self, execution: ExecutionId, event: bytes, audit: Audit, *, answers: str = "") -> None:
        """Put an event in the inbox of an execution and wake its owner. Raises `NotFound` code `ExecutionNotFound`,
        `FailedPrecondition` code `ExecutionEnded`.

        `answers`: the signal that the event answers. Raises `FailedPrecondition` code `SignalAnswered` if it has an
        answer already, or one is in the inbox: of several at once, one is taken.
        """
        ...

    async def read(self, executions: Sequence[ExecutionId]) -> list[InboxMessage]:
        """Mail not consumed yet, by number."""
        ...
