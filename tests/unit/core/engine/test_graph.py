"""Which nodes start when, what an end lets loose, and how the whole ends."""

from tests.graphs import INT, compiled, integer, sub_workflow_node, task, task_node, workflow
from tests.unit.core.engine.driver import Driver

from alula.core.engine.actions import Finish
from alula.core.engine.records import ExecutionPhase, NodePhase
from alula.core.engine.step import outstanding

T = task("t")


def diamond(*, run_on_failure: bool = False) -> Driver:
    nodes = [
        task_node("n0", T, x=".x"),
        task_node("n1", T, x="n0.o0"),
        task_node("n2", T, x="n0.o0"),
        task_node("n3", T, x="n1.o0", after=["n2"]),
        task_node("n4", T, x=7),
    ]
    template = workflow("w", nodes, outputs={"o0": (INT, "n3.o0")}, run_on_failure=run_on_failure)
    return Driver(compiled(template, [T]), x=integer(1))


def test_nodes_without_upstream_start_at_once() -> None:
    assert set(diamond().waiting) == {"n0", "n4"}


def test_a_node_starts_when_all_upstream_succeeded_with_their_outputs() -> None:
    run = diamond()
    run.succeed("n0", 5)
    assert set(run.waiting) == {"n1", "n2", "n4"}
    assert run.inputs_of("n1")["x"] == integer(5)
    run.succeed("n1", 6)
    assert "n3" not in run.waiting
    run.succeed("n2", 0)
    assert run.inputs_of("n3")["x"] == integer(6)


def test_the_execution_ends_with_the_bound_outputs_when_every_node_has_ended() -> None:
    run = diamond()
    for node in ("n0", "n1", "n2", "n3"):
        run.succeed(node, 9)
    assert run.state.phase is ExecutionPhase.RUNNING
    run.succeed("n4")
    assert run.state.phase is ExecutionPhase.SUCCEEDED
    assert run.outputs() == {"o0": integer(9)}
    assert run.history[-1] == Finish(None)


def test_the_first_failure_stops_everything_in_flight_and_names_its_node() -> None:
    run = diamond()
    run.fail("n0")
    assert run.cancelled == ["n4"]
    assert run.phase("n4") is NodePhase.ABORTED
    assert run.codes("n4") == ["NodeAborted"]
    assert run.result is not None and run.result.error is not None
    assert (run.result.phase, run.result.error.node_id) == (ExecutionPhase.FAILED, "n0")
    assert list(outstanding(run.state)) == [Finish(run.result.error)]


def test_with_run_on_failure_what_does_not_depend_on_the_failure_still_runs() -> None:
    run = diamond(run_on_failure=True)
    run.fail("n0")
    assert [run.phase(node) for node in ("n1", "n2", "n3")] == [NodePhase.SKIPPED] * 3
    assert run.codes("n3") == ["UpstreamFailed"]
    assert run.state.phase is ExecutionPhase.RUNNING
    run.succeed("n4")
    assert run.state.phase is ExecutionPhase.FAILED


def test_an_abort_ends_the_execution_by_the_log_alone() -> None:
    run = diamond()
    run.succeed("n0")
    run.abort("wrong data")
    assert sorted(run.cancelled) == ["n1", "n2", "n4"]
    assert run.result is not None
    assert (run.result.phase, run.result.abort_cause) == (ExecutionPhase.ABORTED, "wrong data")
    run.assert_replays()


def test_a_sub_workflow_runs_as_a_graph_of_its_own_under_its_node() -> None:
    inner = workflow("inner", [task_node("n0", T, x=".x")], outputs={"o0": (INT, "n0.o0")})
    outer = workflow(
        "outer",
        [sub_workflow_node("n0", inner, x=3), task_node("n1", T, x="n0.o0")],
        outputs={"o0": (INT, "n1.o0")},
    )
    run = Driver(compiled(outer, [T], [inner]), x=integer(1))
    assert set(run.waiting) == {"n0-0-n0"}
    assert run.inputs_of("n0-0-n0")["x"] == integer(3)
    assert (run.nodes["n0-0-n0"].parent_id, run.nodes["n0-0-n0"].spec_node_id) == ("n0", "n0")
    assert run.nodes["n0"].is_parent
    run.assert_replays()
    run.succeed("n0-0-n0", 4)
    assert run.phase("n0") is NodePhase.SUCCEEDED
    assert run.inputs_of("n1")["x"] == integer(4)


def test_a_failure_in_a_sub_workflow_fails_its_node_with_the_inner_error() -> None:
    inner = workflow("inner", [task_node("n0", T, x=".x"), task_node("n1", T, x=".x")])
    outer = workflow("outer", [sub_workflow_node("n0", inner, x=3)])
    run = Driver(compiled(outer, [T], [inner]), x=integer(1))
    run.fail("n0-0-n1")
    assert run.cancelled == ["n0-0-n0"]
    assert run.phase("n0") is NodePhase.FAILED
    assert run.result is not None and run.result.error is not None
    assert run.result.error.node_id == "n0-0-n1"


def test_an_abort_reaches_into_sub_workflows() -> None:
    inner = workflow("inner", [task_node("n0", T, x=".x")])
    outer = workflow("outer", [sub_workflow_node("n0", inner, x=3)])
    run = Driver(compiled(outer, [T], [inner]), x=integer(1))
    run.abort()
    assert run.cancelled == ["n0-0-n0"]
    assert run.phase("n0-0-n0") is NodePhase.ABORTED
    assert run.phase("n0") is NodePhase.ABORTED


def test_max_parallelism_holds_across_graphs_and_hands_places_on_in_order() -> None:
    inner = workflow("inner", [task_node("n0", T, x=".x"), task_node("n1", T, x=".x")])
    outer = workflow("outer", [sub_workflow_node("n0", inner, x=3), task_node("n1", T, x=1)])
    run = Driver(compiled(outer, [T], [inner]), max_parallelism=1, x=integer(1))
    order = []
    while run.waiting:
        assert len(run.waiting) == 1
        (node,) = run.waiting
        order.append(node)
        run.assert_replays()
        run.succeed(node)
    assert sorted(order) == ["n0-0-n0", "n0-0-n1", "n1"]
    assert run.state.phase is ExecutionPhase.SUCCEEDED


def test_a_missing_output_fails_the_node_that_needs_it() -> None:
    template = workflow("w", [task_node("n0", T, x=1), task_node("n1", T, x="n0.o0")])
    run = Driver(compiled(template, [T]), x=integer(1))
    run.succeed("n0", wrong=integer(1))
    assert run.result is not None and run.result.error is not None
    assert run.result.error.code == "BindingResolutionFailure"
    assert run.result.error.node_id == "n1"
