"""The settings of the runner."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

LEASE_MIN_S, LEASE_MAX_S = 1.0, 3600.0
_ID = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?")
"""A value of Kubernetes' labels, and a part of a container's name, whose parts have dots between them."""


class RunnerOptions(msgspec.Struct, frozen=True):
    """The settings that an operator may make."""

    lease_s: float = 30.0
    """The time for which a silent platform keeps its runs from others on the same database, in seconds; it says three
    times as often that it lives."""

    id: str = ""
    """The name by which this platform knows the attempts that it has left on a cluster or a container runtime, the same
    at each start, and of one process at a time; empty for one that stands in the data folder."""

    def problems(self) -> Iterator[tuple[str, str]]:
        if not LEASE_MIN_S <= self.lease_s <= LEASE_MAX_S:
            yield "lease_s", f"must be from {LEASE_MIN_S:g} to {LEASE_MAX_S:g}, not {self.lease_s:g}"
        if self.id and not _ID.fullmatch(self.id):
            yield (
                "id",
                f"wants up to 63 letters, digits, `_` and `-`, with a letter or digit at both ends, not `{self.id}`",
            )
