"""The settings of retention."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from alula.core.amounts import not_amounts
from alula.core.policy.retention import RetentionRule


class RetentionOptions(msgspec.Struct, frozen=True):
    """Settings of what is removed, and when. Without any rule no run is."""

    rules: tuple[RetentionRule, ...] = ()
    """The first that fits a run decides."""
    every_s: float = 3600.0
    """The interval at which the rules are applied, in seconds."""
    settled_s: float = 600.0
    """The least time between the end of a run and its removal, in seconds, whatever its rule says."""
    remember_days: float = 90.0
    """The time for which the platform can tell that it has removed a run."""

    def problems(self) -> Iterator[tuple[str, str]]:
        yield from not_amounts(self)
        if 0 <= self.every_s < 1:
            yield "every_s", f"must be at least 1, not {self.every_s:g}"
        names = [rule.name for rule in self.rules]
        for rule in self.rules:
            if problem := rule.problem():
                yield "rules", problem
        if twice := sorted({name for name in names if names.count(name) > 1}):
            yield "rules", f"has two of the name `{twice[0]}`"
