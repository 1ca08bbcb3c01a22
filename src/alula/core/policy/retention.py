"""Rules of retention: which runs that have ended go, and for how long others stay. Pure.

The first rule that fits a run decides. A run goes once it has ended longer ago than the rule keeps runs, and the rule
keeps as many newer ones of its workflow. A run that another one needs stays for as long as that one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Literal, NamedTuple, TypeAlias

import msgspec

from alula.core.ids import ExecutionId

DAY_US = 24 * 3600 * 1_000_000
EndPhase: TypeAlias = Literal["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]


class RetentionRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Says how long the runs that fit are kept. What is empty fits all; names are patterns, such as `etl_*`."""

    name: str
    projects: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    workflows: tuple[str, ...] = ()
    phases: tuple[EndPhase, ...] = ()
    keep_days: float | None = None
    """The time from its end for which a run is kept at least; None for none."""
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
        if self.keep_last < 0:
            return f"rule `{self.name}`: `keep_last` must be a number from 0, not {self.keep_last}"
        return ""

    def fits(self, run: RunOutline) -> bool:
        """True if it is about such a run."""
        given = ((self.projects, run.id.project), (self.domains, run.id.domain), (self.workflows, run.workflow))
        return (not self.phases or run.phase in self.phases) and all(
            not patterns or any(fnmatchcase(name, pattern) for pattern in patterns) for patterns, name in given
        )


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


def going(candidates: Sequence[ExecutionId], holders: Mapping[ExecutionId, Sequence[ExecutionId]]) -> list[ExecutionId]:
    """The candidates that no run needs that stays, each after those that need it. `holders` are the runs that need one
    and are there."""
    waiting = {id: set(holders.get(id, ())) for id in candidates}
    needs: dict[ExecutionId, list[ExecutionId]] = {}
    for id, of_one in waiting.items():
        for holder in of_one:
            needs.setdefault(holder, []).append(id)
    return list(_freed(waiting, needs))


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
