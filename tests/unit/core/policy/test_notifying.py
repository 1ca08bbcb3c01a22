"""Rules of notifications: which runs they are about, which occasions an end is, and when a try comes again."""

from __future__ import annotations

import pytest

from alula.core.policy.notifying import LAST_RETRY_US, TRIES_MAX, Rule, occasions_of, retry_after_us


@pytest.mark.parametrize(
    ("rule", "fits"),
    [
        (Rule("r", ()), True),
        (Rule("r", (), projects=("p",), domains=("d",), workflows=("etl.*",), launch_plans=("night*",)), True),
        (Rule("r", (), projects=("q",)), False),
        (Rule("r", (), workflows=("train.*",)), False),
        (Rule("r", (), labels={"team": "blue"}), True),
        (Rule("r", (), labels={"team": "red"}), False),
    ],
)
def test_a_rule_is_about_the_runs_that_fit_all_that_it_names(rule: Rule, fits: bool) -> None:
    assert rule.fits("p", "d", workflow="etl.main", launch_plan="nightly", labels={"team": "blue"}) is fits


@pytest.mark.parametrize(
    ("phase", "before", "occasions"),
    [
        ("FAILED", "", ("FAILED", "FIRST_FAILURE")),
        ("FAILED", "SUCCEEDED", ("FAILED", "FIRST_FAILURE")),
        ("TIMED_OUT", "FAILED", ("TIMED_OUT",)),
        ("SUCCEEDED", "SUCCEEDED", ("SUCCEEDED",)),
        ("SUCCEEDED", "TIMED_OUT", ("SUCCEEDED", "RECOVERED")),
        ("ABORTED", "FAILED", ("ABORTED",)),
        ("RUNNING", "", ()),
    ],
)
def test_an_end_is_an_occasion_by_the_end_before(phase: str, before: str, occasions: tuple[str, ...]) -> None:
    assert occasions_of(phase, before) == occasions


def test_tries_come_later_and_later_and_end() -> None:
    waits = [retry_after_us(tries) for tries in range(1, TRIES_MAX)]
    assert waits == sorted(waits) and waits[-1] == LAST_RETRY_US
    assert 4 * 3600 < sum(waits) / 1_000_000 < 12 * 3600
