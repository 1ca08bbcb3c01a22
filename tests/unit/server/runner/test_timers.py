"""Timers: by which clock they fire, and what is left of those that were taken over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

import msgspec
from tests.simulation import virtual_time

from alula.core.engine.actions import SetTimer, StartAttempt
from alula.core.ids import ExecutionId
from alula.server.runner.timers import RESTART_GRACE_US, Timers, taken_over

NOW = 1_000_000_000
S, H = 1_000_000, 3_600_000_000
START = StartAttempt(0, 1, 0, "n1", -1, b"", False)
ID = ExecutionId("p", "d", "e")


def timer(node: int = 1, kind: str = "timeout", *, at: int = NOW, after: int = 600 * S) -> SetTimer:
    return SetTimer(0, node, 0, kind, at, after)  # pyright: ignore[reportArgumentType]


def fired(scene: Callable[[Timers], None], *, until_s: float = 10_000) -> list[tuple[float, int]]:
    """When each timer fires, with its node."""
    found: list[tuple[float, int]] = []

    async def run() -> None:
        timers = Timers(lambda _, timer: found.append((asyncio.get_running_loop().time(), timer.node)))
        scene(timers)
        await asyncio.sleep(until_s)

    virtual_time.run(run())
    return found


def test_a_timer_fires_after_its_time_whatever_the_wall_clock_says() -> None:
    def scene(timers: Timers) -> None:
        timers.set(ID, timer(1, at=NOW - H, after=600 * S))
        timers.set(ID, timer(2, at=NOW + H, after=5 * S))
        timers.set(ID, timer(3, at=0, after=0))

    assert fired(scene) == [(0.0, 3), (5.0, 2), (600.0, 1)]


def test_a_timer_of_an_execution_that_is_read_again_keeps_its_time() -> None:
    def scene(timers: Timers) -> None:
        timers.set(ID, timer(after=600 * S))
        again = partial(timers.set, ID, timer(after=700 * S), again=True)
        asyncio.get_running_loop().call_later(100, again)

    assert fired(scene) == [(600.0, 1)]


def test_the_second_clock_of_a_task_goes_on_when_it_is_read_at_a_later_attempt() -> None:
    def scene(timers: Timers) -> None:
        first = timer(kind="queue_timeout", after=600 * S)
        timers.set(ID, first)
        timers.set(ID, msgspec.structs.replace(first, attempt=1, after=0), again=True)

    assert fired(scene) == [(600.0, 1)]


def test_a_deadline_that_begins_anew_while_the_time_of_a_log_stands_still_has_its_whole_time() -> None:
    def scene(timers: Timers) -> None:
        timers.set(ID, timer(after=600 * S))
        asyncio.get_running_loop().call_later(100, timers.set, ID, timer(after=600 * S))

    assert fired(scene) == [(700.0, 1)]


def test_an_execution_that_is_lost_and_comes_back_has_its_timers_anew() -> None:
    def scene(timers: Timers) -> None:
        timers.set(ID, timer(after=600 * S))
        timers.set(ID, timer(2, after=300 * S))
        timers.forget(ID)
        timers.set(ID, timer(after=900 * S))

    assert fired(scene) == [(900.0, 1)]


def left(*actions: SetTimer | StartAttempt) -> list[int]:
    return [action.after for action in taken_over(actions, NOW) if isinstance(action, SetTimer)]


def test_after_a_restart_the_wall_clock_says_what_is_left() -> None:
    assert left(timer(at=NOW + 100 * S)) == [100 * S]


def test_what_is_overdue_after_a_restart_fires_at_once() -> None:
    assert left(timer(at=NOW - 5), timer(kind="queue_timeout", at=NOW - H)) == [0, 0]


def test_a_clock_that_is_behind_after_a_restart_makes_nothing_wait_longer_than_its_whole_time() -> None:
    assert left(timer(at=NOW + H, after=600 * S)) == [600 * S]


def test_an_attempt_whose_time_ran_out_while_the_platform_was_away_can_be_started_again_first() -> None:
    assert left(START, timer(at=NOW - 5)) == [RESTART_GRACE_US]


def test_an_attempt_that_ended_while_the_platform_was_away_is_heard_before_the_time_of_its_node_is_over() -> None:
    assert left(START, timer(kind="queue_timeout", at=NOW - H)) == [RESTART_GRACE_US]


def test_what_else_is_overdue_has_no_more_time_for_that() -> None:
    others = (timer(at=NOW + 40 * S), timer(2, at=NOW - 5), timer(2, kind="queue_timeout", at=NOW - 5))
    assert left(START, *others) == [40 * S, 0, 0]
