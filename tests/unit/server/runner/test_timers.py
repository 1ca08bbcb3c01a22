"""Timers of what was taken over."""

from __future__ import annotations

from alula.core.engine.actions import SetTimer, StartAttempt
from alula.server.runner.timers import RESTART_GRACE_US, with_time_to_start

NOW = 1_000_000_000
START = StartAttempt(0, 1, 0, "n1", -1, b"", False)


def test_an_attempt_whose_time_ran_out_while_the_platform_was_away_can_be_started_again_first() -> None:
    overdue = SetTimer(0, 1, 0, "timeout", NOW - 5)
    assert with_time_to_start([START, overdue], NOW) == [START, SetTimer(0, 1, 0, "timeout", NOW + RESTART_GRACE_US)]


def test_other_clocks_stay_as_they_are() -> None:
    actions = [
        START,
        SetTimer(0, 1, 0, "timeout", NOW + 2 * RESTART_GRACE_US),
        SetTimer(0, 1, 0, "queue_timeout", NOW - 5),
        SetTimer(0, 2, 0, "timeout", NOW - 5),
    ]
    assert with_time_to_start(actions, NOW) == actions
