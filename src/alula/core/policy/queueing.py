"""The queueing budget of a run's quality of service: the time that its attempts may wait for their place.

Executors admit first the attempts that have to begin first, by their arrival and budget. So a run of a HIGH tier goes
before one of LOW that came up to an hour earlier, and yet nothing waits for ever.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, TypeAlias

import msgspec
from flyteidl.core import execution_pb2

from alula.core.amounts import not_amounts
from alula.core.errors import InvalidInput

Tier: TypeAlias = Literal["HIGH", "MEDIUM", "LOW"]
_TIERS = execution_pb2.QualityOfService


def check_quality(said: execution_pb2.QualityOfService) -> None:
    """Raises `InvalidInput` code `InvalidQueueingBudget` for a time that nothing can wait."""
    if said.spec.queueing_budget.ToMicroseconds() < 0:
        raise InvalidInput(
            "InvalidQueueingBudget", "the queueing budget of a run is negative", fix="give a time from 0 on, or a tier"
        )


class TierBudgets(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The seconds that a tier stands for."""

    high_s: float = 60.0
    medium_s: float = 600.0
    low_s: float = 3600.0
    domains: dict[str, Tier] = {}
    """The default tier of a domain; MEDIUM for domains that are not here."""

    def problems(self) -> Iterator[tuple[str, str]]:
        return not_amounts(self)

    def of(self, said: execution_pb2.QualityOfService) -> float | None:
        """The budget that `said` stands for, in seconds; None if it says nothing."""
        match said.WhichOneof("designation"):
            case "spec":
                return said.spec.queueing_budget.ToMicroseconds() / 1_000_000
            case "tier" if said.tier != _TIERS.UNDEFINED:
                return self._seconds(said.tier)
            case _:
                return None

    def of_domain(self, domain: str) -> float:
        """The default budget of a run in this domain, in seconds."""
        return self._seconds(_TIERS.Tier.Value(self.domains.get(domain, "MEDIUM")))

    def _seconds(self, tier: int) -> float:
        seconds: dict[int, float] = {_TIERS.HIGH: self.high_s, _TIERS.LOW: self.low_s}
        return seconds.get(tier, self.medium_s)


class Queueing(msgspec.Struct, frozen=True, array_like=True):
    """The budgets decided at the launch of a run. The budget of its workflow ranks between the two."""

    asked_s: float | None
    """The budget of the launch or its plan."""
    otherwise_s: float
    """The budget in the settings of the workflow, its domain and project, or of the platform."""
    tiers: TierBudgets

    def budget_s(self, workflow: execution_pb2.QualityOfService) -> float:
        """The budget of each attempt, in seconds."""
        if self.asked_s is not None:
            return self.asked_s
        said = self.tiers.of(workflow)
        return self.otherwise_s if said is None else said
