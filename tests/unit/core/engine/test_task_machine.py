"""Attempts, budgets, clocks and the cache of a task node."""

from typing import get_args

import pytest
from tests.graphs import INT, compiled, integer, task, task_node, workflow
from tests.unit.core.engine.driver import Driver

from alula.core.engine.actions import LookUpCache, SetTimer, StartAttempt
from alula.core.engine.cells import Stage
from alula.core.engine.events import (
    AttemptStarted,
    AttemptSucceeded,
    AttemptWaits,
    CacheAwaited,
    CacheHit,
    CacheMissed,
    TimerFired,
)
from alula.core.engine.machines.task import OF_AN_ATTEMPT, TRANSITIONS
from alula.core.engine.records import AttemptPhase, CacheStatus, ExecutionPhase, NodePhase
from alula.core.engine.step import IllegalTransition, accepts, outstanding, step
from alula.core.errors import TaskError
from alula.core.policy.memory_growth import FACTOR_KEY


def single(*, retries: int = 0, timeout_s: int = 0, cache: str = "", overwrite_cache: bool = False) -> Driver:
    of = task("t", retries=retries, timeout_s=timeout_s, cache_version=cache)
    template = workflow("w", [task_node("n0", of, x=".x")], outputs={"o0": (INT, "n0.o0")})
    return Driver(compiled(template, [of]), x=integer(1), overwrite_cache=overwrite_cache)


def test_a_user_failure_that_may_recover_is_tried_again_at_once() -> None:
    run = single(retries=1)
    run.started("n0")
    run.fail("n0", recoverable=True)
    assert run.waiting["n0"].attempt == 1
    assert run.attempts == {("n0", 0): AttemptPhase.RETRYABLE_FAILED, ("n0", 1): AttemptPhase.QUEUED}
    assert "Retried" in run.codes("n0")
    run.succeed("n0", 3)
    assert run.outputs() == {"o0": integer(3)}


def test_an_attempt_after_one_that_ran_out_of_memory_may_have_more() -> None:
    of = task("t", retries=3)
    of.config[FACTOR_KEY] = "2"
    run = Driver(compiled(workflow("w", [task_node("n0", of, x=".x")]), [of]), x=integer(1))
    for code in ("OOMKilled", "TimeoutExpired", "OOMKilled"):
        run.fail("n0", recoverable=True, code=code)
    assert run.waiting["n0"].out_of_memory == 2
    run.assert_replays()
    told = [reason for reason in run.reasons if reason.code == "Retried"]
    assert [reason.facts.get("memory") for reason in told] == ["2", None, "4"]
    assert told[-1].text.endswith("With up to 4 times the memory.")


def test_a_node_runs_from_its_first_attempt_that_began() -> None:
    run = single(retries=2)
    run.fail("n0", recoverable=True)
    assert run.phase("n0") is NodePhase.QUEUED
    run.now = 5
    run.started("n0")
    assert run.phase("n0") is NodePhase.RUNNING
    run.now = 7
    run.fail("n0", recoverable=True)
    run.started("n0")
    assert run.nodes["n0"].started_at == 5


def test_retries_plus_one_user_failures_exhaust_the_budget() -> None:
    run = single(retries=2)
    for _ in range(3):
        run.fail("n0", recoverable=True)
    assert run.result is not None and run.result.error is not None
    assert run.result.error.code == "RetriesExhausted|Boom"
    assert run.result.error.message.startswith("[3/3] currentAttempt done. Last Error: USER::")


def test_a_failure_that_cannot_recover_ends_the_node_whatever_its_retries() -> None:
    run = single(retries=5)
    run.fail("n0")
    assert run.result is not None and run.result.error is not None
    assert run.result.error.code == "Boom"


def test_system_failures_have_a_budget_of_their_own_and_back_off() -> None:
    run = single(retries=0)
    for _ in range(3):
        run.fail("n0", kind="SYSTEM", recoverable=True)
        assert not run.waiting
        run.assert_replays()
        run.advance(60)
    assert run.waiting["n0"].attempt == 3
    run.fail("n0", kind="SYSTEM", recoverable=True)
    assert run.state.phase is ExecutionPhase.FAILED


def test_an_attempt_over_its_timeout_is_stopped_and_tried_again() -> None:
    run = single(retries=1, timeout_s=10)
    run.started("n0")
    run.advance(9)
    assert not run.cancelled
    run.advance(2)
    assert run.cancelled == ["n0"]
    assert run.waiting["n0"].attempt == 1
    assert run.attempts["n0", 0] is AttemptPhase.RETRYABLE_FAILED


def test_a_node_not_done_twice_its_timeout_after_it_was_queued_has_timed_out() -> None:
    run = single(retries=9, timeout_s=10)
    run.advance(21)
    assert run.phase("n0") is NodePhase.TIMED_OUT
    assert run.result is not None and run.result.error is not None
    assert run.result.error.code == "Timeout"


def test_a_cache_hit_ends_the_node_without_an_attempt() -> None:
    run = single(cache="1")
    assert not run.waiting
    run.assert_replays()
    run.hit("n0", 8)
    assert run.outputs() == {"o0": integer(8)}
    assert run.nodes["n0"].cache_status is CacheStatus.HIT
    assert run.nodes["n0"].cache_source == "other/n0/0"


def test_a_cache_miss_runs_the_node_and_publishes_what_it_made() -> None:
    run = single(cache="1")
    run.miss("n0")
    run.succeed("n0", 2)
    assert run.nodes["n0"].cache_status is CacheStatus.POPULATED
    (entry,) = run.published
    assert entry.source == "p/d/first/n0/0"


def test_overwriting_the_cache_asks_nothing_and_publishes() -> None:
    run = single(cache="1", overwrite_cache=True)
    assert not run.lookups
    run.succeed("n0", 2)
    assert len(run.published) == 1


def test_late_and_repeated_facts_mean_nothing() -> None:
    run = single(retries=1)
    run.started("n0")
    run.fail("n0", recoverable=True)
    late = AttemptSucceeded(run.now, 0, 0, 0, b"")
    assert not accepts(run.state, late)
    with pytest.raises(IllegalTransition, match="n0"):
        step(run.state, late)
    run.succeed("n0", 1)
    assert not accepts(run.state, AttemptStarted(run.now, 0, 0, 1))


def test_what_an_executor_waits_for_is_recorded() -> None:
    run = single()
    run.apply(AttemptWaits(run.now, 0, 0, 0, "Waits for 2 CPUs."))
    assert run.codes("n0") == ["WaitsForExecutor"]
    run.assert_replays()
    run.succeed("n0", 1)


def test_an_attempt_may_start_again_after_a_crash() -> None:
    run = single()
    run.started("n0")
    run.advance(1)
    run.started("n0")
    assert "StartedAgain" in run.codes("n0")
    run.succeed("n0", 1)
    assert run.state.phase is ExecutionPhase.SUCCEEDED


def test_after_a_crash_what_was_in_flight_is_asked_for_again() -> None:
    run = single(timeout_s=10)
    run.started("n0")
    asked = list(outstanding(run.replayed()))
    assert [type(action) for action in asked] == [SetTimer, StartAttempt, SetTimer]
    run = single(cache="1")
    assert [type(action) for action in outstanding(run.replayed())] == [LookUpCache]


def test_the_last_system_retry_is_not_interruptible() -> None:
    of = task("t")
    of.metadata.interruptible = True
    template = workflow("w", [task_node("n0", of, x=".x")])
    run = Driver(compiled(template, [of]), system_retries=1, x=integer(1))
    assert run.waiting["n0"].interruptible
    run.fail("n0", kind="SYSTEM", recoverable=True)
    run.advance(60)
    assert not run.waiting["n0"].interruptible


def test_the_table_covers_every_event_of_a_task_in_every_stage_that_it_can_meet() -> None:
    refused = (
        {
            (stage, event)
            for stage in ("LOOKING_UP", "RESERVING", "AWAITING", "BLOCKED", "BACKING_OFF")
            for event in OF_AN_ATTEMPT
        }
        | {
            (stage, event)
            for stage in ("BLOCKED", "SUBMITTED", "RUNNING", "BACKING_OFF")
            for event in (CacheHit, CacheMissed, CacheAwaited)
        }
        | {("LOOKING_UP", CacheAwaited), ("AWAITING", CacheAwaited), ("RUNNING", AttemptWaits)}
    )
    everything = {
        (stage, event)
        for stage in get_args(Stage)
        for event in (
            *OF_AN_ATTEMPT,
            CacheHit,
            CacheMissed,
            CacheAwaited,
            TimerFired,
        )
    }
    assert set(TRANSITIONS) == everything - refused


def test_an_error_is_recorded_with_its_node() -> None:
    run = single()
    run.fail("n0")
    assert run.nodes["n0"].error == TaskError("Boom", "n0 broke", "USER", False, "n0")


def test_the_deadline_of_an_attempt_that_was_started_again_is_that_of_its_last_start() -> None:
    of = task("t", timeout_s=10)
    run = Driver(compiled(workflow("w", [task_node("n0", of, x=".x")]), [of]), x=integer(1))
    run.started("n0")
    run.advance(8)
    run.started("n0")
    run.advance(3)
    assert run.phase("n0") is NodePhase.RUNNING
    run.assert_replays()
    run.advance(7)
    assert run.phase("n0") is NodePhase.FAILED
