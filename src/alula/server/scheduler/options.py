"""The settings of the scheduler."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from alula.core.errors import InvalidInput
from alula.server.zones import zone_of


class SchedulerOptions(msgspec.Struct, frozen=True):
    """Settings for runs that start by the clock."""

    catch_up_max: int = 100
    """Most runs of one launch plan that are started at once for fires that were missed, the latest ones. As many may
    wait for the end of others."""
    zones: dict[str, str] = {}
    """The time zone of expressions that name none, by domain; UTC for domains that are not here."""

    def problems(self) -> Iterator[tuple[str, str]]:
        if self.catch_up_max < 1:
            yield "catch_up_max", f"must be at least 1, not {self.catch_up_max}"
        for domain, zone in self.zones.items():
            try:
                zone_of(zone)
            except InvalidInput as error:
                yield "zones", f"{domain}: {error}"
