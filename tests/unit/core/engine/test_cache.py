"""The cache as a node meets it: look-ups, reservations, what is said of them."""

import msgspec
import pytest
from tests.graphs import INT, compiled, integer, integers, list_of, map_node, task, task_node, workflow
from tests.unit.core.engine.driver import Driver

from alula.core.engine.cells import Stage, TaskCell
from alula.core.engine.events import CacheMissed
from alula.core.engine.records import NodePhase
from alula.core.engine.step import accepts

T = task("t", cache_version="1", serialize=True, retries=1)
DOUBLE = workflow(
    "double", [task_node("a", T, x=".x"), task_node("b", T, x=".x")], outputs={"a": (INT, "a.o0"), "b": (INT, "b.o0")}
)
HOLDER = "p/d/first/a"


def double(*, timeout_s: int = 0, places: int = 0) -> Driver:
    """Two nodes that compute the same; the first has reserved it and runs, the second found it so."""
    template = task("t", cache_version="1", serialize=True, retries=1, timeout_s=timeout_s)
    run = Driver(compiled(DOUBLE, [template]), max_parallelism=places, x=integer(1))
    for node in ("a", "b"):
        run.miss(node)
    run.miss("a")
    if not places:
        run.wait_for("b", HOLDER)
    return run


def stage(run: Driver, node: int) -> Stage:
    cell = run.state.scopes[0].cells[node]
    assert isinstance(cell, TaskCell)
    return cell.stage


def holders(run: Driver) -> list[str]:
    """Who has let go of a reservation."""
    return [released.holder for released in run.released]


def test_a_result_is_reserved_before_an_attempt_is_submitted() -> None:
    run = Driver(compiled(DOUBLE, [T]), x=integer(1))
    assert (run.lookups["a"].holder, run.lookups["a"].wait) == ("", False)
    run.miss("a")
    assert not run.waiting
    assert run.lookups["a"].holder == HOLDER
    assert stage(run, 0) == "RESERVING"
    run.assert_replays()
    run.miss("a")
    assert set(run.waiting) == {"a"}


def test_an_answer_to_the_earlier_question_is_no_reservation() -> None:
    run = Driver(compiled(DOUBLE, [T]), x=integer(1))
    run.miss("a")
    again = CacheMissed(run.now, 0, 0)
    assert not accepts(run.state, again)
    assert accepts(run.state, msgspec.structs.replace(again, failed=True, reserved=True))


def test_equal_runs_need_not_wait_where_the_task_does_not_say_so() -> None:
    run = Driver(compiled(DOUBLE, [task("t", cache_version="1")]), x=integer(1))
    for node in ("a", "b"):
        run.miss(node)
    assert set(run.waiting) == {"a", "b"}


def test_who_overwrites_the_cache_reserves_nothing() -> None:
    run = Driver(compiled(DOUBLE, [T]), overwrite_cache=True, x=integer(1))
    assert set(run.waiting) == {"a", "b"}


def test_the_second_waits_and_takes_what_the_first_has_made() -> None:
    run = double()
    assert set(run.waiting) == {"a"}
    assert stage(run, 1) == "AWAITING"
    assert run.codes("b") == ["CacheMiss", "WaitsForCache"]
    assert run.lookups["b"].wait
    run.assert_replays()
    run.succeed("a", 7)
    assert holders(run) == [HOLDER]
    run.hit("b", 7)
    assert run.outputs() == {"a": integer(7), "b": integer(7)}


def test_a_result_that_came_while_a_place_was_waited_for_is_taken() -> None:
    run = double(places=1)
    assert stage(run, 1) == "BLOCKED"
    run.succeed("a", 7)
    run.hit("b", 7)
    assert run.state.running == 0
    assert run.outputs() == {"a": integer(7), "b": integer(7)}


def test_who_waits_for_another_has_no_place() -> None:
    run = double()
    assert run.state.running == 1
    run.miss("b")  # the other has come to nothing
    assert (stage(run, 1), run.state.running) == ("RESERVING", 2)


def test_who_has_waited_may_have_to_wait_for_a_place() -> None:
    two = workflow("two", [task_node("a", T, x=".x"), task_node("z", task("z"), x=".x")])
    run = Driver(compiled(two, [T, task("z")]), max_parallelism=1, x=integer(1))
    run.miss("a")
    assert stage(run, 0) == "BLOCKED"  # z has the place
    run.succeed("z")
    run.wait_for("a", "p/d/other/n0")
    assert run.state.running == 0
    run.miss("a")
    assert stage(run, 0) == "RESERVING"


def test_a_place_may_be_taken_while_another_is_waited_for() -> None:
    two = workflow("two", [task_node("a", T, x=".x"), task_node("y", T, x=2), task_node("z", task("z"), x="y.o0")])
    run = Driver(compiled(two, [T, task("z")]), max_parallelism=1, x=integer(1))
    run.miss("a")
    run.wait_for("a", "p/d/other/n0")
    run.hit("y", 2)
    assert set(run.waiting) == {"z"}
    run.miss("a")
    assert stage(run, 0) == "BLOCKED"


@pytest.mark.parametrize("kind", ["USER", "SYSTEM", "timeout"])
def test_every_try_reserves_anew(kind: str) -> None:
    run = double(timeout_s=100)
    run.started("a")
    if kind == "timeout":
        run.advance(101)
    else:
        run.fail("a", kind=kind, recoverable=True)
    run.advance(1)  # a back-off
    assert stage(run, 0) == "RESERVING"
    run.miss("a")
    assert run.waiting["a"].attempt == 1


def test_a_failed_attempt_lets_the_next_one_go_on() -> None:
    run = double()
    run.fail("a", recoverable=True)
    assert holders(run) == [HOLDER]
    assert stage(run, 0) == "RESERVING"
    run.miss("a")
    run.fail("a")
    assert holders(run) == [HOLDER, HOLDER]


def test_an_abort_lets_go_of_what_is_held() -> None:
    run = double()
    run.abort()
    assert holders(run) == [HOLDER]
    assert run.phase("b") is NodePhase.ABORTED
    assert run.state.running == 0


def test_who_runs_out_of_time_lets_go() -> None:
    run = double(timeout_s=10)
    run.advance(21)
    assert holders(run) == [HOLDER]
    assert run.phase("a") is NodePhase.TIMED_OUT


@pytest.mark.parametrize("end", ["abort", "time", "hit"])
def test_who_stops_asking_lets_go_of_what_it_may_have_been_given(end: str) -> None:
    run = Driver(compiled(DOUBLE, [task("t", cache_version="1", serialize=True, timeout_s=10)]), x=integer(1))
    run.miss("a")
    assert stage(run, 0) == "RESERVING"
    if end == "abort":
        run.abort()
    elif end == "time":
        run.advance(21)
    else:
        run.hit("a", 1)
    assert holders(run) == [HOLDER]


def test_a_dynamic_task_lets_go_when_it_has_made_its_graph() -> None:
    made = workflow("made", [task_node("dn0", task("plain"), x=".x")], outputs={"o0": (INT, "dn0.o0")})
    run = double()
    run.expand("a", compiled(made, [task("plain")]))
    assert holders(run) == [HOLDER]
    run.succeed("a-0-dn0", 3)
    assert len(run.published) == 1


def test_items_of_an_array_reserve_their_own() -> None:
    lists = list_of(INT)
    mapped = task("m", inputs={"x": lists}, outputs={"o0": lists}, cache_version="1", serialize=True)
    template = workflow("w", [map_node("n0", mapped, x=".x")], inputs={"x": lists}, outputs={"o0": (lists, "n0.o0")})
    run = Driver(compiled(template, [mapped]), x=integers([1, 2]))
    run.miss("n0[1]")
    assert run.lookups["n0[1]"].holder == "p/d/first/n0[1]"


@pytest.mark.parametrize(
    ("why", "text"),
    [
        ("input `x` changed from 2 to 1", "Against the nearest, which other/n0/0 made: input `x` changed from 2 to 1."),
        ("", "Nothing in the cache for these inputs."),
    ],
)
def test_a_miss_is_explained(why: str, text: str) -> None:
    run = Driver(compiled(DOUBLE, [T]), x=integer(1))
    run.miss("a", why=why)
    assert run.reasons[-1].text.endswith(text)
