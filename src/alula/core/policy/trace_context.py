"""The spans of a run in a distributed trace: W3C trace contexts, and ids that follow from names.

A run's annotation `traceparent` names the span that it was launched in. Span ids of the run, its nodes and its attempts
are hashes of their names and the run's incarnation. So an attempt knows its span before anything was told of it, and
the same span is told after a crash.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import NamedTuple

TRACEPARENT = "traceparent"
"""The annotation of a run, and the header of a request."""
ENVIRONMENT = "TRACEPARENT"
"""The variable of an attempt."""
_FORM = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")


class TraceContext(NamedTuple):
    """A span of a trace, as others refer to it. Ids are in hexadecimal."""

    trace_id: str
    span_id: str
    flags: str = "01"

    def __str__(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"

    @property
    def is_sampled(self) -> bool:
        return bool(int(self.flags, 16) & 1)


def parse(text: str) -> TraceContext | None:
    """The trace context that a text stands for; None if it is none.

    >>> str(parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"))
    '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    """
    found = _FORM.fullmatch(text)
    return TraceContext(found[1], found[2], found[3]) if found else None


def launched_in(annotations: Mapping[str, str]) -> TraceContext | None:
    """The span in which a run was launched; None if nobody traces it."""
    return parse(annotations.get(TRACEPARENT, ""))


def span_id(incarnation: str, *names: str | int) -> str:
    """The span id of a run; with more names, of a node of it, or of an attempt of that node."""
    return hashlib.sha256("\0".join(map(str, (incarnation, *names))).encode()).hexdigest()[:16]


def context_in(launch: TraceContext, incarnation: str, *names: str | int) -> TraceContext:
    """The span of a run, a node or an attempt, in the trace in which the run was launched."""
    return launch._replace(span_id=span_id(incarnation, *names))
