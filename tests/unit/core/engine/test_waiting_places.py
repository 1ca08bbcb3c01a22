"""Wherever a node waits: an abort reaches it there, and so does its deadline; places are given on and never lost."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flyteidl.core import identifier_pb2, workflow_pb2
from tests.graphs import (
    INT,
    approval_node,
    branch_node,
    comparison,
    compiled,
    identifier,
    integer,
    integers,
    interface,
    launch_plan_node,
    list_of,
    map_node,
    signal_node,
    sleep_node,
    task,
    task_node,
    workflow,
)
from tests.unit.core.engine.driver import Driver
from tests.unit.core.engine.test_waiting import boolean

from alula.core.engine.cells import Stage, TaskCell
from alula.core.engine.events import Claimed
from alula.core.engine.records import ExecutionPhase, NodePhase

T = task("t")
CACHED = task("cached", cache_version="1", timeout_s=10)
SERIAL = task("serial", cache_version="1", serialize=True, timeout_s=10)
TIMED = task("timed", timeout_s=10, retries=5)
SINGLE = task("single", timeout_s=10)


def one(node: workflow_pb2.Node, *, behind: str = "") -> Driver:
    """The node `n1`, alone, or with one that holds the only place before it."""
    before = [task_node("n0", T, x=1)] if behind else []
    plan = workflow_pb2.LaunchPlanTemplate(
        id=identifier(identifier_pb2.LAUNCH_PLAN, "lp"), interface=interface({"x": INT}, {"o0": INT})
    )
    template = workflow("w", [*before, node], run_on_failure=True)
    launch_plans = [plan] if node.HasField("workflow_node") else []
    closure = compiled(template, [T, CACHED, SERIAL, TIMED, SINGLE], launch_plans=launch_plans)
    return Driver(closure, max_parallelism=1 if behind else 0, x=integer(1))


def looking_up() -> Driver:
    return one(task_node("n1", CACHED, x=1))


def reserving() -> Driver:
    """A task whose equal runs wait for each other."""
    run = one(task_node("n1", SERIAL, x=1))
    run.miss("n1")
    return run


def awaiting() -> Driver:
    run = reserving()
    run.wait_for("n1", "p/d/other/n0")
    return run


def blocked() -> Driver:
    return one(task_node("n1", TIMED, x=1), behind="n0")


def submitted() -> Driver:
    return one(task_node("n1", TIMED, x=1))


def running() -> Driver:
    run = submitted()
    run.started("n1")
    return run


def backing_off() -> Driver:
    run = submitted()
    run.fail("n1", kind="SYSTEM", recoverable=True)
    return run


TASKS: dict[Stage, Callable[[], Driver]] = {
    "LOOKING_UP": looking_up,
    "RESERVING": reserving,
    "AWAITING": awaiting,
    "BLOCKED": blocked,
    "SUBMITTED": submitted,
    "RUNNING": running,
    "BACKING_OFF": backing_off,
}


def stage(run: Driver, node: int) -> Stage:
    cell = run.state.scopes[0].cells[node]
    assert isinstance(cell, TaskCell)
    return cell.stage


@pytest.mark.parametrize("at", TASKS)
def test_an_abort_reaches_a_task_in_every_stage(at: Stage) -> None:
    run = TASKS[at]()
    number = len(run.plan.nodes) - 1
    assert stage(run, number) is at
    run.assert_replays()
    run.abort()
    assert run.phase("n1") is NodePhase.ABORTED
    assert ("n1" in run.cancelled) == (at in ("SUBMITTED", "RUNNING"))
    assert run.state.running == 0
    run.assert_replays()


@pytest.mark.parametrize("at", TASKS)
def test_a_task_that_is_not_done_in_time_has_timed_out_in_every_stage(at: Stage) -> None:
    run = TASKS[at]()
    # The stages that have timers of their own reach twice the timeout in them, too.
    run.timers = [timer for timer in run.timers if timer.kind == "queue_timeout"]
    run.advance(21)
    assert run.phase("n1") is NodePhase.TIMED_OUT
    assert ("n1" in run.cancelled) == (at in ("SUBMITTED", "RUNNING"))
    assert run.state.running == (1 if at == "BLOCKED" else 0)


def test_an_attempt_over_its_timeout_without_retries_fails_the_node() -> None:
    run = one(task_node("n1", SINGLE, x=1))
    run.started("n1")
    run.advance(11)
    assert run.cancelled == ["n1"]
    assert run.result is not None and run.result.error is not None
    assert run.result.error.code == "TimeoutExpired"


def test_a_miss_and_a_retry_wait_for_a_place_like_all_others() -> None:
    nodes = [task_node("n0", TIMED, x=1), task_node("n1", CACHED, x=1)]
    run = Driver(compiled(workflow("w", nodes), [TIMED, CACHED]), max_parallelism=1, x=integer(1))
    run.fail("n0", kind="SYSTEM", recoverable=True)
    run.miss("n1")
    run.advance(1.5)
    assert (stage(run, 0), stage(run, 1)) == ("BLOCKED", "SUBMITTED")
    run.assert_replays()
    run.succeed("n1")
    assert stage(run, 0) == "SUBMITTED"
    run.fail("n0", recoverable=True)  # keeps its place
    assert stage(run, 0) == "SUBMITTED"
    run.succeed("n0")
    assert (run.state.phase, run.state.running) == (ExecutionPhase.SUCCEEDED, 0)


def test_a_miss_that_finds_no_place_waits_for_one() -> None:
    nodes = [task_node("n0", T, x=1), task_node("n1", CACHED, x=1)]
    run = Driver(compiled(workflow("w", nodes), [T, CACHED]), max_parallelism=1, x=integer(1))
    run.miss("n1")
    assert stage(run, 1) == "BLOCKED"
    run.succeed("n0")
    assert stage(run, 1) == "SUBMITTED"


def test_an_abort_wakes_a_sleeping_gate_and_takes_a_child_out_of_the_line() -> None:
    run = one(sleep_node("n1", 30))
    run.abort()
    assert run.phase("n1") is NodePhase.ABORTED
    run = one(launch_plan_node("n1", identifier(identifier_pb2.LAUNCH_PLAN, "lp"), x=1), behind="n0")
    run.abort()
    assert run.phase("n1") is NodePhase.ABORTED
    assert not run.aborted_children
    assert run.state.running == 0


def test_a_value_that_nobody_gives_in_time_is_a_timeout() -> None:
    node = signal_node("n1", INT)
    node.metadata.timeout.seconds = 10
    run = one(node)
    run.advance(11)
    assert run.phase("n1") is NodePhase.TIMED_OUT


def test_what_was_answered_is_so_for_all_that_ask_later() -> None:
    asks = [signal_node(f"s{number}", INT) for number in range(2)]
    gates = [approval_node(f"a{number}", o0=".x") for number in range(2)]
    for node in asks:
        node.gate_node.signal.signal_id = "value"
    for node in gates:
        node.gate_node.approve.signal_id = "ok"
    for later, earlier in ((asks[1], "n0"), (gates[1], "n0")):
        later.upstream_node_ids.append(earlier)
    template = workflow("w", [task_node("n0", T, x=1), *asks, *gates], run_on_failure=True)
    run = Driver(compiled(template, [T]), x=integer(1))
    run.answer("value", integer(9))
    run.answer("ok", boolean(False))
    run.succeed("n0")
    assert run.nodes["s1"].outputs == run.nodes["s0"].outputs
    assert (run.phase("a0"), run.phase("a1")) == (NodePhase.FAILED, NodePhase.FAILED)
    assert run.replayed().phase is ExecutionPhase.FAILED


# Graphs and executions that end early, or late


def test_each_failure_of_a_graph_that_runs_on_counts_and_the_last_is_told() -> None:
    nodes = [task_node(f"n{number}", T, x=1) for number in range(3)]
    run = Driver(compiled(workflow("w", nodes, run_on_failure=True), [T]), x=integer(1))
    for number in range(3):
        assert run.state.phase is ExecutionPhase.RUNNING
        run.fail(f"n{number}")
    assert run.result is not None and run.result.error is not None
    assert run.result.error.node_id == "n2"


@pytest.mark.parametrize("last", ["fail", "succeed"])
def test_a_graph_that_runs_on_runs_its_failure_node_at_the_end(last: str) -> None:
    nodes = [task_node(f"n{number}", T, x=1) for number in range(2)]
    template = workflow("w", nodes, run_on_failure=True)
    template.failure_node.CopyFrom(task_node("fn0", T, x=1))
    run = Driver(compiled(template, [T]), x=integer(1))
    run.fail("n0")
    assert "fn0" not in run.waiting
    getattr(run, last)("n1")
    assert run.state.phase is ExecutionPhase.FAILING
    run.apply(Claimed(run.now, "another runner"))
    assert run.state.phase is ExecutionPhase.FAILING
    run.assert_replays()
    run.succeed("fn0")
    assert run.state.phase is ExecutionPhase.FAILED


def test_a_graph_whose_outputs_are_not_there_fails() -> None:
    run = Driver(compiled(workflow("w", [task_node("n0", T, x=1)], outputs={"o0": (INT, "n0.o0")}), [T]), x=integer(1))
    run.succeed("n0", wrong=integer(1))
    assert run.result is not None and run.result.error is not None
    assert run.result.error.code == "BindingResolutionFailure"


def test_an_execution_that_fails_as_it_begins_runs_its_failure_node() -> None:
    branch = branch_node("n0", [(comparison("v", "GT", 10), task_node("big", T, x=1))], error="too small", v=".x")
    template = workflow("w", [branch])
    template.failure_node.CopyFrom(task_node("fn0", T, x=1))
    run = Driver(compiled(template, [T]), x=integer(1))
    assert run.state.phase is ExecutionPhase.FAILING
    run.assert_replays()
    run.succeed("fn0")
    assert run.state.phase is ExecutionPhase.FAILED


def test_an_execution_that_succeeds_as_it_begins_can_be_claimed_all_the_same() -> None:
    of = task("mapped", inputs={"x": list_of(INT)}, outputs={"o0": list_of(INT)})
    template = workflow("w", [map_node("n0", of, x=".xs")], inputs={"xs": list_of(INT)})
    run = Driver(compiled(template, [of]), xs=integers([]))
    assert run.state.phase is ExecutionPhase.SUCCEEDED
    run.apply(Claimed(0, "runner"))
    assert run.replayed().phase is ExecutionPhase.SUCCEEDED
