"""Branch nodes: one case runs, the others leave no trace."""

import math

import pytest
from flyteidl.core import literals_pb2, types_pb2
from tests.graphs import (
    INT,
    branch_node,
    comparison,
    compiled,
    integer,
    integers,
    list_of,
    map_node,
    task,
    task_node,
    workflow,
)
from tests.unit.core.engine.driver import Driver

from alula.core.engine.events import Claimed
from alula.core.engine.records import ExecutionPhase, NodePhase

T = task("t")
FLOAT = types_pb2.LiteralType(simple=types_pb2.FLOAT)


def branching(x: int, *, error: str = "", nested: bool = False) -> Driver:
    big = task_node("big", T, x="n0.o0")
    if nested:
        big = branch_node(
            "deep", [(comparison("y", "EQ", 20), task_node("exact", T, x="n0.o0"))], error="not exact", y="n0.o0"
        )
    small = task_node("small", T, x="n1.o0")
    branch = branch_node(
        "n2",
        [(comparison("v", "GT", 10), big), (comparison("v", "GT", 5), small)],
        otherwise=None if error else task_node("other", T, x=1),
        error=error,
        v=".x",
    )
    nodes = [task_node("n0", T, x=".x"), task_node("n1", T, x=".x"), branch, task_node("n3", T, x="n2.o0")]
    return Driver(compiled(workflow("w", nodes, outputs={"o0": (INT, "n3.o0")}), [T]), x=integer(x))


def test_the_first_case_that_holds_runs_and_gives_the_outputs() -> None:
    run = branching(11)
    run.succeed("n0", 20)
    assert "n2-0-n2-big" not in run.waiting
    run.succeed("n1", 30)
    (chosen,) = run.waiting
    assert run.inputs_of(chosen)["x"] == integer(20)
    assert run.nodes[chosen].parent_id == "n2"
    run.assert_replays()
    run.succeed(chosen, 7)
    assert run.phase("n2") is NodePhase.SUCCEEDED
    assert run.inputs_of("n3")["x"] == integer(7)
    assert not any("small" in node or "other" in node for node in run.nodes)


def test_a_later_case_and_the_else_are_taken_in_their_turn() -> None:
    for value, expected in ((7, "small"), (1, "other")):
        run = branching(value)
        run.succeed("n0")
        run.succeed("n1")
        assert next(iter(run.waiting)).endswith(expected)


def test_where_no_case_holds_the_authors_error_fails_the_node() -> None:
    run = branching(1, error="too small")
    run.succeed("n0")
    run.succeed("n1")
    assert run.result is not None and run.result.error is not None
    assert (run.result.error.code, run.result.error.message) == ("UserProvidedError", "too small")


def test_a_failure_inside_fails_the_branch() -> None:
    run = branching(11)
    run.succeed("n0")
    run.succeed("n1")
    run.fail(next(iter(run.waiting)))
    assert run.phase("n2") is NodePhase.FAILED
    assert run.state.phase is ExecutionPhase.FAILED


def test_branches_nest() -> None:
    run = branching(11, nested=True)
    run.succeed("n0", 20)
    run.succeed("n1")
    (chosen,) = run.waiting
    assert chosen.endswith("exact")
    run.assert_replays()
    run.abort()
    assert run.cancelled == [chosen]


def test_a_failure_in_the_turn_in_which_a_scope_ended_stops_its_node() -> None:
    of = task("mapped", inputs={"x": list_of(INT)}, outputs={"o0": list_of(INT)})
    branch = branch_node("n1", [(comparison("v", "GT", 10), task_node("big", T, x=1))], error="too small", v=1)
    template = workflow("w", [map_node("n0", of, x=".xs"), branch], inputs={"xs": list_of(INT)})
    run = Driver(compiled(template, [T, of]), xs=integers([]))
    assert run.state.phase is ExecutionPhase.FAILED
    assert run.phase("n0") is NodePhase.ABORTED
    assert run.replayed().phase is ExecutionPhase.FAILED


def test_an_execution_that_ends_as_it_begins_can_be_claimed_all_the_same() -> None:
    branch = branch_node("n0", [(comparison("v", "GT", 10), task_node("big", T, x=1))], error="too small", v=".x")
    run = Driver(compiled(workflow("w", [branch]), [T]), x=integer(1))
    assert run.state.phase is ExecutionPhase.FAILED
    run.apply(Claimed(0, "runner"))
    run.assert_replays()


@pytest.mark.parametrize("operator", ["GT", "GTE", "LT", "LTE", "EQ"])
def test_what_is_not_a_number_is_in_no_order(operator: str) -> None:
    condition = comparison("f", operator, 0)
    condition.comparison.right_value.primitive.float_value = 1.0
    branch = branch_node("b", [(condition, task_node("yes", T, x=1))], otherwise=task_node("no", T, x=1), f=".f")
    nothing = literals_pb2.Literal()
    nothing.scalar.primitive.float_value = math.nan
    run = Driver(compiled(workflow("w", [branch], inputs={"f": FLOAT}), [T]), f=nothing)
    assert list(run.waiting) == ["b-0-b-no"]
