"""Nodes that wait for the outside: gates and child executions."""

from flyteidl.core import identifier_pb2, literals_pb2, workflow_pb2
from tests.graphs import (
    INT,
    approval_node,
    compiled,
    identifier,
    integer,
    interface,
    launch_plan_node,
    literal_map,
    signal_node,
    sleep_node,
    task,
    task_node,
    workflow,
)
from tests.unit.core.engine.driver import Driver

from alula.core.engine.events import ChildEnded, SignalSet
from alula.core.engine.records import ExecutionPhase, NodePhase
from alula.core.engine.step import accepts, outstanding
from alula.core.errors import TaskError

T = task("t")


def boolean(value: bool) -> literals_pb2.Literal:
    return literals_pb2.Literal(scalar=literals_pb2.Scalar(primitive=literals_pb2.Primitive(boolean=value)))


def approving(timeout_s: int = 0) -> Driver:
    nodes = [
        task_node("n0", T, x=".x"),
        approval_node("n1", timeout_s=timeout_s, o0="n0.o0"),
        task_node("n2", T, x="n1.o0"),
    ]
    run = Driver(compiled(workflow("w", nodes), [T]), x=integer(1))
    run.succeed("n0", 5)
    return run


def test_an_approval_passes_the_inputs_on() -> None:
    run = approving()
    assert run.phase("n1") is NodePhase.RUNNING
    assert [(signal.signal_id, signal.value) for signal in run.signals] == [("n1-ok", None)]
    assert run.codes("n1") == ["WaitsForSignal"]
    run.assert_replays()
    run.answer("n1-ok", boolean(True))
    assert run.inputs_of("n2")["x"] == integer(5)
    assert run.signals[-1].principal == "somebody"


def test_a_rejection_fails_the_gate_and_names_who() -> None:
    run = approving()
    run.answer("n1-ok", boolean(False))
    assert run.result is not None and run.result.error is not None
    assert (run.result.error.code, run.result.error.message) == ("ReceivedRejectSignal", "somebody rejected `n1-ok`")


def test_a_gate_that_nobody_answers_in_time_has_timed_out() -> None:
    run = approving(timeout_s=10)
    run.assert_replays()
    run.advance(11)
    assert run.phase("n1") is NodePhase.TIMED_OUT
    assert not run.state.gates


def test_a_second_answer_means_nothing() -> None:
    run = approving()
    run.answer("n1-ok", boolean(True))
    assert not accepts(run.state, SignalSet(run.now, "n1-ok", boolean(False).SerializeToString()))


def test_a_signal_gives_its_value_and_time_opens_a_sleeping_gate() -> None:
    nodes = [signal_node("n0", INT), sleep_node("n1", 30), task_node("n2", T, x="n0.o0", after=["n1"])]
    run = Driver(compiled(workflow("w", nodes), [T]), x=integer(1))
    run.answer("n0-value", integer(9))
    assert "n2" not in run.waiting
    run.assert_replays()
    run.advance(31)
    assert run.inputs_of("n2")["x"] == integer(9)


def test_a_gate_that_asks_later_what_was_answered_has_its_answer_at_once() -> None:
    again = approval_node("n3", o0="n2.o0")
    again.gate_node.approve.signal_id = "n1-ok"
    nodes = [approval_node("n1", o0=".x"), task_node("n2", T, x="n1.o0"), again, task_node("n4", T, x="n3.o0")]
    run = Driver(compiled(workflow("w", nodes), [T]), x=integer(1))
    run.answer("n1-ok", boolean(True))
    run.succeed("n2", 5)
    assert run.phase("n3") is NodePhase.SUCCEEDED
    assert run.inputs_of("n4")["x"] == integer(5)
    run.assert_replays()


def test_an_answer_to_a_gate_that_has_stopped_waiting_is_kept_for_those_that_ask_later() -> None:
    early, late = approval_node("n1", timeout_s=10, o0=".x"), approval_node("n3", o0="n2.o0")
    early.gate_node.approve.signal_id = late.gate_node.approve.signal_id = "ok"
    nodes = [early, task_node("n2", T, x=".x"), late, task_node("n4", T, x="n3.o0")]
    run = Driver(compiled(workflow("w", nodes, run_on_failure=True), [T]), x=integer(1))
    assert not accepts(run.state, SignalSet(run.now, "other", boolean(True).SerializeToString()))
    run.advance(11)
    run.answer("ok", boolean(True))
    assert run.signals[-1].value == boolean(True).SerializeToString()
    assert not accepts(run.state, SignalSet(run.now, "ok", boolean(False).SerializeToString()))
    run.assert_replays()
    run.succeed("n2", 5)
    assert run.phase("n3") is NodePhase.SUCCEEDED
    assert run.inputs_of("n4")["x"] == integer(5)
    run.assert_replays()


def test_one_answer_opens_all_gates_of_its_signal_and_those_that_follow_them() -> None:
    nodes = [approval_node("n1", o0=".x"), approval_node("n2", o0=".x"), approval_node("n3", o0="n1.o0")]
    for node in nodes:
        node.gate_node.approve.signal_id = "ok"
    run = Driver(compiled(workflow("w", nodes), [T]), x=integer(1))
    run.answer("ok", boolean(True))
    assert run.state.phase is ExecutionPhase.SUCCEEDED
    assert run.replayed().phase is ExecutionPhase.SUCCEEDED


def test_an_abort_closes_the_gates() -> None:
    run = approving()
    run.abort()
    assert run.phase("n1") is NodePhase.ABORTED
    assert not run.state.gates


def launching(*, max_parallelism: int = 0) -> Driver:
    plan = workflow_pb2.LaunchPlanTemplate(
        id=identifier(identifier_pb2.LAUNCH_PLAN, "lp"), interface=interface({"x": INT}, {"o0": INT})
    )
    nodes = [
        launch_plan_node("n0", plan.id, x=".x"),
        launch_plan_node("n1", plan.id, x=".x"),
        task_node("n2", T, x="n0.o0"),
    ]
    return Driver(
        compiled(workflow("w", nodes), [T], launch_plans=[plan]), x=integer(1), max_parallelism=max_parallelism
    )


def test_a_launch_plan_node_starts_a_child_and_takes_its_outputs() -> None:
    run = launching()
    child = run.children["n0"]
    assert child.child != run.children["n1"].child
    assert (child.launch_plan.name, run.nodes["n0"].child) == ("lp", child.child)
    assert child in list(outstanding(run.replayed()))
    run.apply(ChildEnded(run.now, child.child, literal_map(o0=integer(3))))
    assert run.inputs_of("n2")["x"] == integer(3)


def test_a_childs_failure_fails_the_node_and_stops_its_siblings() -> None:
    run = launching()
    run.apply(ChildEnded(run.now, run.children["n0"].child, error=TaskError("Boom", "inside", node_id="n7")))
    assert run.result is not None and run.result.error is not None
    assert (run.result.error.code, run.result.error.node_id) == ("Boom", "n0")
    assert run.aborted_children == [run.children["n1"].child]


def test_an_abort_reaches_the_children() -> None:
    run = launching()
    run.abort()
    assert len(run.aborted_children) == 2
    assert not accepts(run.state, ChildEnded(run.now, run.children["n0"].child))


def test_children_take_places_under_max_parallelism() -> None:
    run = launching(max_parallelism=1)
    assert set(run.children) == {"n0"}
    run.assert_replays()
    run.apply(ChildEnded(run.now, run.children["n0"].child, literal_map(o0=integer(3))))
    assert set(run.children) == {"n0", "n1"}
    run.apply(ChildEnded(run.now, run.children["n1"].child, literal_map(o0=integer(3))))
    run.succeed("n2")
    assert run.state.phase is ExecutionPhase.SUCCEEDED
