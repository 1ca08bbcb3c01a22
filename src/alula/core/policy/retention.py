"""Rules of retention: which runs that have ended go, for how long others stay, and what else goes by its age. Pure.

The first rule that fits a run decides. A run goes once it has ended longer ago than the rule keeps runs, and the rule
keeps as many newer ones of its workflow. A run that another one needs stays for as long as that one. Of other things
the first rule for their project and domain decides, by their age alone.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Literal, NamedTuple, TypeAlias, get_args

import msgspec

from alula.core.ids import ExecutionId, Place

DAY_US = 24 * 3600 * 1_000_000
EndPhase: TypeAlias = Literal["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]
Rows: TypeAlias = Literal["cache", "audits", "backfills", "firings", "deliveries"]
"""What has rows that go by their age alone: entries of the cache, the audit trail, backfills that have ended, firings
of triggers, and deliveries of notifications."""
Kind: TypeAlias = Literal["runs", "code"] | Rows
ROWS: tuple[Rows, ...] = get_args(Rows)
LEAST_DAYS: Mapping[Kind, float] = {"code": 1, "firings": 7, "deliveries": 7}
"""The least time for which some things are kept. Code is registered after it was uploaded; and what happens to a run is
told for up to 7 days, in which a firing or a delivery tells that it was dealt with."""
_CODE = re.compile(r"code\.tar\.gz|script_?mode\.tar\.gz|fast[0-9a-f]{32,128}\.tar\.gz")


class RetentionRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Says how long what fits is kept. What is empty fits all; names are patterns, such as `etl_*`."""

    name: str
    of: Kind = "runs"
    projects: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    workflows: tuple[str, ...] = ()
    phases: tuple[EndPhase, ...] = ()
    keep_days: float | None = None
    """The time for which it is kept at least, of a run from its end on; None for none."""
    keep_last: int = 0
    """The number of newest runs of each workflow that are kept, however old. They are counted among the runs that this
    rule decides."""

    @property
    def removes(self) -> bool:
        """True if runs go by it. A rule with neither limit keeps its runs for ever."""
        return self.keep_days is not None or self.keep_last > 0

    def problem(self) -> str:
        """The mistake in it; empty if there is none."""
        if not self.name:
            return "has a rule without a name"
        if self.keep_days is not None and not 0 <= self.keep_days < float("inf"):
            return f"rule `{self.name}`: `keep_days` must be a number from 0, not {self.keep_days:g}"
        if self.of != "runs" and (self.workflows or self.phases or self.keep_last):
            return f"rule `{self.name}`: `workflows`, `phases` and `keep_last` are for runs, not for {self.of}"
        least = LEAST_DAYS.get(self.of, 0)
        if self.keep_days is not None and self.keep_days < least:
            return f"rule `{self.name}`: `keep_days` of {self.of} must be at least {least:g}, not {self.keep_days:g}"
        if self.keep_last < 0:
            return f"rule `{self.name}`: `keep_last` must be a number from 0, not {self.keep_last}"
        return ""

    def fits(self, run: RunOutline) -> bool:
        """True if it is about such a run."""
        is_meant = self.of == "runs" and (not self.phases or run.phase in self.phases)
        return is_meant and self.fits_place(run.id.place) and _fits(self.workflows, run.workflow)

    def fits_place(self, place: Place) -> bool:
        """True if it is about things of a project and domain."""
        return _fits(self.projects, place.project) and _fits(self.domains, place.domain)


BUILT_IN = (
    RetentionRule("built-in: firings", "firings", keep_days=30),
    RetentionRule("built-in: deliveries", "deliveries", keep_days=30),
)
"""What decides where no other rule does."""


class RunOutline(NamedTuple):
    """A run, as far as rules look at it."""

    id: ExecutionId
    workflow: str
    phase: str
    created_at: int
    ended_at: int | None
    """None for one that has not ended."""


class Stays(StrEnum):
    """The reason why a run stays."""

    OPEN = "it has not ended"
    NO_RULE = "no rule is about it"
    ALWAYS = "its rule keeps runs for ever"
    YOUNG = "it ended too short ago"
    NEWEST = "it is among the newest of its workflow"
    NEEDED = "a run that stays needs it"
    KEPT = "somebody keeps it"


class Judge:
    """Decides about the runs of a store, which are shown to it newest first."""

    def __init__(self, rules: Sequence[RetentionRule], *, now: int, settled_us: int) -> None:
        self._rules = rules
        self._now = now
        self._settled_us = settled_us
        self._seen = Counter[tuple[str, str, str, str]]()

    def verdict(self, run: RunOutline) -> RetentionRule | Stays:
        """The rule by which a run goes, or the reason why it stays."""
        if run.ended_at is None:
            return Stays.OPEN
        rule = next((rule for rule in self._rules if rule.fits(run)), None)
        if rule is None:
            return Stays.NO_RULE
        if not rule.removes:
            return Stays.ALWAYS
        series = (rule.name, run.id.project, run.id.domain, run.workflow)
        self._seen[series] += 1
        if self._seen[series] <= rule.keep_last:
            return Stays.NEWEST
        kept_us = max(self._settled_us, round((rule.keep_days or 0) * DAY_US))
        return rule if run.ended_at + kept_us <= self._now else Stays.YOUNG


class Limit(NamedTuple):
    """The age at which things of a project and domain go."""

    place: Place
    rule: str
    before: int
    """What is of this time or older goes."""


def limits(rules: Sequence[RetentionRule], of: Kind, places: Iterable[Place], *, now: int) -> Iterator[Limit]:
    """By places, the limits of what goes by its age. None for a place whose things stay for ever."""
    rules = [rule for rule in (*rules, *BUILT_IN) if rule.of == of]
    for place in places:
        rule = next((rule for rule in rules if rule.fits_place(place)), None)
        if rule is not None and rule.keep_days is not None:
            yield Limit(place, rule.name, now - round(rule.keep_days * DAY_US))


def youngest(rules: Sequence[RetentionRule], of: Kind, *, now: int) -> int | None:
    """The latest of the times that a limit of such things may have; None if they stay for ever everywhere."""
    days = [rule.keep_days for rule in (*rules, *BUILT_IN) if rule.of == of and rule.keep_days is not None]
    return now - round(min(days) * DAY_US) if days else None


def is_code(name: str) -> bool:
    """True for the file name of an upload that is packed code, of Alula's or flytekit's client."""
    return _CODE.fullmatch(name) is not None


def going(candidates: Sequence[ExecutionId], holders: Mapping[ExecutionId, Sequence[ExecutionId]]) -> list[ExecutionId]:
    """The candidates that no run needs that stays, each after those that need it. `holders` are the runs that need one
    and are there."""
    waiting = {id: set(holders.get(id, ())) for id in candidates}
    needs: dict[ExecutionId, list[ExecutionId]] = {}
    for id, of_one in waiting.items():
        for holder in of_one:
            needs.setdefault(holder, []).append(id)
    return list(_freed(waiting, needs))


def _fits(patterns: Sequence[str], name: str) -> bool:
    return not patterns or any(fnmatchcase(name, pattern) for pattern in patterns)


def _freed(
    waiting: Mapping[ExecutionId, set[ExecutionId]], needs: Mapping[ExecutionId, Sequence[ExecutionId]]
) -> Iterator[ExecutionId]:
    free = [id for id, of_one in waiting.items() if not of_one]
    while free:
        id = free.pop()
        yield id
        for needed in needs.get(id, ()):
            waiting[needed].discard(id)
            if not waiting[needed]:
                free.append(needed)
