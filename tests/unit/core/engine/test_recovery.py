"""Taking over from an earlier execution: recovering what succeeded, and forking from a node."""

from collections.abc import Mapping
from typing import Any

from flyteidl.core import identifier_pb2, literals_pb2, tasks_pb2, workflow_pb2
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
    map_workflow_node,
    sub_workflow_node,
    task,
    task_node,
    workflow,
)
from tests.unit.core.engine.driver import Driver

from alula.core.engine.actions import Finish
from alula.core.engine.events import PlatformFailed
from alula.core.engine.records import AttemptPhase, ExecutionPhase, NodePhase
from alula.core.engine.step import outstanding
from alula.core.errors import TaskError
from alula.core.literals.offloading import OffloadRule

T = task("t", retries=1)
PAIR = task("pair", inputs={"x": INT, "y": INT})
CHAIN = workflow(
    "chain",
    [task_node("n0", T, x=".x"), task_node("n1", T, x="n0.o0"), task_node("n2", T, x="n1.o0")],
    outputs={"o0": (INT, "n2.o0")},
)
LISTS = list_of(INT)
MAPPED = task("mapped", inputs={"x": LISTS}, outputs={"o0": LISTS})
SHARING = task("sharing", inputs={"x": LISTS, "by": LISTS}, outputs={"o0": LISTS})


def chain(template: workflow_pb2.WorkflowTemplate = CHAIN) -> Driver:
    return Driver(compiled(template, [T, PAIR, MAPPED], [CHAIN]), x=integer(1))


def again(
    run: Driver,
    template: workflow_pb2.WorkflowTemplate = CHAIN,
    given: Mapping[str, literals_pb2.Literal] | None = None,
    **rules: Any,
) -> Driver:
    second = run.recovered(compiled(template, [T, PAIR, MAPPED], [CHAIN]), given=given, **rules)
    second.assert_replays()
    return second


def test_what_succeeded_is_taken_over_and_the_rest_runs() -> None:
    run = chain()
    run.succeed("n0", 10)
    run.fail("n1")
    second = again(run)
    assert set(second.waiting) == {"n1"}
    assert second.inputs_of("n1") == {"x": integer(10)}
    assert second.phase("n0") is NodePhase.RECOVERED
    assert ("n0", 0) not in second.attempts
    assert second.codes("n0") == ["Recovered"]
    second.succeed("n1", 11)
    second.succeed("n2", 12)
    assert second.outputs() == {"o0": integer(12)}


def test_an_execution_of_which_all_succeeded_ends_at_once() -> None:
    run = chain()
    for node in ("n0", "n1", "n2"):
        run.succeed(node, 5)
    second = again(run)
    assert second.state.phase is ExecutionPhase.SUCCEEDED
    assert second.outputs() == {"o0": integer(5)}
    second.assert_replays()


def test_one_that_would_end_at_once_and_was_ended_unread_has_failed() -> None:
    run = chain()
    for node in ("n0", "n1", "n2"):
        run.succeed(node, 5)
    second = again(run)
    error = TaskError("Internal", "its log could not be read", "SYSTEM")
    second.log.append(PlatformFailed(second.now, error))
    assert (second.replayed().phase, second.replayed().error) == (ExecutionPhase.FAILED, error)
    assert list(outstanding(second.replayed())) == [Finish(error)]


def test_what_was_skipped_or_aborted_runs() -> None:
    run = chain()
    run.succeed("n0", 10)
    run.abort()
    second = again(run)
    assert set(second.waiting) == {"n1"}


def test_inside_a_sub_workflow_that_failed() -> None:
    outer = workflow("outer", [sub_workflow_node("s", CHAIN, x=".x")], outputs={"o0": (INT, "s.o0")})
    run = chain(outer)
    run.succeed("s-0-n0", 10)
    run.fail("s-0-n1")
    second = again(run, outer)
    assert set(second.waiting) == {"s-0-n1"}
    assert second.phase("s-0-n0") is NodePhase.RECOVERED
    second.succeed("s-0-n1")
    second.succeed("s-0-n2", 3)
    assert second.outputs() == {"o0": integer(3)}


def test_a_sub_workflow_that_succeeded_is_taken_over_as_one() -> None:
    outer = workflow(
        "outer", [sub_workflow_node("s", CHAIN, x=".x"), task_node("z", T, x="s.o0")], outputs={"o0": (INT, "z.o0")}
    )
    run = chain(outer)
    for node in ("s-0-n0", "s-0-n1", "s-0-n2"):
        run.succeed(node, 6)
    run.fail("z")
    second = again(run, outer)
    assert second.phase("s") is NodePhase.RECOVERED
    assert "s-0-n0" not in second.nodes
    assert second.inputs_of("z") == {"x": integer(6)}


ARRAY = workflow("w", [map_node("n0", MAPPED, x=".x")], inputs={"x": LISTS}, outputs={"o0": (LISTS, "n0.o0")})


def test_items_of_an_array() -> None:
    run = Driver(compiled(ARRAY, [MAPPED]), x=integers([5, 6, 7]))
    run.succeed("n0[0]", 50)
    run.succeed("n0[2]", 70)
    run.fail("n0[1]")
    second = again(run, ARRAY)
    assert set(second.waiting) == {"n0[1]"}
    assert second.items["n0", 0].phase is AttemptPhase.SUCCEEDED
    second.succeed("n0[1]", 60)
    assert second.outputs() == {"o0": integers([50, 60, 70])}


def test_items_go_by_their_own_inputs() -> None:
    run = Driver(compiled(ARRAY, [MAPPED]), x=integers([5, 6, 7]))
    for item in range(3):
        run.succeed(f"n0[{item}]", item)
    second = again(run, ARRAY, {"x": integers([5, 9, 7])})
    assert set(second.waiting) == {"n0[1]"}


def test_items_that_are_workflows() -> None:
    listed = workflow(
        "listed", [map_workflow_node("n0", CHAIN, x=".x")], inputs={"x": LISTS}, outputs={"o0": (LISTS, "n0.o0")}
    )
    run = Driver(compiled(listed, [T], [CHAIN]), x=integers([5, 6]))
    for node in ("n0", "n1", "n2"):
        run.succeed(f"n0-0-n1-0-{node}", 60)
    run.fail("n0-0-n0-0-n0")
    second = again(run, listed)
    assert second.phase("n0-0-n1") is NodePhase.RECOVERED
    assert set(second.waiting) == {"n0-0-n0-0-n0"}


def dynamic() -> tuple[workflow_pb2.WorkflowTemplate, workflow_pb2.WorkflowTemplate]:
    outer = workflow("outer", [task_node("d", T, x=".x")], outputs={"o0": (INT, "d.o0")})
    made = workflow(
        "made", [task_node("dn0", T, x=".x"), task_node("dn1", T, x="dn0.o0")], outputs={"o0": (INT, "dn1.o0")}
    )
    return outer, made


def test_a_dynamic_task_goes_on_with_the_graph_that_it_made() -> None:
    outer, made = dynamic()
    run = chain(outer)
    run.fail("d", recoverable=True)
    run.expand("d", compiled(made, [T]))
    run.succeed("d-1-dn0", 4)
    run.fail("d-1-dn1")
    second = again(run, outer)
    assert set(second.waiting) == {"d-1-dn1"}
    assert second.phase("d") is NodePhase.DYNAMIC_RUNNING
    assert second.codes("d") == ["GraphRecovered"]
    assert second.phase("d-1-dn0") is NodePhase.RECOVERED
    second.fail("d-1-dn1")
    third = again(second, outer)
    assert set(third.waiting) == {"d-1-dn1"}
    third.succeed("d-1-dn1", 9)
    assert third.outputs() == {"o0": integer(9)}


PLAN = identifier(identifier_pb2.LAUNCH_PLAN, "plan")
TEMPLATE = workflow_pb2.LaunchPlanTemplate(id=PLAN, interface=interface({"x": INT}, {"y": INT}))


def test_a_child_that_failed_is_recovered_itself() -> None:
    outer = workflow("outer", [launch_plan_node("c", PLAN, x=".x")], outputs={"o0": (INT, "c.y")})
    closure = compiled(outer, [], [], [TEMPLATE])
    run = Driver(closure, x=integer(1))
    run.abort()
    second = run.recovered(closure)
    launched = second.children["c"]
    assert launched.recovers == run.children["c"].child
    assert launched.child != launched.recovers
    second.assert_replays()
    second.child_ended("c", 8)
    assert second.outputs() == {"o0": integer(8)}
    third = second.recovered(closure)
    assert third.nodes["c"].child == launched.child
    assert third.outputs() == {"o0": integer(8)}


BRANCHED = workflow(
    "branched",
    [
        branch_node(
            "b",
            [(comparison("v", "GT", 0), sub_workflow_node("big", CHAIN, x=".x"))],
            otherwise=task_node("small", T, x=".x"),
            v=".x",
        ),
        task_node("z", T, x="b.o0"),
    ],
    outputs={"o0": (INT, "z.o0")},
)


def test_inside_a_branch() -> None:
    run = chain(BRANCHED)
    run.succeed("b-0-b-big-0-n0", 2)
    run.fail("b-0-b-big-0-n1")
    second = again(run, BRANCHED)
    assert set(second.waiting) == {"b-0-b-big-0-n1"}
    for node in ("n1", "n2"):
        second.succeed(f"b-0-b-big-0-{node}", 3)
    second.fail("z")
    third = again(second, BRANCHED)
    assert third.phase("b") is NodePhase.RECOVERED
    assert third.inputs_of("z") == {"x": integer(3)}


def test_an_approval_holds_and_is_not_asked_for_again() -> None:
    gated = workflow("gated", [approval_node("g", o0=".x"), task_node("z", T, x="g.o0")], outputs={"o0": (INT, "z.o0")})
    run = chain(gated)
    approved = integer(0)
    approved.scalar.primitive.boolean = True
    run.answer("g-ok", approved)
    run.fail("z")
    second = again(run, gated)
    assert second.phase("g") is NodePhase.RECOVERED
    assert second.state.answers["g-ok"].principal == "somebody"
    assert set(second.waiting) == {"z"}


def test_an_answer_that_is_taken_over_is_for_the_gates_that_ask_again_too() -> None:
    """Whichever comes first: the gate that asks, or the one whose answer is taken over."""
    asked = [approval_node(name, o0=".x") for name in ("a", "b", "c")]
    for ask in asked:
        ask.gate_node.approve.signal_id = "ok"
    ends = [task_node(f"z{gate.id}", T, x=f"{gate.id}.o0") for gate in asked]
    gated = workflow("gated", [*asked, *ends], outputs={"o0": (INT, "za.o0")})
    run = chain(gated)
    approved = integer(0)
    approved.scalar.primitive.boolean = True
    run.answer("ok", approved)
    run.fail("za")
    for chosen in ("a", "c"):
        second = again(run, gated, again=(chosen,))
        assert second.phase(chosen) is NodePhase.SUCCEEDED
        assert second.phase("b") is NodePhase.RECOVERED
        assert set(second.waiting) == {"za", "zb", "zc"}


def test_the_failure_node_is_for_this_failure_not_for_an_earlier_one() -> None:
    template = workflow("w", [task_node("n0", T, x=".x")], outputs={"o0": (INT, "n0.o0")})
    template.failure_node.CopyFrom(task_node("fn0", T, x=".x"))
    run = chain(template)
    run.fail("n0")
    run.succeed("fn0")
    second = again(run, template)
    assert set(second.waiting) == {"n0"}
    second.fail("n0")
    assert set(second.waiting) == {"fn0"}


def test_a_checkpoint_of_what_did_not_succeed_is_gone_on_with() -> None:
    run = chain()
    run.succeed("n0")
    run.fail("n1", recoverable=True)
    run.fail("n1")
    second = again(run)
    assert second.waiting["n1"].checkpoint == "n1[-1]/1"
    second.fail("n1", recoverable=True)
    assert second.waiting["n1"].checkpoint == ""  # then its own
    items = Driver(compiled(ARRAY, [MAPPED]), x=integers([5, 6]))
    items.fail("n0[1]")
    assert again(items, ARRAY).waiting["n0[1]"].checkpoint == "n0[1]/0"


def test_what_an_earlier_recovery_did_not_come_to_is_not_lost() -> None:
    free = workflow(
        "free",
        [task_node("a", T, x=".x"), sub_workflow_node("s", CHAIN, x="a.o0"), task_node("z", T, x="s.o0")],
        outputs={"o0": (INT, "z.o0")},
    )
    run = chain(free)
    run.succeed("a", 1)
    run.succeed("s-0-n0", 2)
    run.abort()
    second = again(run, free)
    second.abort()  # before anything ran
    third = again(second, free)
    assert set(third.waiting) == {"s-0-n1"}
    assert third.reasons[0].facts == {"origin": "p/d/second"}


# Forks


def test_a_node_and_all_after_it_run_again() -> None:
    run = chain()
    for node in ("n0", "n1", "n2"):
        run.succeed(node, 5)
    second = again(run, again=("n1",))
    assert set(second.waiting) == {"n1"}
    assert second.phase("n0") is NodePhase.RECOVERED
    second.succeed("n1", 5)  # the same as before: what comes after runs all the same
    assert set(second.waiting) == {"n2"}


def test_from_a_node_inside_a_sub_workflow() -> None:
    outer = workflow(
        "outer",
        [task_node("a", T, x=".x"), sub_workflow_node("s", CHAIN, x="a.o0"), task_node("z", T, x="s.o0")],
        outputs={"o0": (INT, "z.o0")},
    )
    run = chain(outer)
    for node in ("a", "s-0-n0", "s-0-n1", "s-0-n2", "z"):
        run.succeed(node, 5)
    second = again(run, outer, again=("s-0-n1",), through=("s",))
    assert set(second.waiting) == {"s-0-n1"}
    assert [second.phase(node) for node in ("a", "s", "s-0-n0")] == [
        NodePhase.RECOVERED,
        NodePhase.RUNNING,
        NodePhase.RECOVERED,
    ]
    second.succeed("s-0-n1", 5)
    second.succeed("s-0-n2", 5)
    assert set(second.waiting) == {"z"}


def test_all_of_a_sub_workflow_runs_again_when_it_is_chosen() -> None:
    outer = workflow("outer", [sub_workflow_node("s", CHAIN, x=".x")], outputs={"o0": (INT, "s.o0")})
    run = chain(outer)
    for node in ("s-0-n0", "s-0-n1", "s-0-n2"):
        run.succeed(node, 5)
    assert set(again(run, outer, again=("s",)).waiting) == {"s-0-n0"}


def test_changed_inputs_run_what_depends_on_them() -> None:
    template = workflow(
        "w",
        [task_node("a", T, x=".x"), task_node("b", T, x=".y"), task_node("c", PAIR, x="a.o0", y="b.o0")],
        inputs={"x": INT, "y": INT},
        outputs={"o0": (INT, "c.o0")},
    )
    closure = compiled(template, [T, PAIR])
    run = Driver(closure, x=integer(1), y=integer(2))
    for node in ("a", "b", "c"):
        run.succeed(node, 5)
    second = run.recovered(closure, given={"y": integer(3)})
    assert second.phase("a") is NodePhase.RECOVERED
    assert set(second.waiting) == {"b"}
    assert second.codes("b") == ["RunsAgain"]
    assert second.reasons[-1].text == "Not taken over from p/d/first: input `x` changed."
    second.succeed("b", 5)  # the same as before, so that nothing after it has changed
    assert second.state.phase is ExecutionPhase.SUCCEEDED


def test_another_version_of_the_workflow_takes_over_what_is_the_same() -> None:
    run = chain()
    run.succeed("n0", 5)
    run.succeed("n1", 6)
    run.fail("n2")
    newer = tasks_pb2.TaskTemplate.FromString(T.SerializeToString())
    newer.id.version = "v2"
    other = workflow(
        "chain",
        [task_node("n0", newer, x=".x"), task_node("n1", PAIR, x="n0.o0", y=1), task_node("n2", newer, x="n1.o0")],
        outputs={"o0": (INT, "n2.o0")},
    )
    second = run.recovered(compiled(other, [newer, PAIR]))
    assert second.phase("n0") is NodePhase.RECOVERED
    assert set(second.waiting) == {"n1"}
    assert "it runs something else" in second.reasons[-1].text


def test_changes_of_tasks_are_for_the_chosen_nodes_and_what_is_inside_them() -> None:
    outer = workflow(
        "outer", [sub_workflow_node("s", CHAIN, x=".x"), task_node("z", T, x="s.o0")], outputs={"o0": (INT, "z.o0")}
    )
    run = chain(outer)
    for node in ("s-0-n0", "s-0-n1", "s-0-n2", "z"):
        run.succeed(node, 5)
    second = again(run, outer, again=("s",), overrides=b"changed")
    for node in ("s-0-n0", "s-0-n1", "s-0-n2"):
        assert second.waiting[node].overrides == b"changed"
        second.succeed(node)
    assert second.waiting["z"].overrides == b""


def test_what_a_fork_did_anew_does_not_come_back_from_before_it() -> None:
    run = chain()
    for node in ("n0", "n1", "n2"):
        run.succeed(node, 5)
    second = again(run, again=("n1",))
    second.fail("n1")
    third = again(second)
    assert third.phase("n0") is NodePhase.RECOVERED
    assert set(third.waiting) == {"n1"}


def test_what_is_inside_a_failure_node_is_for_this_failure_too() -> None:
    template = workflow("w", [task_node("n0", T, x=".x")])
    template.failure_node.CopyFrom(sub_workflow_node("fn0", CHAIN, x=".x"))
    run = chain(template)
    run.fail("n0")
    for node in ("fn0-0-n0", "fn0-0-n1", "fn0-0-n2"):
        run.succeed(node, 5)
    second = again(run, template)
    second.fail("n0")
    assert set(second.waiting) == {"fn0-0-n0"}


def test_items_that_a_fork_took_over_are_not_computed_by_its_recovery() -> None:
    nodes = [task_node("n0", T, x=".x"), map_node("n1", MAPPED, x=".xs")]
    template = workflow("w", nodes, inputs={"x": INT, "xs": LISTS}, run_on_failure=True)
    run = Driver(compiled(template, [T, MAPPED]), x=integer(1), xs=integers([1, 2]))
    run.succeed("n0", 1)
    run.succeed("n1[0]", 1)
    run.fail("n1[1]")
    fork = again(run, template, again=("n0",))
    assert set(fork.waiting) == {"n0", "n1[1]"}
    fork.succeed("n0", 1)
    fork.fail("n1[1]")
    assert set(again(fork, template).waiting) == {"n1[1]"}


def test_an_item_is_the_same_whether_what_all_items_share_is_at_hand_or_not() -> None:
    shared = map_node("n0", MAPPED, x=".x")
    items = map_node("n1", SHARING, bound=["by"], x=".x", by="n0.o0")
    template = workflow("w", [shared, items], inputs={"x": LISTS}, outputs={"o0": (LISTS, "n1.o0")})
    closure = compiled(template, [MAPPED, SHARING])
    run = Driver(closure, offload=OffloadRule("mem://values", 8), x=integers([1, 2]))
    run.succeed("n0[0]", 10)
    run.succeed("n0[1]", 20)  # this makes what the others share, and puts it aside
    run.succeed("n1[0]", 1)
    run.fail("n1[1]")
    second = run.recovered(closure)
    assert set(second.waiting) == {"n1[1]"}
    assert second.items["n1", 0].phase is AttemptPhase.SUCCEEDED
    second.assert_replays()
