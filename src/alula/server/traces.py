"""The contract for distributed traces. Adapter: `tracing/`.

Requests, commits and operations on objects are spans while they last. A run, its nodes and its attempts are told as
finished spans when the run has ended, from the rows that it leaves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol, TypeAlias

import msgspec

from alula.core.ids import ExecutionId
from alula.core.policy.trace_context import TraceContext

Attributes: TypeAlias = Mapping[str, str | int]


class FinishedSpan(msgspec.Struct, frozen=True):
    """Something that has ended. Times are microseconds since the epoch."""

    name: str
    context: TraceContext
    parent_id: str
    started_at: int
    ended_at: int
    attributes: Attributes = {}
    error: str = ""
    """The reason why it failed; empty if it did not."""


Ended: TypeAlias = Callable[[str, str], None]
"""Takes the method of a request and the status of its answer, once they are known."""


class Traces(Protocol):
    """The receiver of spans."""

    def request(self, protocol: str, headers: Callable[[], Mapping[str, str]]) -> AbstractContextManager[Ended]:
        """Trace a request while it is answered. It goes on with the trace that its headers name."""
        ...

    def operation(self, name: str, attributes: Attributes) -> AbstractContextManager[object]:
        """Trace an operation on objects, as a part of the present work."""
        ...

    def committed(self, took_s: float, attributes: Attributes) -> None:
        """Note a commit that has come to its end now."""
        ...

    def current(self) -> str:
        """The `traceparent` of the present work; empty if that is not traced."""
        ...

    def ended(self, run: ExecutionId) -> None:
        """Note that a run has ended: its spans may be told."""
        ...

    async def stop(self) -> None:
        """Tell the remaining spans. The store is open."""
        ...


class NoTraces:
    """No traces, at no cost."""

    def request(self, protocol: str, headers: Callable[[], Mapping[str, str]]) -> AbstractContextManager[Ended]:
        return _NO_REQUEST

    def operation(self, name: str, attributes: Attributes) -> AbstractContextManager[object]:
        return _NO_OPERATION

    def committed(self, took_s: float, attributes: Attributes) -> None:
        return None

    def current(self) -> str:
        return ""

    def ended(self, run: ExecutionId) -> None:
        return None

    async def stop(self) -> None:
        return None


def _unheard(method: str, code: str) -> None:
    return None


_NO_REQUEST = nullcontext(_unheard)
_NO_OPERATION = nullcontext()
NO_TRACES = NoTraces()
