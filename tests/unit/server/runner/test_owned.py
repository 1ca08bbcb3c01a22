"""What several steps of one commit come to."""

import msgspec
from tests.contract.store.records import execution
from tests.graphs import compiled, integer, task, task_node, workflow
from tests.unit.core.engine.driver import Driver

from alula.core.engine.events import AbortRequested, AttemptFailed, AttemptProgressed, Event, decode
from alula.core.engine.records import Changes, ExecutionChange, ExecutionPhase
from alula.core.errors import TaskError
from alula.server.runner.owned import Owned, join


def test_a_later_change_of_the_execution_keeps_what_it_does_not_mention() -> None:
    error = TaskError("Boom", "it broke")
    joined = Changes(execution=ExecutionChange(ExecutionPhase.RUNNING, 1, started_at=1))
    join(joined, Changes(execution=ExecutionChange(ExecutionPhase.FAILING, 2, error=error)))
    join(joined, Changes(execution=ExecutionChange(ExecutionPhase.ABORTED, 3, ended_at=3, abort_cause="enough")))
    assert joined.execution == ExecutionChange(
        ExecutionPhase.ABORTED, 3, started_at=1, ended_at=3, error=error, abort_cause="enough"
    )


NOW, HOUR = 1_000_000_000_000, 3_600_000_000


def owned() -> Owned:
    """One task with a timeout of 600 s, in flight."""
    template = task("t", timeout_s=600)
    run = Driver(compiled(workflow("w", [task_node("n0", template, x=".x")]), [template]), x=integer(1))
    return Owned(msgspec.structs.replace(execution("a1"), spec=b""), run.state, [run.log[0]])


def times(owned: Owned) -> list[int]:
    return [decode(event).at for event in owned.commit("me").events]


def started(at: int) -> AttemptProgressed:
    return AttemptProgressed(at, 0, 0, 0, "RUNNING", happened_at=at)


def test_an_event_has_the_time_at_which_it_is_taken_in_whoever_told_of_it() -> None:
    for said in (NOW - HOUR, NOW + HOUR):
        one = owned()
        one.step(started(said), NOW)
        (timer,) = one.take_timers()
        assert times(one) == [NOW]
        assert (timer.at, timer.after) == (NOW + 600_000_000, 600_000_000)
        assert one.commit("me").changes.attempts[-1].started_at == said


def test_the_time_of_a_log_never_goes_back() -> None:
    one = owned()
    events: list[Event] = [
        started(NOW),
        AttemptFailed(NOW - HOUR, 0, 0, 0, TaskError("Interrupted", "gone", "SYSTEM", True)),
    ]
    for event in events:
        one.step(event, event.at)
    assert times(one) == [NOW, NOW]
    assert [timer.after for timer in one.take_timers()] == [600_000_000, 1_000_000]


def test_what_a_commit_cancels_is_cancelled_although_its_answer_was_lost() -> None:
    """Also if the execution had just been read again, and its attempts run elsewhere."""
    run = Driver(compiled(workflow("w", [task_node("n0", task("t"), x=".x")]), [task("t")]), x=integer(1))
    record = msgspec.structs.replace(execution("a1"), spec=b"")
    before = Owned(record, run.state, [run.log[0]])
    before.step(AbortRequested(NOW, "enough", "ada"), NOW)
    after = Owned(record, run.state, [run.log[0]])
    unwanted, _ = after.take_attempts(before)
    assert [attempt.node_id for attempt in unwanted] == ["n0"]
