"""The first cause of what failed and of what waits, of every kind: the sentence that the run's page begins with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest
from flyteidl.core import literals_pb2
from tests.graphs import (
    INT,
    approval_node,
    branch_node,
    comparison,
    compiled,
    integer,
    integers,
    launch_plan_node,
    list_of,
    map_node,
    map_workflow_node,
    signal_node,
    sleep_node,
    sub_workflow_node,
    task,
    task_node,
    workflow,
)
from tests.unit.core.engine.driver import Driver
from tests.unit.core.engine.test_explain import INNER, LAUNCHED, MAPPED, T, chain, run_of, why

from alula.core.engine.causes import Link, first_cause
from alula.core.engine.events import AttemptWaits, ChildEnded
from alula.core.errors import TaskError
from alula.core.fixes import FIXES
from alula.core.policy.retries import last_error

TIMED = task("lib.timed", timeout_s=60)


class Case(NamedTuple):
    """A run, made so that it has one first cause."""

    name: str
    made: Callable[[], Driver]
    node: str
    """The node that the cause is about; empty for the run."""
    code: str
    said: str
    """A part of the sentence."""


def every(link: Link) -> Iterator[Link]:
    yield link
    for cause in link.because:
        yield from every(cause)


def failing(code: str, *, kind: str = "USER") -> Callable[[], Driver]:
    """A step between others fails with an error of this code, for good."""

    def made() -> Driver:
        run = chain()
        run.succeed("n0", 1)
        run.fail("n1", code=code, kind=kind)
        return run

    return made


def retried_out() -> Driver:
    run = chain()
    run.fail("n0", recoverable=True)
    run.fail("n0", recoverable=True)
    return run


def system_retried_out() -> Driver:
    run = chain()
    for _ in range(4):
        run.fail("n0", kind="SYSTEM", recoverable=True, code="Interrupted")
        run.advance(600)
    return run


def inside_sub_workflow() -> Driver:
    run = run_of(sub_workflow_node("n0", INNER, x=".x"), task_node("n1", T, x="n0.o0"))
    run.fail("n0-0-n0")
    return run


def inside_branch() -> Driver:
    run = run_of(branch_node("n0", [(comparison("x", "GT", 0), task_node("n0a", T, x=".x"))], error="none", x=".x"))
    run.fail(next(iter(run.waiting)))
    return run


def inside_dynamic() -> Driver:
    run = run_of(task_node("n0", T, x=".x"))
    run.expand("n0", compiled(workflow("made", [task_node("a", T, x=".x")], inputs={"x": INT}), [T]))
    run.fail(next(iter(run.waiting)))
    return run


def item() -> Driver:
    run = mapping()
    run.fail("n0[1]", code="OOMKilled")
    return run


def mapping(*values: int, ratio: float = 1.0) -> Driver:
    nodes = [map_node("n0", MAPPED, x=".x", min_success_ratio=ratio)]
    graph = workflow("w", nodes, inputs={"x": list_of(INT)})
    return Driver(compiled(graph, [MAPPED]), x=integers(values or (1, 2)))


def too_few_items() -> Driver:
    run = mapping(1, 2, 3, ratio=0.6)
    for index in (0, 2):
        run.fail(f"n0[{index}]")
    return run


def lists_of_two_lengths() -> Driver:
    two = task("lib.two", inputs={"x": list_of(INT), "y": list_of(INT)}, outputs={"o0": list_of(INT)})
    graph = workflow("w", [map_node("n0", two, x=".x", y=".y")], inputs={"x": list_of(INT), "y": list_of(INT)})
    return Driver(compiled(graph, [two]), x=integers([1, 2]), y=integers([1]))


def item_of_workflows() -> Driver:
    inner = workflow("inner", [task_node("n0", T, x=".x")], outputs={"o0": (INT, "n0.o0")})
    graph = workflow("w", [map_workflow_node("n0", inner, x=".x")], inputs={"x": list_of(INT)})
    run = Driver(compiled(graph, [T], [inner]), x=integers([1, 2]))
    run.fail(next(id for id in run.waiting if "1" in id.split("-")[2]))
    return run


def own_error() -> Driver:
    case = comparison("x", "GT", 5), task_node("n0a", T, x=".x")
    return run_of(branch_node("n0", [case], error="x is too small", x=".x"))


def rejected() -> Driver:
    run = run_of(approval_node("n0", x=".x"))
    no = literals_pb2.Literal()
    no.scalar.primitive.boolean = False
    run.answer("n0-ok", no)
    return run


def unanswered() -> Driver:
    run = run_of(approval_node("n0", timeout_s=60, x=".x"))
    run.advance(61)
    return run


def child_failed() -> Driver:
    run = run_of(launch_plan_node("n0", LAUNCHED, x=".x"))
    run.apply(ChildEnded(run.now, run.children["n0"].child, error=TaskError("Boom", "inside", node_id="n7")))
    return run


def out_of_time() -> Driver:
    run = Driver(compiled(workflow("w", [task_node("n0", TIMED, x=".x")]), [TIMED]), x=integer(1))
    run.started("n0")
    run.advance(3_600)
    return run


def output_missing() -> Driver:
    run = chain()
    run.succeed("n0", wrong=integer(1))
    return run


def given_up() -> Driver:
    run = chain()
    run.give_up("a fault of the platform")
    return run


def aborted() -> Driver:
    run = chain()
    run.abort("too dear")
    return run


def handler_failed() -> Driver:
    template = workflow("w", [task_node("n0", T, x=".x")])
    template.failure_node.CopyFrom(task_node("fn0", T, x=".x"))
    run = Driver(compiled(template, [T]), x=integer(1))
    run.fail("n0")
    run.fail("fn0", code="Worse")
    return run


FAILURES = (
    Case("an exception", failing("USER:ValueError"), "n1", "NodeFailed", "USER:ValueError (user error): n1 broke"),
    Case("memory", failing("OOMKilled"), "n1", "NodeFailed", "OOMKilled"),
    Case("an exit code", failing("ExitCode"), "n1", "NodeFailed", "ExitCode"),
    Case("the system", failing("EnvironmentFailed", kind="SYSTEM"), "n1", "NodeFailed", "(system error)"),
    Case("retries that are spent", retried_out, "n0", "NodeFailed", "Boom (user error, no retries left): n0 broke"),
    Case(
        "retries of the system that are spent", system_retried_out, "n0", "NodeFailed", "system error, no retries left"
    ),
    Case("the timeout of a step", out_of_time, "n0", "NodeFailed", "Timeout"),
    Case("a step of a sub-workflow", inside_sub_workflow, "n0-0-n0", "NodeFailed", "n0-0-n0 broke"),
    Case("the case of a choice", inside_branch, "n0-0-n0-n0a", "NodeFailed", "n0-0-n0-n0a broke"),
    Case("a choice with an error of its own", own_error, "n0", "NodeFailed", "x is too small"),
    Case("a step of a dynamic task", inside_dynamic, "n0-0-a", "NodeFailed", "n0-0-a broke"),
    Case("an item", item, "n0", "NodeFailed", "n0[1] broke"),
    Case("too few items", too_few_items, "n0", "NodeFailed", "broke"),
    Case("lists of two lengths", lists_of_two_lengths, "n0", "NodeFailed", "InvalidArrayLength"),
    Case("a step of an item", item_of_workflows, "n0-0-n1-0-n0", "NodeFailed", "broke"),
    Case("a gate that was rejected", rejected, "n0", "NodeFailed", "somebody rejected `n0-ok`"),
    Case("a gate without an answer", unanswered, "n0", "NodeFailed", "timed out"),
    Case("a child", child_failed, "n0", "NodeFailed", "inside"),
    Case("an output that is missing", output_missing, "n1", "NodeFailed", "BindingResolutionFailure"),
    Case("a failure handler", handler_failed, "fn0", "NodeFailed", "Worse"),
    Case("the platform", given_up, "", "RunFailed", "a fault of the platform"),
    Case("an abort", aborted, "", "RunAborted", "by somebody: too dear"),
)


def without_a_place() -> Driver:
    run = run_of(*(task_node(f"n{number}", T, x=".x") for number in range(2)), max_parallelism=1)
    run.started("n0")
    return run


def executor_says(code: str) -> Callable[[], Driver]:
    def made() -> Driver:
        run = chain()
        run.report("n0", code, "waits for 2 CPU (0 of 2 are free)")  # pyright: ignore[reportArgumentType]
        return run

    return made


def before_retry() -> Driver:
    run = chain()
    run.fail("n0", kind="SYSTEM", recoverable=True)
    return run


def awaits_cache() -> Driver:
    serial = task("serial", cache_version="1", serialize=True)
    run = Driver(compiled(workflow("w", [task_node("n0", serial, x=".x")]), [serial]), x=integer(1))
    run.miss("n0")
    run.wait_for("n0", "p/d/other/n3")
    return run


def upstream() -> Driver:
    run = chain()
    run.started("n0")
    return run


def inside() -> Driver:
    run = run_of(sub_workflow_node("n0", INNER, x=".x"))
    run.started("n0-0-n0")
    return run


def told_to_wait() -> Driver:
    run = chain()
    action = run.waiting["n0"]
    run.apply(AttemptWaits(run.now, action.scope, action.node, 0, "waits for 2 CPU (0 of 2 are free)"))
    return run


WAITS = (
    Case("an approval", lambda: run_of(approval_node("n0", x=".x")), "n0", "WaitsForSignal", "n0-ok"),
    Case("a value", lambda: run_of(signal_node("n0", INT)), "n0", "WaitsForSignal", "n0-value"),
    Case("a time", lambda: run_of(sleep_node("n0", 60)), "n0", "Sleeping", ""),
    Case("a child", lambda: run_of(launch_plan_node("n0", LAUNCHED, x=".x")), "n0", "WaitsForChild", "execution"),
    Case("a retry", before_retry, "n0", "Retried", "Tries again after Boom"),
    Case("the same elsewhere", awaits_cache, "n0", "WaitsForCache", "p/d/other/n3"),
    Case("resources", executor_says("WAITING_FOR_RESOURCES"), "n0", "WaitsForResources", "2 CPU"),
    Case("an executor", told_to_wait, "n0", "WaitsForExecutor", "2 CPU"),
    Case("what is upstream", upstream, "n0", "NodeRuns", "is running"),
    Case("what is inside", inside, "n0-0-n0", "NodeRuns", "is running"),
    Case("an executor that has it", chain, "n0", "NodeQueued", "about to begin"),
)


@pytest.mark.parametrize("case", (*FAILURES, *WAITS), ids=lambda case: case.name)
def test_the_first_cause_is_found_and_said(case: Case) -> None:
    run = case.made()
    cause = first_cause(why(run))
    assert (cause.node_id, cause.code) == (case.node, case.code)
    assert case.said in cause.text
    assert len(cause.text.splitlines()) == 1


@pytest.mark.parametrize("case", FAILURES, ids=lambda case: case.name)
def test_the_first_cause_alone_says_what_to_do(case: Case) -> None:
    link = why(case.made())
    first = first_cause(link)
    assert [each for each in every(link) if each.fix] in ([first], [])
    known = last_error(TaskError(first.facts.get("error", ""), "")).code
    assert bool(first.fix) == (known in FIXES or known.startswith("USER:"))


def test_a_step_without_a_place_says_who_has_it() -> None:
    cause = first_cause(why(without_a_place(), "n1"))
    assert (cause.code, cause.node_id) == ("MaxParallelism", "n1")
    assert "max_parallelism" in cause.text


def test_a_step_far_below_leads_to_the_same_cause_as_the_run() -> None:
    run = upstream()
    assert first_cause(why(run, "n2")) == first_cause(why(run))


def test_there_are_as_many_kinds_as_were_asked_for() -> None:
    assert (len(FAILURES), len(WAITS)) >= (20, 10)
