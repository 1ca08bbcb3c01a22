"""Who says how long attempts of a run may wait."""

import pytest
from flyteidl.core import execution_pb2

from alula.core.policy.queueing import Queueing, TierBudgets

Quality = execution_pb2.QualityOfService
TIERS = TierBudgets(high_s=1, medium_s=2, low_s=3, domains={"production": "HIGH"})


def spec(seconds: int) -> Quality:
    quality = Quality()
    quality.spec.queueing_budget.seconds = seconds
    return quality


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        (Quality(tier="HIGH"), 1),
        (Quality(tier="MEDIUM"), 2),
        (Quality(tier="LOW"), 3),
        (spec(90), 90),
        (spec(0), 0),
        (Quality(tier="UNDEFINED"), None),
        (Quality(), None),
    ],
)
def test_a_tier_or_a_time_is_a_budget(said: Quality, seconds: float | None) -> None:
    assert TIERS.of(said) == seconds


def test_a_domain_has_a_tier_of_its_own_or_the_middle_one() -> None:
    assert (TIERS.of_domain("production"), TIERS.of_domain("development")) == (1, 2)


def test_the_launch_goes_before_the_workflow_and_that_before_the_settings() -> None:
    assert Queueing(7, 9, TIERS).budget_s(Quality(tier="LOW")) == 7
    assert Queueing(None, 9, TIERS).budget_s(Quality(tier="LOW")) == 3
    assert Queueing(None, 9, TIERS).budget_s(Quality()) == 9
    assert Queueing(0, 9, TIERS).budget_s(spec(5)) == 0
