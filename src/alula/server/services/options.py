"""The settings of runs."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from alula.core.amounts import not_amounts
from alula.core.policy.memory_growth import FACTOR_MAX
from alula.server.services.platform import DEFAULT_DOMAINS

PARALLELISM_MAX = 2**31 - 1
"""Of the field in Flyte's messages."""
_DOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


class RunOptions(msgspec.Struct, frozen=True):
    """Settings for all runs of the platform."""

    domains: tuple[str, ...] = DEFAULT_DOMAINS
    """Of every project."""
    max_parallelism: int = 25
    """Attempts at once of an execution that sets no limit itself; 0 for no limit."""
    system_retries: int = 3
    """Attempts beyond the first that failures of the platform itself may cost a node."""
    memory_growth: float = 1.0
    """The factor by which memory grows for the attempt after one that ran out of it, if its task gives none."""
    inline_max_bytes: int = 65_536
    """Values of inputs and outputs from this size are kept as objects of their own, with a reference in their place;
    0 keeps all of them in the database."""

    def problems(self) -> Iterator[tuple[str, str]]:
        yield from not_amounts(self)
        if not self.domains:
            yield "domains", "can't be empty"
        for domain in self.domains:
            if not _DOMAIN.fullmatch(domain):
                yield "domains", f"wants lower-case letters, digits and hyphens, at most 63, not `{domain}`"
        if not 1 <= self.memory_growth <= FACTOR_MAX:
            yield "memory_growth", f"must be from 1 to {FACTOR_MAX:g}, not {self.memory_growth:g}"
        if self.max_parallelism > PARALLELISM_MAX:
            yield "max_parallelism", f"must be at most {PARALLELISM_MAX}, not {self.max_parallelism}"
