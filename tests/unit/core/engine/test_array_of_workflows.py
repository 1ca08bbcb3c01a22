"""Array nodes over sub-workflows and launch plans: items are nodes with rows of their own."""

from flyteidl.core import identifier_pb2, workflow_pb2
from tests.graphs import (
    INT,
    compiled,
    identifier,
    integer,
    integers,
    interface,
    list_of,
    map_workflow_node,
    optional,
    task,
    task_node,
    workflow,
)
from tests.unit.core.engine.driver import Driver

from alula.core.engine.records import ExecutionPhase, NodePhase

LISTS = list_of(INT)
T = task("t", retries=1)
SUB = workflow(
    "sub",
    [task_node("n0", T, x=".x"), task_node("n1", T, x="n0.o0")],
    inputs={"x": INT, "by": INT},
    outputs={"y": (INT, "n1.o0")},
)
PLAN = identifier(identifier_pb2.LAUNCH_PLAN, "plan")


def mapped(size: int, *, over: str = "workflow", max_parallelism: int = 0, **options: object) -> Driver:
    of = SUB if over == "workflow" else PLAN
    kind = list_of(optional(INT)) if "min_success_ratio" in options else LISTS
    array = map_workflow_node("n0", of, bound=["by"], x=".xs", by=7, **options)  # pyright: ignore[reportArgumentType]
    template = workflow("w", [array], inputs={"xs": LISTS}, outputs={"o0": (kind, "n0.y")})
    plan = workflow_pb2.LaunchPlanTemplate(id=PLAN, interface=interface({"x": INT, "by": INT}, {"y": INT}))
    closure = compiled(template, [T], [SUB], [plan])
    return Driver(closure, max_parallelism=max_parallelism, xs=integers(range(size)))


def test_each_item_is_a_node_with_its_own_inputs() -> None:
    run = mapped(2)
    assert set(run.waiting) == {"n0-0-n0-0-n0", "n0-0-n1-0-n0"}
    assert run.inputs_of("n0-0-n1-0-n0") == {"x": integer(1)}
    item = run.nodes["n0-0-n1"]
    assert (item.parent_id, item.spec_node_id, item.is_parent, item.phase) == ("n0", "n1", True, NodePhase.RUNNING)
    assert run.nodes["n0"].is_array and not run.nodes["n0"].is_parent


def test_the_outputs_are_in_the_order_of_the_items() -> None:
    run = mapped(2)
    for item in (1, 0):
        run.succeed(f"n0-0-n{item}-0-n0")
        run.assert_replays()
        run.succeed(f"n0-0-n{item}-0-n1", item * 10)
    assert run.outputs() == {"o0": integers([0, 10])}
    assert run.phase("n0-0-n0") is NodePhase.SUCCEEDED
    assert run.attempts.keys() == {(f"n0-0-n{item}-0-n{node}", 0) for item in (0, 1) for node in (0, 1)}


def test_concurrency_bounds_the_items_in_flight() -> None:
    run = mapped(3, concurrency=1)
    for item in range(3):
        assert set(run.waiting) == {f"n0-0-n{item}-0-n0"}
        run.succeed(f"n0-0-n{item}-0-n0")
        run.succeed(f"n0-0-n{item}-0-n1")
    assert run.state.phase is ExecutionPhase.SUCCEEDED


def test_a_failed_item_fails_the_array_and_stops_what_runs_in_the_others() -> None:
    run = mapped(3)
    run.succeed("n0-0-n2-0-n0")
    run.fail("n0-0-n1-0-n0")
    assert run.state.phase is ExecutionPhase.FAILED
    assert run.state.error is not None
    assert (run.state.error.node_id, run.state.error.message[:7]) == ("n0-0-n1-0-n0", "item 1:")
    assert [run.phase(f"n0-0-n{item}") for item in range(3)] == [
        NodePhase.ABORTED,
        NodePhase.FAILED,
        NodePhase.ABORTED,
    ]
    assert run.phase("n0-0-n2-0-n1") is NodePhase.ABORTED
    assert set(run.cancelled) == {"n0-0-n0-0-n0", "n0-0-n2-0-n1"}
    assert not run.waiting


def test_tolerated_failures_leave_none_in_their_places() -> None:
    run = mapped(2, min_success_ratio=0.5)
    run.fail("n0-0-n0-0-n0")
    run.succeed("n0-0-n1-0-n0")
    run.succeed("n0-0-n1-0-n1", 5)
    none, five = run.outputs()["o0"].collection.literals
    assert none.scalar.union.value.scalar.HasField("none_type")
    assert (five.scalar.union.value, five.scalar.union.type) == (integer(5), INT)
    assert run.state.phase is ExecutionPhase.SUCCEEDED


def test_each_item_of_a_launch_plan_is_an_execution_of_its_own() -> None:
    run = mapped(2, over="launch plan")
    assert set(run.children) == {"n0-0-n0", "n0-0-n1"}
    assert len({action.child for action in run.children.values()}) == 2
    run.assert_replays()
    run.child_ended("n0-0-n1", 11)
    assert run.phase("n0-0-n1") is NodePhase.SUCCEEDED
    assert run.nodes["n0-0-n1"].child == run.children["n0-0-n1"].child
    run.child_ended("n0-0-n0", 10)
    assert run.outputs() == {"o0": integers([10, 11])}


def test_the_executions_of_items_count_under_max_parallelism() -> None:
    run = mapped(3, over="launch plan", max_parallelism=2)
    assert set(run.children) == {"n0-0-n0", "n0-0-n1"}
    run.child_ended("n0-0-n0", 0)
    assert set(run.children) == {"n0-0-n0", "n0-0-n1", "n0-0-n2"}


def test_the_executions_of_items_are_aborted_with_the_array() -> None:
    run = mapped(2, over="launch plan")
    run.abort()
    assert sorted(run.aborted_children) == sorted(action.child for action in run.children.values())
    assert run.phase("n0-0-n0") is NodePhase.ABORTED


def test_more_successes_than_items_can_not_be() -> None:
    array = map_workflow_node("n0", SUB, bound=["by"], x=".xs", by=1)
    array.array_node.min_successes = 3
    template = workflow("w", [array], inputs={"xs": LISTS}, outputs={})
    run = Driver(compiled(template, [T], [SUB]), xs=integers([1, 2]))
    assert run.state.error is not None and run.state.error.code == "InvalidArrayLength"
