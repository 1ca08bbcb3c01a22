"""An error that belongs to one execution ends that one, wherever it comes up, and no other; in virtual time."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Awaitable, Callable, Collection
from typing import Any

import pytest
from tests.simulation import virtual_time
from tests.unit.server.runner.test_store_faults import AWAY, Bench, soon

from alula.core.engine import events
from alula.core.engine.events import PlatformFailed
from alula.core.engine.records import ExecutionPhase, NodePhase
from alula.core.errors import AlreadyExists
from alula.core.ids import AttemptId, ExecutionId
from alula.server import incidents
from alula.server.executor import AttemptSpec, AttemptUpdate
from alula.server.incidents import INTERNAL
from alula.server.log_subject import fields_of
from alula.server.runner import dispatch, effects, opening, owned, ownership, unreadable
from alula.server.store.audits import Audit
from alula.server.store.executions import ExecutionRecord
from alula.server.store.query import Query

BROKEN = "broken"
FOR_EVER = 1_000_000
AUDIT = Audit(0, "ada", "signal", "it")
ALL = Query(limit=100, sort_by="node_id")


class Attacked(Bench):
    """A bench on which calls that name the broken execution raise."""

    def raising(self, target: Any, name: str, error: Exception, times: int = FOR_EVER) -> None:
        """Let the call raise that often for the broken execution; of a store it is one of a concern, `log.commit`."""
        target, name = _concerned(target, name)
        real, left = getattr(target, name), [times]

        def check(*given: Any) -> None:
            if left[0] and BROKEN in repr(given):
                left[0] -= 1
                raise error

        async def call(*given: Any, **named: Any) -> Any:
            check(*given)
            return await real(*given, **named)

        def call_at_once(*given: Any, **named: Any) -> Any:
            check(*given)
            return real(*given, **named)

        setattr(target, name, call if asyncio.iscoroutinefunction(real) else call_at_once)

    def noting(self, target: Any, name: str, done: list[str]) -> None:
        """Let the call add its name to `done` when it is done."""
        target, name = _concerned(target, name)
        real = getattr(target, name)

        async def call(*given: Any, **named: Any) -> Any:
            result = await real(*given, **named)
            done.append(name)
            return result

        def call_at_once(*given: Any, **named: Any) -> Any:
            real(*given, **named)
            done.append(name)

        setattr(target, name, call if asyncio.iscoroutinefunction(real) else call_at_once)

    async def launch_before_start(self, name: str) -> ExecutionId:
        await self.register()
        return await self.launch(name)

    async def record(self, id: ExecutionId) -> ExecutionRecord:
        record = await self.kept.executions.get(id)
        assert record is not None
        return record

    def succeed_all(self) -> None:
        for attempt in [*self.executor.submitted, *self.executor.reconciled]:
            self.executor.succeed(attempt, 7)

    async def check_end(self, broken: ExecutionId, code: str = INTERNAL) -> None:
        """One has failed with an incident, nothing of it is open; another one goes on, and so does the next runner."""
        other = await self.launch("other")
        await soon()
        self.succeed_all()
        await soon()
        assert await self.phase(other) is ExecutionPhase.SUCCEEDED
        record = await self.record(broken)
        assert record.phase is ExecutionPhase.FAILED and record.error is not None
        assert record.error.code == code and record.error.kind == "SYSTEM" and "incident " in record.error.message
        assert all(node.phase.is_terminal for node in await self.kept.nodes.page(broken, None, ALL))
        assert await self.kept.inbox.read([broken]) == []
        *_, last = [events.decode(event) for event in await self.kept.log.read(broken)]
        assert isinstance(last, PlatformFailed)


def _concerned(target: Any, name: str) -> tuple[Any, str]:
    *concern, method = name.split(".")
    return functools.reduce(getattr, concern, target), method


def attack(story: Callable[[Attacked, pytest.MonkeyPatch], Awaitable[None]]) -> Callable[..., None]:
    """A test that runs in virtual time, on a bench of its own."""

    def test(monkeypatch: pytest.MonkeyPatch) -> None:
        virtual_time.run(story(Attacked(), monkeypatch))  # type: ignore[arg-type]

    test.__name__ = story.__name__
    return test


@pytest.mark.parametrize(
    ("call", "times"), [("log.histories", 1), ("log.histories", FOR_EVER), ("inbox.read", 1), ("log.commit", 1)]
)
def test_a_call_of_the_store_breaks_at_one_execution(call: str, times: int, caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        bench = Attacked()
        await bench.start()
        bench.raising(bench.store, call, RecursionError("too deep"), times)
        broken = await bench.launch(BROKEN)
        await soon()
        await bench.check_end(broken)

    virtual_time.run(story())
    reported = [record for record in caplog.records if record.name == incidents.__name__]
    assert reported and {fields_of(record)["execution"] for record in reported} == {BROKEN}


@pytest.mark.parametrize("call", ["log.histories", "inbox.read", "log.commit"])
def test_a_call_for_several_executions_that_breaks_once_is_made_for_each(call: str) -> None:
    async def story() -> None:
        bench = Attacked()
        ids = [await bench.launch_before_start(name) for name in ("one", BROKEN, "three")]
        bench.raising(bench.store, call, RecursionError("too deep"), 1)
        await bench.start()
        await soon()
        bench.succeed_all()
        await soon()
        assert [await bench.phase(id) for id in ids] == [ExecutionPhase.SUCCEEDED] * 3

    virtual_time.run(story())


@pytest.mark.parametrize("call", ["inbox.read", "log.commit"])
def test_an_execution_that_can_not_even_be_ended_does_not_stop_others(call: str) -> None:
    async def story() -> None:
        bench = Attacked()
        await bench.start()
        bench.raising(bench.store, call, ValueError("no"))
        await bench.launch(BROKEN)
        other = await bench.launch("other")
        await soon()
        bench.succeed_all()
        await soon()
        assert await bench.phase(other) is ExecutionPhase.SUCCEEDED

    virtual_time.run(story())


@attack
async def test_the_executor_breaks_at_an_attempt(bench: Attacked, _: pytest.MonkeyPatch) -> None:
    await bench.start()
    bench.raising(bench.executor, "submit", RecursionError("too deep"))
    await bench.check_end(await bench.launch(BROKEN))


@attack
async def test_the_executor_breaks_at_an_attempt_when_the_platform_starts(
    bench: Attacked, _: pytest.MonkeyPatch
) -> None:
    first = await bench.start()
    broken, other = await bench.launch(BROKEN), await bench.launch("runs")
    await soon()
    await first.stop()
    real = bench.executor.reconcile

    not_stopped = {broken, other}

    async def reconcile(expected: Collection[AttemptSpec], *, owner: str, spared: Collection[AttemptId] = ()) -> None:
        not_stopped.intersection_update(id.execution for id in (*spared, *(spec.id for spec in expected)))
        if any(spec.id.execution == broken for spec in expected):
            raise RecursionError("too deep")
        await real(expected, owner=owner, spared=spared)

    bench.executor.reconcile = reconcile
    await bench.start()
    assert not_stopped == {broken, other}
    await bench.check_end(broken)
    assert await bench.phase(other) is ExecutionPhase.SUCCEEDED


@attack
async def test_an_attempt_that_can_not_be_cancelled_either(bench: Attacked, _: pytest.MonkeyPatch) -> None:
    await bench.start()
    bench.raising(bench.executor, "submit", RecursionError("too deep"))
    bench.raising(bench.executor, "cancel", OSError("no"))
    await bench.check_end(await bench.launch(BROKEN))


@attack
async def test_the_specification_of_an_attempt_can_not_be_made(
    bench: Attacked, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bench.start()
    real = dispatch.attempt_spec

    def attempt_spec(of: Any, *rest: Any) -> AttemptSpec:
        if of.record.id.name == BROKEN:
            raise OverflowError("year 10000 is out of range")
        return real(of, *rest)

    monkeypatch.setattr(dispatch, "attempt_spec", attempt_spec)
    await bench.check_end(await bench.launch(BROKEN))


@pytest.mark.parametrize("times", [1, 2, FOR_EVER])
def test_the_engine_breaks_at_an_event(times: int, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        bench = Attacked()
        await bench.start()
        broken = await bench.launch(BROKEN)
        await soon()
        left, real = [times], owned.offer

        def offer(state: Any, event: Any) -> Any:
            if left[0] and state.created.execution == str(broken):
                left[0] -= 1
                real(state, event)  # half of it is done
                raise AssertionError("the engine is wrong")
            return real(state, event)

        monkeypatch.setattr(owned, "offer", offer)
        bench.succeed_all()
        await bench.check_end(broken)
        assert [node.phase for node in await bench.kept.nodes.page(broken, None, ALL)] == [NodePhase.ABORTED]

    virtual_time.run(story())


@attack
async def test_no_state_follows_from_a_log(bench: Attacked, monkeypatch: pytest.MonkeyPatch) -> None:
    first = await bench.start()
    broken, other = await bench.launch(BROKEN), await bench.launch("runs")
    await soon()
    await first.stop()
    real = opening.fold

    def fold(plan: Any, log: Any, *rest: Any) -> Any:
        if BROKEN in log[0].execution:
            raise KeyError(7)
        return real(plan, log, *rest)

    monkeypatch.setattr(opening, "fold", fold)
    await bench.start()
    assert await bench.phase(broken) is ExecutionPhase.FAILED
    assert [attempt.execution for attempt in bench.executor.reconciled] == [other]
    await bench.check_end(broken)
    assert [node.phase for node in await bench.kept.nodes.page(broken, None, ALL)] == [NodePhase.ABORTED]


async def break_while_it_runs(bench: Attacked) -> None:
    await bench.start()
    broken = await bench.launch(BROKEN)
    await soon()
    (attempt,) = bench.executor.submitted
    bench.raising(bench.store, "log.histories", ValueError("no"))
    bench.store.after["log.commit"] = [AWAY]  # so that the next commit is refused, and the log is read again
    bench.executor.run(attempt)
    await soon()
    assert bench.executor.cancelled == [attempt]
    await bench.check_end(broken)


@attack
async def test_what_can_not_be_read_again_is_let_go_of(bench: Attacked, _: pytest.MonkeyPatch) -> None:
    await break_while_it_runs(bench)


@attack
async def test_it_is_let_go_of_although_the_answer_to_its_end_was_lost(
    bench: Attacked, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = [AWAY]

    async def end_unread(*given: Any, **named: Any) -> Any:
        attempts = await unreadable.end_unread(*given, **named)
        if lost:
            raise lost.pop()
        return attempts

    monkeypatch.setattr(ownership, "end_unread", end_unread)
    await break_while_it_runs(bench)


@attack
async def test_an_event_is_missing_in_a_log(bench: Attacked, _: pytest.MonkeyPatch) -> None:
    first = await bench.start()
    broken = await bench.launch(BROKEN)
    await soon()
    await first.stop()
    real = bench.store.log.histories

    async def histories(*asked: Any) -> Any:
        found = await real(*asked)
        for history in found:
            if history.record.id == broken:
                del history.log[1]
        return found

    bench.store.log.histories = histories
    await bench.start()
    await bench.check_end(broken, "LogIncomplete")


@attack
async def test_a_value_object_that_is_there_with_other_content(
    bench: Attacked, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bench.start()
    broken = await bench.launch(BROKEN)
    await soon()

    async def keep(*_: Any) -> None:
        raise AlreadyExists("ObjectExists", "the object exists with other content")

    with monkeypatch.context() as patched:
        patched.setattr(effects.values, "keep", keep)
        patched.setattr(owned.Owned, "asides", ["an object"])
        bench.succeed_all()
        await soon()
    await bench.check_end(broken, "ObjectExists")


@attack
async def test_what_runs_beside_the_loop_breaks(bench: Attacked, monkeypatch: pytest.MonkeyPatch) -> None:
    await bench.start()
    broken = await bench.launch(BROKEN)
    await soon()

    async def keep_graph(*_: Any, **__: Any) -> None:
        raise RecursionError("too deep")

    monkeypatch.setattr(effects, "keep_graph", keep_graph)
    assert bench.executor.sink is not None
    bench.executor.sink(AttemptUpdate(bench.executor.submitted[0], 1, "SUCCEEDED", futures=b"graph"))
    await bench.check_end(broken)


@attack
async def test_an_abort_that_was_acknowledged_comes_before_an_incident(
    bench: Attacked, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bench.start()
    broken = await bench.launch(BROKEN)
    await soon()
    bench.store.before["log.commit"] = [ValueError("no")]
    await bench.abort(broken)
    await soon()
    assert await bench.phase(broken) is ExecutionPhase.ABORTED


@attack
async def test_a_store_that_is_away_when_an_incident_is_written(bench: Attacked, _: pytest.MonkeyPatch) -> None:
    await bench.start()
    bench.raising(bench.executor, "submit", RecursionError("too deep"))
    broken = await bench.launch(BROKEN)
    bench.store.before["log.commit"] = [AWAY, AWAY]
    bench.store.before["log.histories"] = [AWAY, AWAY]
    await bench.check_end(broken)


@attack
async def test_a_store_that_is_away_while_an_execution_is_ended(bench: Attacked, _: pytest.MonkeyPatch) -> None:
    await bench.start()
    bench.raising(bench.store, "log.histories", RecursionError("too deep"))
    bench.store.before["ownership.owner"] = [AWAY] * 20
    broken = await bench.launch(BROKEN)
    await asyncio.sleep(30)  # several heartbeats find that the store still names it
    await bench.check_end(broken)


@attack
async def test_the_log_of_the_platform_has_the_incident(bench: Attacked, _: pytest.MonkeyPatch) -> None:
    told: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = told.append  # type: ignore[method-assign]
    logging.getLogger("alula").addHandler(handler)
    try:
        await bench.start()
        bench.raising(bench.executor, "submit", RecursionError("too deep"))
        broken = await bench.launch(BROKEN)
        await soon()
    finally:
        logging.getLogger("alula").removeHandler(handler)
    record = await bench.record(broken)
    assert record.error is not None
    (entry,) = [one for one in told if one.exc_info]
    incident = entry.getMessage().split()[1]
    assert f"incident {incident}" in record.error.message and str(broken) in entry.getMessage()


@pytest.mark.parametrize("times", [1, FOR_EVER])
def test_an_attempt_is_cancelled_when_the_end_of_its_execution_is_durable_and_not_before(times: int) -> None:
    """With `FOR_EVER` its log can't be read any more, so that it ends without the engine."""

    async def story() -> None:
        bench = Attacked()
        await bench.start()
        broken = await bench.launch(BROKEN)
        await soon()
        (attempt,) = bench.executor.submitted
        bench.raising(bench.store, "inbox.read", RecursionError("too deep"), 1)
        if times == FOR_EVER:
            bench.raising(bench.store, "log.histories", RecursionError("too deep"), FOR_EVER)
        done: list[str] = []
        bench.noting(bench.executor, "release", done)
        bench.noting(bench.executor, "cancel", done)
        bench.noting(bench.store, "log.commit", done)
        await bench.kept.inbox.post(broken, events.encode(events.SignalSet(2, "go", b"")), AUDIT)
        await soon()
        assert done == ["release", "commit", "cancel"]
        assert bench.executor.released == bench.executor.cancelled == [attempt]
        assert await bench.phase(broken) is ExecutionPhase.FAILED

    virtual_time.run(story())
