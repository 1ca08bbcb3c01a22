"""What an attempt has used comes with the event that ends it, and stands in its own row."""

from __future__ import annotations

from typing import Any

import pytest
from tests.graphs import INT, compiled, integer, integers, list_of, literal_map, map_node, task, task_node, workflow
from tests.unit.core.engine.driver import Driver

from alula.core.engine.events import AttemptFailed, AttemptSucceeded, Event, GraphReturned, TimerFired, decode, encode
from alula.core.engine.plan import make_plan
from alula.core.engine.records import AttemptPhase
from alula.core.engine.step import accepts
from alula.core.engine.usage import Figure, Usage
from alula.core.errors import TaskError

BOOM = TaskError("Boom", "it broke", recoverable=True)
FIRST = Usage(Figure(1_000_000, "rusage"), Figure(50 << 20, "smaps", "sampled", 100))
SECOND = Usage(Figure(2_000_000, "rusage"), written_bytes=Figure(0, "rusage"))


def single(*, retries: int = 0) -> Driver:
    of = task("t", retries=retries, timeout_s=10)
    return Driver(compiled(workflow("w", [task_node("n0", of, x=".x")]), [of]), x=integer(1))


def end(run: Driver, kind: type[Any], *given: object, node: str = "n0", **more: object) -> Event:
    action = run.waiting.pop(node)
    event = kind(run.now, action.scope, action.node, action.attempt, *given, **more)
    assert decode(encode(event)) == event
    run.apply(event)
    return event


def test_each_attempt_has_its_own() -> None:
    run = single(retries=2)
    end(run, AttemptFailed, BOOM, usage=FIRST)
    end(run, AttemptFailed, BOOM)
    end(run, AttemptSucceeded, literal_map(o0=integer(1)), usage=SECOND)
    assert [run.attempt_rows["n0", attempt].usage for attempt in range(3)] == [FIRST, None, SECOND]
    run.assert_replays()


def test_one_that_gave_a_graph_has_one() -> None:
    run, inner = single(), task("inner")
    run.state.graphs["graph"] = make_plan(compiled(workflow("g", [task_node("n0", inner, x=".x")]), [inner]))
    end(run, GraphReturned, "graph", usage=FIRST)
    assert run.attempt_rows["n0", 0].usage == FIRST


@pytest.mark.parametrize(
    ("kind", "phase"), [("timeout", AttemptPhase.RETRYABLE_FAILED), ("queue_timeout", AttemptPhase.FAILED)]
)
def test_one_that_a_clock_ends_has_what_was_known(kind: str, phase: AttemptPhase) -> None:
    run = single(retries=1)
    run.started("n0")
    run.now += 60_000_000
    fired = TimerFired(run.now, 0, 0, 0, kind, usage=FIRST)  # type: ignore[arg-type]
    assert accepts(run.state, fired)
    run.apply(fired)
    assert (run.attempt_rows["n0", 0].phase, run.attempt_rows["n0", 0].usage) == (phase, FIRST)


def test_items_of_an_array_have_each_their_own() -> None:
    of = task("t", inputs={"x": list_of(INT)}, outputs={"o0": list_of(INT)})
    graph = workflow("w", [map_node("n0", of, x=".xs")], inputs={"xs": list_of(INT)})
    run = Driver(compiled(graph, [of]), xs=integers([1, 2]))
    end(run, AttemptSucceeded, literal_map(o0=integer(1)), node="n0[0]", usage=FIRST)
    end(run, AttemptSucceeded, literal_map(o0=integer(2)), node="n0[1]", usage=SECOND)
    assert [run.items["n0", index].usage for index in range(2)] == [FIRST, SECOND]
    assert run.attempt_rows["n0", 0].usage is None
