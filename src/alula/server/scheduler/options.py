"""The settings of the scheduler."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec


class SchedulerOptions(msgspec.Struct, frozen=True):
    """Settings for runs that start by the clock."""

    catch_up_max: int = 100
    """Most runs of one launch plan that are started at once for fires that were missed, the latest ones."""

    def problems(self) -> Iterator[tuple[str, str]]:
        if self.catch_up_max < 1:
            yield "catch_up_max", f"must be at least 1, not {self.catch_up_max}"
