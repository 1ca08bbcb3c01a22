"""The failure node: it runs once the workflow has failed, and the execution still ends failed."""

from flyteidl.core import identifier_pb2, literals_pb2, types_pb2, workflow_pb2
from tests.graphs import (
    INT,
    compiled,
    identifier,
    integer,
    integers,
    interface,
    launch_plan_node,
    list_of,
    optional,
    sub_workflow_node,
    task,
    task_node,
    workflow,
)
from tests.present import failure, present
from tests.unit.core.engine.driver import Driver

from alula.core.engine.records import ExecutionPhase, NodePhase
from alula.core.errors import TaskError

T = task("t")
ERROR = types_pb2.LiteralType(simple=types_pb2.ERROR)
CLEAN = task("clean", inputs={"x": INT, "err": optional(ERROR)}, outputs={})


CLEAN_PLAN = workflow_pb2.LaunchPlanTemplate(
    id=identifier(identifier_pb2.LAUNCH_PLAN, "clean"), interface=interface({"x": INT, "err": optional(ERROR)}, {})
)


def guarded(handler: workflow_pb2.Node | None = None, *, run_on_failure: bool = False) -> workflow_pb2.WorkflowTemplate:
    nodes = [task_node("n0", T, x=".x"), task_node("n1", T, x=".x"), task_node("n2", T, x="n0.o0")]
    template = workflow("w", nodes, run_on_failure=run_on_failure)
    handler = handler or task_node("fn0", CLEAN, x=".x")
    none = handler.inputs.add(var="err")
    none.binding.scalar.union.value.scalar.none_type.SetInParent()
    none.binding.scalar.union.type.simple = types_pb2.NONE
    template.failure_node.CopyFrom(handler)
    return template


def started(*, run_on_failure: bool = False) -> Driver:
    return Driver(compiled(guarded(run_on_failure=run_on_failure), [T, CLEAN]), x=integer(1))


def failed_with(run: Driver) -> TaskError:
    """The error of a run that has failed."""
    ended = present(run.result)
    assert ended.phase is ExecutionPhase.FAILED
    return failure(ended)


def test_it_runs_after_a_failure_with_the_inputs_and_the_error() -> None:
    run = started()
    run.fail("n0")
    assert run.cancelled == ["n1"]
    assert run.state.phase is ExecutionPhase.FAILING
    assert run.result is not None and run.result.phase is ExecutionPhase.FAILING
    inputs = run.inputs_of("fn0")
    assert inputs["x"] == integer(1)
    error = inputs["err"].scalar.union.value.scalar.error
    assert (error.failed_node_id, error.message) == ("n0", "n0 broke")
    run.assert_replays()


def test_a_launch_plan_is_given_the_error_too() -> None:
    handler = launch_plan_node("fn0", CLEAN_PLAN.id, x=".x")
    run = Driver(compiled(guarded(handler), [T], launch_plans=[CLEAN_PLAN]), x=integer(1))
    run.fail("n0")
    inputs = literals_pb2.LiteralMap.FromString(run.children["fn0"].inputs).literals
    error = inputs["err"].scalar.union.value.scalar.error
    assert (error.failed_node_id, error.message) == ("n0", "n0 broke")
    run.child_ended("fn0", 1)
    assert failed_with(run).node_id == "n0"
    run.assert_replays()


def test_the_execution_ends_with_the_original_error_when_it_has_run() -> None:
    run = started()
    run.fail("n0")
    run.succeed("fn0", err=integer(0))
    assert run.phase("fn0") is NodePhase.SUCCEEDED
    assert failed_with(run).node_id == "n0"


def test_its_own_failure_is_the_executions_error() -> None:
    run = started()
    run.fail("n0")
    run.fail("fn0")
    assert failed_with(run).node_id == "fn0"


def test_it_does_not_run_when_nothing_fails_or_the_execution_is_aborted() -> None:
    run = started()
    run.abort()
    assert "fn0" not in run.nodes
    run = started()
    for node in ("n0", "n1", "n2"):
        run.succeed(node)
    assert run.state.phase is ExecutionPhase.SUCCEEDED and "fn0" not in run.nodes


def test_neither_does_it_when_the_platform_fails() -> None:
    run = started()
    run.give_up("incident 1234")
    assert failed_with(run).message == "incident 1234"
    assert run.phase("n1") is NodePhase.ABORTED and "fn0" not in run.nodes
    run.assert_replays()


def test_it_is_stopped_when_the_platform_fails() -> None:
    run = started()
    run.fail("n0")
    run.give_up("incident 1234")
    assert failed_with(run).message == "incident 1234"
    assert run.phase("fn0") is NodePhase.ABORTED
    run.assert_replays()


def test_with_run_on_failure_it_waits_for_the_rest() -> None:
    run = started(run_on_failure=True)
    run.fail("n0")
    assert "fn0" not in run.waiting
    run.succeed("n1")
    assert "fn0" in run.waiting


def test_an_abort_stops_it() -> None:
    run = started()
    run.fail("n0")
    run.abort()
    assert run.cancelled == ["n1", "fn0"]
    assert run.state.phase is ExecutionPhase.ABORTED


def test_a_sub_workflow_runs_its_own() -> None:
    outer = workflow("outer", [sub_workflow_node("n0", guarded(), x=3)])
    run = Driver(compiled(outer, [T, CLEAN], [guarded()]), x=integer(1))
    run.fail("n0-0-n0")
    assert set(run.waiting) == {"n0-0-fn0"}
    assert run.state.phase is ExecutionPhase.RUNNING
    run.succeed("n0-0-fn0", err=integer(0))
    assert run.state.phase is ExecutionPhase.FAILED


def test_places_of_what_was_stopped_are_free_again() -> None:
    inner = workflow("inner", [task_node("n0", T, x=".x"), task_node("n1", T, x=".x")])
    outer = workflow(
        "outer",
        [sub_workflow_node("n0", inner, x=3), task_node("n1", T, x=1), task_node("n2", T, x=2)],
        run_on_failure=True,
    )
    run = Driver(compiled(outer, [T], [inner]), max_parallelism=4, x=integer(1))
    run.fail("n0-0-n0")
    assert run.cancelled == ["n0-0-n1"]
    assert run.state.running == len(run.waiting) == 2
    for node in ("n1", "n2"):
        run.succeed(node)
    assert run.state.phase is ExecutionPhase.FAILED
    assert run.state.running == 0


def test_it_runs_too_when_the_outputs_of_the_workflow_are_not_there() -> None:
    lists = task("lists", outputs={"o0": list_of(INT)})
    template = workflow("w", [task_node("n0", lists, x=".x")], outputs={"y": (INT, "n0.o0")})
    template.outputs[0].binding.promise.attr_path.add(int_value=3)
    template.failure_node.CopyFrom(task_node("fn0", T, x=".x"))
    run = Driver(compiled(template, [lists, T]), x=integer(1))
    run.succeed("n0", o0=integers([1]))
    assert set(run.waiting) == {"fn0"}
    run.succeed("fn0")
    assert run.result is not None and run.result.error is not None
    assert run.result.error.code == "BindingResolutionFailure"
    run.assert_replays()
