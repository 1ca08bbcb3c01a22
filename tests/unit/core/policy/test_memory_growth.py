"""More memory after an attempt that ran out of it."""

import pytest
from tests.graphs import task

from alula.core.errors import InvalidInput
from alula.core.policy.memory_growth import FACTOR_KEY, MOST_KEY, MemoryGrowth, grown, growth_of
from alula.core.policy.resources import Amounts, ResourceCeiling, Resources

GIB = 1 << 30
REQUEST = Resources(Amounts(cpu_millicores=500, memory_bytes=GIB), Amounts(memory_bytes=2 * GIB))


def test_a_task_that_says_nothing_gets_what_the_platform_gives() -> None:
    assert growth_of(task("t")) is None
    assert growth_of(task("t"), 1.5) == MemoryGrowth(1.5)


def test_what_a_task_says_goes_before() -> None:
    template = task("t")
    template.config[FACTOR_KEY] = "2"
    template.config[MOST_KEY] = "8Gi"
    assert growth_of(template, 1.5) == MemoryGrowth(2, 8 * GIB)
    template.config[FACTOR_KEY] = "1"
    assert growth_of(template, 1.5) is None


@pytest.mark.parametrize("text", ["", "much", "0.5", "-2", "nan", "inf", "101"])
def test_a_factor_that_is_none_is_refused(text: str) -> None:
    template = task("t")
    template.config[FACTOR_KEY] = text
    with pytest.raises(InvalidInput) as caught:
        growth_of(template)
    assert caught.value.code == "InvalidMemoryGrowth"


@pytest.mark.parametrize(
    ("failures", "memory", "limit"),
    [(0, GIB, 2 * GIB), (1, 2 * GIB, 4 * GIB), (2, 4 * GIB, 5 * GIB), (9, 5 * GIB, 5 * GIB)],
)
def test_request_and_limit_grow_with_each_failure_up_to_the_most(failures: int, memory: int, limit: int) -> None:
    found = grown(REQUEST, MemoryGrowth(2, 5 * GIB), failures)
    assert found == Resources(Amounts(500, memory), Amounts(memory_bytes=limit))


def test_nothing_grows_over_the_limits_of_the_project() -> None:
    found = grown(REQUEST, MemoryGrowth(2), 3, ResourceCeiling(memory_bytes=3 * GIB))
    assert (found.requests.memory_bytes, found.limits.memory_bytes) == (3 * GIB, 3 * GIB)


def test_a_most_below_what_the_task_has_anyway_takes_nothing_away() -> None:
    assert grown(REQUEST, MemoryGrowth(2, GIB), 2) == REQUEST


def test_a_task_without_a_limit_keeps_being_without_one() -> None:
    found = grown(Resources(Amounts(memory_bytes=GIB)), MemoryGrowth(2), 1)
    assert found == Resources(Amounts(memory_bytes=2 * GIB))
