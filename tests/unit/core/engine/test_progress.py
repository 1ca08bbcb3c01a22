"""What an executor reports of an attempt, and what it gets back after a crash."""

from __future__ import annotations

from typing import Any

import pytest
from tests.graphs import INT, compiled, integer, integers, list_of, map_node, task, task_node, workflow
from tests.unit.core.engine.driver import Driver

from alula.core.engine.actions import CancelAttempt, SetTimer, StartAttempt
from alula.core.engine.attempt_info import AttemptInfo, ExternalResource, LogLink, ProgressPhase
from alula.core.engine.events import AttemptProgressed, decode, encode
from alula.core.engine.records import AttemptPhase, JobRecord
from alula.core.engine.step import accepts, outstanding

LOGS = (LogLink("driver", "https://logs/1", "JSON"),)
INFO = AttemptInfo({"rows": 3, "of": {"table": "t"}}, (ExternalResource("job-1", "RUNNING", LOGS),))


def single(*, retries: int = 0, timeout_s: int = 0) -> Driver:
    of = task("t", retries=retries, timeout_s=timeout_s)
    return Driver(compiled(workflow("w", [task_node("n0", of, x=".x")]), [of]), x=integer(1))


def asked_again(run: Driver) -> StartAttempt:
    run.assert_replays()
    (action,) = [each for each in outstanding(run.replayed()) if isinstance(each, StartAttempt)]
    return action


def said(run: Driver, phase: ProgressPhase, *, happened_at: int = 0, **more: Any) -> AttemptProgressed:
    return AttemptProgressed(run.now, 0, 0, 0, phase, happened_at=happened_at, **more)


def test_each_phase_is_shown_with_its_reason() -> None:
    run = single()
    phases: tuple[tuple[ProgressPhase, str], ...] = (
        ("QUEUED", "WaitsForExecutor"),
        ("WAITING_FOR_RESOURCES", "WaitsForResources"),
        ("INITIALIZING", "IsPrepared"),
        ("RUNNING", "RunsIn"),
    )
    for phase, code in phases:
        run.report("n0", phase, f"it is {phase}")
        assert run.attempts["n0", 0].name == phase
        assert (run.reasons[-1].code, run.reasons[-1].text) == (code, f"it is {phase}")
    run.succeed("n0")
    run.assert_replays()


def test_executor_links_and_info_are_in_the_row_of_the_attempt() -> None:
    run = single()
    run.report("n0", "RUNNING", executor="remote", logs=LOGS, info=INFO)
    run.succeed("n0")
    row = run.attempt_rows["n0", 0]
    assert (row.phase, row.executor, row.logs, row.info) == (AttemptPhase.SUCCEEDED, "remote", LOGS, INFO)


def test_links_may_come_without_a_phase() -> None:
    run = single()
    run.report("n0", "", logs=LOGS)
    assert run.attempts["n0", 0] is AttemptPhase.QUEUED
    run.started("n0")
    run.report("n0", "", info=INFO)
    row = run.attempt_rows["n0", 0]
    assert (row.phase, row.logs, row.info) == (AttemptPhase.RUNNING, LOGS, INFO)
    assert "StartedAgain" not in run.codes("n0")


def test_an_item_has_its_own_links() -> None:
    of = task("t", inputs={"x": list_of(INT)}, outputs={"o0": list_of(INT)})
    run = Driver(
        compiled(workflow("w", [map_node("n0", of, x=".xs")], inputs={"xs": list_of(INT)}), [of]), xs=integers([1, 2])
    )
    action = run.waiting["n0[1]"]
    run.apply(AttemptProgressed(run.now, action.scope, 1, 0, "RUNNING", handle=b"j1", logs=LOGS))
    assert run.items["n0", 1].logs == LOGS
    handles = {each.index: each.handle for each in outstanding(run.replayed()) if isinstance(each, StartAttempt)}
    assert handles == {0: b"", 1: b"j1"}


@pytest.mark.parametrize("phase", ["QUEUED", "WAITING_FOR_RESOURCES", "INITIALIZING", "RUNNING", ""])
def test_a_handle_comes_back_after_a_crash(phase: str) -> None:
    run = single()
    run.report("n0", phase, executor="remote", handle=b"job-1")  # type: ignore[arg-type]
    action = asked_again(run)
    assert (action.executor, action.handle) == ("remote", b"job-1")


def test_a_report_without_a_handle_does_not_take_it_away() -> None:
    run = single()
    run.report("n0", "QUEUED", executor="remote", handle=b"job-1")
    run.started("n0")
    action = asked_again(run)
    assert (action.executor, action.handle) == ("remote", b"job-1")


def test_the_next_attempt_begins_without_the_handle_of_the_one_before() -> None:
    run = single(retries=1)
    run.report("n0", "RUNNING", executor="remote", handle=b"job-1")
    run.fail("n0", recoverable=True)
    assert (run.waiting["n0"].executor, run.waiting["n0"].handle) == ("", b"")
    assert asked_again(run).handle == b""


def test_what_must_not_run_is_cancelled_by_its_handle() -> None:
    run = single()
    run.report("n0", "RUNNING", executor="remote", handle=b"job-1")
    run.abort()
    (cancelled,) = [action for action in run.history if isinstance(action, CancelAttempt)]
    assert (cancelled.executor, cancelled.handle) == ("remote", b"job-1")


def test_a_job_is_in_a_row_from_its_handle_to_the_end_that_its_executor_tells() -> None:
    run = single(retries=1)
    run.report("n0", "QUEUED", executor="remote")
    run.report("n0", "QUEUED", handle=b"job-1")
    run.report("n0", "RUNNING", handle=b"job-1")
    assert run.jobs == [JobRecord("n0", -1, 0, "remote", b"job-1")]
    run.fail("n0", recoverable=True)
    run.report("n0", "RUNNING", executor="remote", handle=b"job-2")
    run.succeed("n0")
    assert run.jobs[1:] == [
        JobRecord("n0", -1, 0),
        JobRecord("n0", -1, 1, "remote", b"job-2"),
        JobRecord("n0", -1, 1),
    ]


def test_a_job_that_is_cancelled_stays_in_its_row() -> None:
    run = single()
    run.report("n0", "RUNNING", executor="remote", handle=b"job-1")
    run.abort()
    assert run.jobs == [JobRecord("n0", -1, 0, "remote", b"job-1")]


def test_an_attempt_without_a_handle_has_no_such_row() -> None:
    run = single()
    run.report("n0", "RUNNING", executor="here")
    run.succeed("n0")
    assert run.jobs == []


def test_a_job_that_its_executor_tells_of_again_was_not_started_again() -> None:
    run = single(timeout_s=10)
    run.report("n0", "RUNNING", handle=b"job-1", happened_at=run.now)
    run.advance(5)
    again = said(run, "RUNNING", handle=b"job-1", happened_at=run.now)
    assert not accepts(run.state, again)
    run.report("n0", "RUNNING", handle=b"job-1", happened_at=run.now, why="stage 2 of 3")
    assert run.codes("n0") == ["ExecutorSays"]
    (timer,) = [each for each in outstanding(run.replayed()) if isinstance(each, SetTimer) and each.kind == "timeout"]
    assert timer.at == run.now + 5_000_000


def test_without_a_handle_another_moment_is_another_start_and_the_same_moment_is_no_news() -> None:
    run = single(timeout_s=10)
    run.report("n0", "RUNNING", happened_at=1)
    assert not accepts(run.state, said(run, "RUNNING", happened_at=1))
    run.report("n0", "RUNNING", happened_at=2)
    assert run.codes("n0") == ["StartedAgain"]


def test_late_and_repeated_reports_mean_nothing() -> None:
    run = single()
    run.report("n0", "INITIALIZING", "pulls its image", handle=b"job-1", happened_at=1)
    assert not accepts(run.state, said(run, "INITIALIZING", why="pulls its image", handle=b"job-1", happened_at=2))
    run.started("n0")
    assert not accepts(run.state, said(run, "QUEUED", why="waits for a machine"))
    assert not accepts(run.state, AttemptProgressed(run.now, 0, 0, 1, "RUNNING"))


def test_a_report_reads_back_as_it_was_written() -> None:
    event = AttemptProgressed(1, 2, 3, 0, "RUNNING", "here", "remote", b"\x00h", LOGS, INFO, 9)
    assert decode(encode(event)) == event
