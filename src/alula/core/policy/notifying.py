"""Rules of notifications: the occasions of certain runs that go to certain channels. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Literal, TypeAlias

import msgspec

Occasion: TypeAlias = Literal[
    "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "FIRST_FAILURE", "RECOVERED", "LATE", "GATE", "MISSED", "TEST"
]
FAILURES = ("FAILED", "TIMED_OUT")
FIRST_RETRY_US = 10_000_000
LAST_RETRY_US = 3600_000_000
TRIES_MAX = 16
"""The number of tries, over about eight hours, after which a notice is dead."""


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Tells channels of occasions of the runs that fit. What is empty fits all; names are patterns, such as `etl_*`."""

    name: str
    channels: tuple[str, ...]
    on: tuple[Occasion, ...] = ("FAILED", "TIMED_OUT")
    projects: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    workflows: tuple[str, ...] = ()
    launch_plans: tuple[str, ...] = ()
    labels: dict[str, str] = {}
    after_s: float = 3600.0
    """The time after its launch at which a run that has not ended is late."""
    hourly_max: int = 60
    """The most messages in an hour to each channel; what is more is kept and not delivered."""
    subject: str = ""
    """A template, empty for the usual one."""
    text: str = ""
    html: str = ""
    """A template of the same as HTML, for mail. What facts say is escaped in it. Empty for text alone."""

    def fits(
        self, project: str, domain: str, *, workflow: str, launch_plan: str, labels: Mapping[str, str] | None = None
    ) -> bool:
        """True if it is about such a run."""
        given = ((self.projects, project), (self.domains, domain), (self.workflows, workflow))
        return all(
            not patterns or any(fnmatchcase(name, pattern) for pattern in patterns)
            for patterns, name in (*given, (self.launch_plans, launch_plan))
        ) and all((labels or {}).get(key) == value for key, value in self.labels.items())


def occasions_of(phase: str, before: str) -> tuple[Occasion, ...]:
    """The occasions of a run's end; `before` is the phase in which the run before it has ended, or empty."""
    match phase:
        case "SUCCEEDED":
            return ("SUCCEEDED", "RECOVERED") if before in FAILURES else ("SUCCEEDED",)
        case "FAILED" | "TIMED_OUT":
            return (phase,) if before in FAILURES else (phase, "FIRST_FAILURE")
        case "ABORTED":
            return ("ABORTED",)
        case _:
            return ()


def retry_after_us(tries: int) -> int:
    """The wait after so many tries that failed."""
    return min(FIRST_RETRY_US * 2 ** (tries - 1), LAST_RETRY_US)
