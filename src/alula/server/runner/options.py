"""The settings of the runner."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

LEASE_MIN_S, LEASE_MAX_S = 1.0, 3600.0


class RunnerOptions(msgspec.Struct, frozen=True):
    """The settings that an operator may make."""

    lease_s: float = 30.0
    """The time for which a silent platform keeps its runs from others on the same database, in seconds; it says three
    times as often that it lives."""

    def problems(self) -> Iterator[tuple[str, str]]:
        if not LEASE_MIN_S <= self.lease_s <= LEASE_MAX_S:
            yield "lease_s", f"must be from {LEASE_MIN_S:g} to {LEASE_MAX_S:g}, not {self.lease_s:g}"
