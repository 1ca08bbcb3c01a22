"""An execution for each standing of each kind of node, and all that could come to that node there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import get_args

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
    sub_workflow_node,
    task,
    task_node,
    workflow,
)
from tests.unit.core.engine.driver import Driver
from tests.unit.core.engine.test_waiting_places import TASKS

from alula.core.engine import events as facts
from alula.core.engine.attempt_info import ProgressPhase
from alula.core.engine.cells import ChildCell, TaskCell
from alula.core.errors import TaskError

T, MAPPED = task("t"), task("mapped", inputs={"x": list_of(INT)}, outputs={"o0": list_of(INT)})
INNER = workflow("inner", [task_node("n0", T, x=".x")])
PLAN = workflow_pb2.LaunchPlanTemplate(
    id=identifier(identifier_pb2.LAUNCH_PLAN, "lp"), interface=interface({"x": INT}, {"o0": INT})
)


def of(node: workflow_pb2.Node, *before: workflow_pb2.Node, max_parallelism: int = 0) -> Driver:
    """An execution whose last node is `node`."""
    inputs = {"x": INT, "xs": list_of(INT)}
    closure = compiled(workflow("w", [*before, node], inputs=inputs), [T, MAPPED], [INNER], [PLAN])
    return Driver(closure, max_parallelism=max_parallelism, x=integer(1), xs=integers([1, 2]))


def timed(node: workflow_pb2.Node) -> workflow_pb2.Node:
    node.metadata.timeout.seconds = 10
    return node


def expanded() -> Driver:
    run = of(task_node("n1", T, x=1))
    run.expand("n1", compiled(INNER, [T]))
    return run


STANDINGS: dict[tuple[str, str], Callable[[], Driver]] = {
    **{("task", stage): make for stage, make in TASKS.items()},
    ("task", "graph"): expanded,
    ("gate", "approve"): lambda: of(approval_node("n1", timeout_s=10, o0=".x")),
    ("gate", "signal"): lambda: of(timed(signal_node("n1", INT))),
    ("gate", "sleep"): lambda: of(sleep_node("n1", 30)),
    ("launch_plan", "waits"): lambda: of(
        timed(launch_plan_node("n1", PLAN.id, x=1)), task_node("n0", T, x=1), max_parallelism=1
    ),
    ("launch_plan", "launched"): lambda: of(timed(launch_plan_node("n1", PLAN.id, x=1))),
    ("subworkflow", "open"): lambda: of(timed(sub_workflow_node("n1", INNER, x=1))),
    ("array", "open"): lambda: of(map_node("n1", MAPPED, x=".xs")),
    ("branch", "open"): lambda: of(
        branch_node("n1", [(comparison("v", "GT", 0), task_node("big", T, x=1))], error="no", v=".x")
    ),
}


def all_events(run: Driver) -> Iterator[facts.NodeEvent]:
    """One of each kind, about the last node of the workflow and what it has in flight."""
    node = len(run.plan.nodes) - 1
    cell = run.state.scopes[0].cells[node]
    gate = run.plan.nodes[node].gate
    attempt = cell.attempt if isinstance(cell, TaskCell) else 0
    yield facts.AttemptWaits(0, 0, node, attempt, "no room")
    yield facts.AttemptStarted(0, 0, node, attempt)
    for phase in get_args(ProgressPhase):
        yield facts.AttemptProgressed(0, 0, node, attempt, phase, logs=())
    yield facts.AttemptSucceeded(0, 0, node, attempt, b"")
    yield facts.GraphReturned(0, 0, node, attempt, "graph")
    yield facts.AttemptFailed(0, 0, node, attempt, TaskError("Boom", "it broke"))
    yield facts.CacheHit(0, 0, node, b"", "other/n0/0")
    yield facts.CacheMissed(0, 0, node)
    yield facts.CacheMissed(0, 0, node, reserved=True)
    yield facts.CacheAwaited(0, 0, node, "p/d/other/n0")
    for kind in get_args(facts.TimerKind):
        yield facts.TimerFired(cell.due_at, 0, node, attempt, kind)
    yield facts.SignalSet(0, gate.signal_id if gate is not None else "none", b"")
    yield facts.ChildEnded(0, cell.child if isinstance(cell, ChildCell) else "none")
