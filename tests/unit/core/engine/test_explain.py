"""What the platform answers to why a run, or a node of it, is as it is."""

from __future__ import annotations

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
    sub_workflow_node,
    task,
    task_node,
    workflow,
)
from tests.unit.core.engine.driver import Driver

from alula.core.engine.causes import Link, first_cause
from alula.core.engine.events import AttemptWaits
from alula.core.engine.explain import RunFacts, explain
from alula.core.engine.records import ExecutionPhase
from alula.core.errors import NotFound

T = task("lib.t", retries=1)
PAIR = task("lib.pair", inputs={"x": INT, "y": INT})
MAPPED = task("lib.mapped", inputs={"x": list_of(INT)}, outputs={"o0": list_of(INT)}, retries=1)
INNER = workflow("inner", [task_node("n0", T, x=".x")], outputs={"o0": (INT, "n0.o0")})
LAUNCHED = identifier(identifier_pb2.LAUNCH_PLAN, "launched")


def run_of(
    *nodes: workflow_pb2.Node, max_parallelism: int = 0, on: Driver | None = None, run_on_failure: bool = False
) -> Driver:
    """A run of these nodes; recovered `on` another, where one is given."""
    launched = workflow_pb2.LaunchPlanTemplate(id=LAUNCHED, interface=interface({"x": INT}, {"y": INT}))
    closure = compiled(workflow("w", nodes, run_on_failure=run_on_failure), [T, PAIR, MAPPED], [INNER], [launched])
    if on is not None:
        return on.recovered(closure)
    return Driver(closure, x=integer(1), max_parallelism=max_parallelism)


def chain() -> Driver:
    return run_of(task_node("n0", T, x=".x"), task_node("n1", T, x="n0.o0"), task_node("n2", T, x="n1.o0"))


def why(run: Driver, node_id: str = "", index: int = -1, *, items: int | None = None) -> Link:
    result = run.result
    facts = RunFacts(
        phase=run.state.phase,
        error=result.error if result is not None else None,
        abort_cause=(result and result.abort_cause) or "",
        abort_principal=(result and result.abort_principal) or "",
        plan=run.plan,
        graphs=run.state.graphs,
        nodes=run.nodes,
        reasons=run.reasons,
        item=run.items.get((node_id, index)),
        items=items,
    )
    return explain(facts, node_id, index)


def story(link: Link) -> list[str]:
    """Codes of the answer and of what is behind it, each with its node."""
    told = [f"{link.node_id}:{link.code}"]
    return told + [line for cause in link.because for line in story(cause)]


def test_what_has_not_begun_waits_for_what_runs_upstream() -> None:
    run = chain()
    run.started("n0")
    link = why(run, "n2")
    assert link.text == "n2 (t) waits for n1."
    assert story(link) == ["n2:WaitsForUpstream", "n1:WaitsForUpstream", "n0:NodeRuns"]


def test_the_run_waits_for_its_open_nodes() -> None:
    run = chain()
    run.started("n0")
    assert story(why(run)) == [":RunRuns", "n0:NodeRuns"]


def test_of_many_open_nodes_some_are_followed_and_the_rest_counted() -> None:
    run = run_of(*(task_node(f"n{number}", T, x=".x") for number in range(8)))
    link = why(run)
    assert [cause.node_id for cause in link.because] == ["n0", "n1", "n2", "n3", "n4", ""]
    assert link.because[-1].text == "and 3 more"


def test_a_node_without_a_place_says_so() -> None:
    run = run_of(task_node("n0", T, x=".x"), task_node("n1", T, x=".x"), max_parallelism=1)
    link = why(run, "n1")
    assert link.code == "MaxParallelism"
    assert "max_parallelism" in link.text and link.facts


def test_an_executor_says_what_an_attempt_waits_for() -> None:
    run = chain()
    action = run.waiting["n0"]
    run.apply(AttemptWaits(run.now, action.scope, action.node, 0, "waits for 2 CPU (0 of 2 are free)"))
    assert why(run, "n0").text == "n0 (t): waits for 2 CPU (0 of 2 are free)"
    run.started("n0")
    assert why(run, "n0").code == "NodeRuns"


def test_an_executor_says_how_a_running_attempt_gets_on() -> None:
    run = chain()
    run.report("n0", "RUNNING", "a job of far", handle=b"job")
    assert why(run, "n0").text.endswith(" is running: a job of far.")
    run.report("n0", "", "far does not answer", handle=b"job")
    assert why(run, "n0").text.endswith(" is running: far does not answer.")


def test_a_gate_says_whom_it_waits_for() -> None:
    run = run_of(approval_node("n0", x=".x"))
    assert story(why(run)) == [":RunRuns", "n0:WaitsForSignal"]
    assert "n0-ok" in why(run, "n0").text


def test_a_retry_tells_what_failed_before_it() -> None:
    run = chain()
    run.fail("n0", recoverable=True)
    run.started("n0")
    link = why(run, "n0")
    assert link.text.startswith("n0 (t) is running, attempt 2")
    assert [cause.text for cause in link.because] == [
        "Attempt 1 failed with Boom: n0 broke. Tries again after Boom: user retry 1 of 1."
    ]
    run.succeed("n0", 1)
    assert story(why(run, "n0")) == ["n0:NodeSucceeded", "n0:AttemptFailed"]


def test_a_retry_that_waits_for_its_time_says_so() -> None:
    run = chain()
    run.fail("n0", kind="SYSTEM", recoverable=True)
    assert story(why(run, "n0")) == ["n0:Retried"]


def test_a_failed_run_leads_to_the_attempt_that_failed_it() -> None:
    run = run_of(sub_workflow_node("n0", INNER, x=".x"), task_node("n1", T, x=".x"))
    run.fail("n0-0-n0", recoverable=True)
    run.fail("n0-0-n0")
    assert story(why(run)) == [":RunFailed", "n0-0-n0:NodeFailed", "n0-0-n0:AttemptFailed"]
    assert story(why(run, "n0")) == ["n0:NodeFailed", "n0-0-n0:NodeFailed", "n0-0-n0:AttemptFailed"]


def test_only_the_first_line_of_an_error_is_told() -> None:
    run = chain()
    run.fail("n0")
    assert "n0 broke" in why(run, "n0").text
    assert len(why(run, "n0").text.splitlines()) == 1


def test_what_is_stopped_or_never_begins_leads_to_the_node_that_failed() -> None:
    run = run_of(task_node("n0", T, x=".x"), task_node("n1", T, x=".x"), task_node("n2", T, x="n0.o0"))
    run.started("n1")
    run.fail("n0")
    assert story(why(run, "n1")) == ["n1:NodeAborted", "n0:NodeFailed"]
    assert story(why(run, "n2")) == ["n2:NotBegun", ":RunFailed", "n0:NodeFailed"]


def test_what_is_skipped_leads_to_the_node_that_failed() -> None:
    nodes = (task_node("n0", T, x=".x"), task_node("n1", T, x="n0.o0"), task_node("n2", T, x="n1.o0"))
    run = run_of(*nodes, task_node("n3", T, x=".x"), run_on_failure=True)
    run.fail("n0")
    assert story(why(run, "n2")) == ["n2:UpstreamFailed", "n0:NodeFailed"]


def test_what_is_inside_a_stopped_node_leads_to_it() -> None:
    run = run_of(task_node("n0", T, x=".x"), sub_workflow_node("n1", INNER, x=".x"))
    run.started("n1-0-n0")
    run.fail("n0")
    assert story(why(run, "n1-0-n0")) == ["n1-0-n0:NodeAborted", "n1:NodeAborted", "n0:NodeFailed"]


def test_an_aborted_run_says_who_and_why() -> None:
    run = chain()
    run.started("n0")
    run.abort("too dear")
    assert why(run).text == "The run was aborted by somebody: too dear."
    assert story(why(run, "n0")) == ["n0:NodeAborted", ":RunAborted"]
    assert story(why(run, "n2")) == ["n2:NotBegun", ":RunAborted"]


def test_a_cache_hit_names_its_source_and_a_miss_what_is_different() -> None:
    cached = task("cached", cache_version="1")
    for way in ("hit", "miss"):
        run = Driver(compiled(workflow("w", [task_node("n0", cached, x=".x")]), [cached]), x=integer(1))
        if way == "hit":
            run.hit("n0", 2)
            link = why(run, "n0")
            assert "without running" in link.text and story(link) == ["n0:NodeSucceeded", "n0:CacheHit"]
            assert "other/n0/0" in link.because[0].text
        else:
            run.miss("n0", why="x is 1 and was 2")
            run.succeed("n0", 2)
            link = why(run, "n0")
            assert story(link) == ["n0:NodeSucceeded", "n0:CacheMiss"]
            assert "x is 1 and was 2" in link.because[0].text


def test_a_wait_for_the_same_elsewhere_names_it() -> None:
    serial = task("serial", cache_version="1", serialize=True)
    run = Driver(compiled(workflow("w", [task_node("n0", serial, x=".x")]), [serial]), x=integer(1))
    run.miss("n0")
    run.wait_for("n0", "p/d/other/n3")
    link = why(run)
    assert story(link) == [":RunRuns", "n0:WaitsForCache", "n0:CacheMiss"]
    assert "p/d/other/n3" in link.because[0].text


def test_what_was_taken_over_says_from_where_and_what_was_not_why() -> None:
    first = chain()
    first.succeed("n0", 1)
    first.fail("n1")
    changed = run_of(task_node("n0", T, x=".x"), task_node("n1", T, x="n0.o0"), on=first)
    assert story(why(changed, "n0")) == ["n0:Recovered"]
    assert "first" in why(changed, "n0").text


def test_a_node_waits_for_the_execution_that_it_launched() -> None:
    run = run_of(launch_plan_node("n0", LAUNCHED, x=".x"))
    link = why(run)
    assert story(link) == [":RunRuns", "n0:WaitsForChild"]
    assert run.children["n0"].child in link.because[0].text


def test_inside_a_branch_and_a_sub_workflow_what_waits_is_found() -> None:
    case = comparison("x", "GT", 0)
    run = run_of(
        sub_workflow_node("n0", INNER, x=".x"),
        branch_node("n1", [(case, task_node("n1a", T, x="n0.o0"))], error="none", x="n0.o0"),
    )
    run.started("n0-0-n0")
    assert story(why(run, "n0")) == ["n0:WaitsForInner", "n0-0-n0:NodeRuns"]
    assert story(why(run, "n1")) == ["n1:WaitsForUpstream", "n0:WaitsForInner", "n0-0-n0:NodeRuns"]


def test_what_has_not_begun_inside_a_dynamic_task_waits_for_what_is_before_it() -> None:
    run = run_of(task_node("n0", T, x=".x"))
    graph = workflow("made", [task_node("a", T, x=".x"), task_node("b", T, x="a.o0")], inputs={"x": INT})
    run.expand("n0", compiled(graph, [T]))
    inner = next(iter(run.waiting)).removesuffix("a")
    link = why(run, f"{inner}b")
    assert story(link) == [f"{inner}b:WaitsForUpstream", f"{inner}a:NodeQueued"]


def test_an_item_tells_its_story_from_the_end() -> None:
    run = Driver(compiled(workflow("w", [map_node("n0", MAPPED, x=".x")], inputs={"x": list_of(INT)}), [MAPPED]),
                 x=integers([1, 2]))  # fmt: skip
    run.fail("n0[1]", recoverable=True)
    link = why(run, "n0", 1)
    assert story(link) == ["n0[1]:Retried"]
    assert why(run, "n0", 0).code == "NothingTold"


def test_an_item_that_succeeded_says_so_first_and_one_that_is_not_there_is_none() -> None:
    run = Driver(compiled(workflow("w", [map_node("n0", MAPPED, x=".x")], inputs={"x": list_of(INT)}), [MAPPED]),
                 x=integers([1, 2]))  # fmt: skip
    run.fail("n0[1]", recoverable=True)
    run.succeed("n0[1]", 1)
    assert story(why(run, "n0", 1, items=2)) == ["n0[1]:ItemSucceeded", "n0[1]:Retried"]
    with pytest.raises(NotFound, match=r"`n0` has no item 2: the last is 1"):
        why(run, "n0", 2, items=2)


def test_an_item_that_failed_says_with_which_error_before_what_was_told_of_it() -> None:
    run = Driver(compiled(workflow("w", [map_node("n0", MAPPED, x=".x")], inputs={"x": list_of(INT)}), [MAPPED]),
                 x=integers([1, 2]))  # fmt: skip
    run.fail("n0[1]", recoverable=True)
    run.fail("n0[1]")
    link = why(run, "n0", 1)
    assert story(link) == ["n0[1]:ItemFailed", "n0[1]:Retried"]
    assert link.text == "n0[1] failed with Boom (user error): n0[1] broke"
    assert link.facts["message"]
    assert first_cause(link) == link


@pytest.mark.parametrize(("node", "index"), [("nowhere", -1), ("n0", 3), ("nowhere", 0)])
def test_what_there_is_not_is_an_error_that_names_it(node: str, index: int) -> None:
    with pytest.raises(NotFound) as caught:
        why(chain(), node, index)
    assert node in str(caught.value)


def test_a_run_that_succeeded_is_counted() -> None:
    run = chain()
    for node in ("n0", "n1", "n2"):
        run.succeed(node, 1)
    assert run.state.phase is ExecutionPhase.SUCCEEDED
    assert why(run).text == "The run succeeded: 3 steps succeeded."


def test_where_the_failure_node_failed_too_both_failures_are_told() -> None:
    template = workflow("w", [task_node("n0", T, x=".x")])
    template.failure_node.CopyFrom(task_node("fn0", T, x=".x"))
    run = Driver(compiled(template, [T]), x=integer(1))
    run.fail("n0")
    run.fail("fn0")
    assert story(why(run)) == [":RunFailed", "fn0:NodeFailed", "n0:NodeFailed"]
