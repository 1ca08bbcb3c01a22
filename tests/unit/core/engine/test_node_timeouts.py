"""Limits on the time of nodes that are no tasks, and of dynamic tasks while their graphs run."""

from __future__ import annotations

import pytest
from flyteidl.core import identifier_pb2, workflow_pb2
from tests.graphs import (
    INT,
    compiled,
    identifier,
    integer,
    interface,
    launch_plan_node,
    sub_workflow_node,
    task,
    task_node,
    workflow,
)
from tests.unit.core.engine.driver import Driver

from alula.core.engine.actions import SetTimer
from alula.core.engine.records import NodePhase
from alula.core.engine.step import outstanding

T, LIMITED = task("t"), task("limited", timeout_s=10)
INNER = workflow("inner", [task_node("n0", T, x=".x"), task_node("n1", T, x="n0.o0")], outputs={"o0": (INT, "n1.o0")})
PLAN = workflow_pb2.LaunchPlanTemplate(
    id=identifier(identifier_pb2.LAUNCH_PLAN, "lp"), interface=interface({"x": INT}, {"o0": INT})
)


def limited(node: workflow_pb2.Node, *before: workflow_pb2.Node, max_parallelism: int = 0) -> Driver:
    """The last node has 10 s."""
    node.metadata.timeout.seconds = 10
    closure = compiled(workflow("w", [*before, node]), [T, LIMITED], [INNER], [PLAN])
    return Driver(closure, max_parallelism=max_parallelism, x=integer(1))


def assert_timed_out(run: Driver, node: str) -> None:
    assert run.phase(node) is NodePhase.TIMED_OUT
    assert run.result is not None and run.result.error is not None
    assert (run.result.error.code, run.result.error.node_id) == ("Timeout", node)
    run.assert_replays()


def test_a_sub_workflow_is_stopped() -> None:
    run = limited(sub_workflow_node("s", INNER, x=".x"))
    run.advance(9)
    assert run.phase("s") is NodePhase.RUNNING
    assert [timer.at for timer in outstanding(run.state) if isinstance(timer, SetTimer)] == [run.timers[0].at]
    run.advance(1)
    assert_timed_out(run, "s")
    assert run.cancelled == ["s-0-n0"]


def test_one_that_is_done_in_time_is_not() -> None:
    run = limited(sub_workflow_node("s", INNER, x=".x"))
    run.succeed("s-0-n0")
    run.succeed("s-0-n1")
    run.advance(20)
    assert run.phase("s") is NodePhase.SUCCEEDED


@pytest.mark.parametrize("waits", [False, True])
def test_a_launch_plan_is_stopped_with_its_child(waits: bool) -> None:
    before = [task_node("n0", T, x=1)] if waits else []
    run = limited(launch_plan_node("n1", PLAN.id, x=1), *before, max_parallelism=1)
    assert ("n1" in run.children) is not waits
    assert any(isinstance(action, SetTimer) for action in outstanding(run.state))
    run.advance(10)
    assert_timed_out(run, "n1")
    assert run.state.running == 0 or waits


def test_the_time_of_a_dynamic_task_goes_on_while_its_graph_runs() -> None:
    run = Driver(compiled(workflow("w", [task_node("n0", LIMITED, x=".x")]), [LIMITED]), x=integer(1))
    run.advance(5)
    run.started("n0")
    run.expand("n0", compiled(INNER, [T]))
    run.advance(14)
    assert run.phase("n0") is NodePhase.DYNAMIC_RUNNING
    assert [timer.kind for timer in outstanding(run.state) if isinstance(timer, SetTimer)] == ["queue_timeout"]
    run.advance(1)
    assert_timed_out(run, "n0")
