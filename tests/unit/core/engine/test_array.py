"""Array nodes: items, concurrency, how many must succeed, what comes out."""

import pytest
from tests.graphs import INT, compiled, integer, integers, list_of, map_node, optional, task, task_node, workflow
from tests.unit.core.engine.driver import Driver

from alula.core.engine.records import AttemptPhase, ExecutionPhase, NodePhase

LISTS = list_of(INT)
MAPPED = task("mapped", inputs={"x": LISTS}, outputs={"o0": LISTS}, retries=1)
TOLERANT = task("tolerant", inputs={"x": LISTS}, outputs={"o0": list_of(optional(INT))})


def mapped(size: int, *, max_parallelism: int = 0, **options: object) -> Driver:
    of = TOLERANT if "min_success_ratio" in options else MAPPED
    kind = of.interface.outputs.variables["o0"].type
    template = workflow(
        "w",
        [map_node("n0", of, x=".xs", **options)],  # pyright: ignore[reportArgumentType]
        inputs={"xs": LISTS},
        outputs={"o0": (kind, "n0.o0")},
    )
    closure = compiled(template, [of])
    return Driver(closure, max_parallelism=max_parallelism, xs=integers(range(size)))


def test_each_element_is_an_item_with_the_whole_inputs() -> None:
    run = mapped(3)
    assert set(run.waiting) == {"n0[0]", "n0[1]", "n0[2]"}
    assert run.inputs_of("n0[2]")["x"] == integers(range(3))
    assert run.nodes["n0"].is_array


def test_items_with_their_own_inputs() -> None:
    node = map_node("n0", MAPPED, x=".xs")
    node.array_node.data_mode = node.array_node.INDIVIDUAL_INPUT_FILES
    template = workflow("w", [node], inputs={"xs": LISTS}, outputs={"o0": (LISTS, "n0.o0")})
    run = Driver(compiled(template, [MAPPED]), xs=integers([4, 5]))
    assert run.inputs_of("n0[1]") == {"x": integer(5)}


def test_the_outputs_are_in_the_order_of_the_items() -> None:
    run = mapped(3)
    for item in (2, 0, 1):
        run.succeed(f"n0[{item}]", item * 10)
    assert run.outputs() == {"o0": integers([0, 10, 20])}
    assert run.attempts == {("n0", 0): AttemptPhase.SUCCEEDED}


def test_an_empty_list_maps_to_an_empty_list() -> None:
    run = mapped(0)
    assert run.state.phase is ExecutionPhase.SUCCEEDED
    assert run.outputs() == {"o0": integers([])}


def test_concurrency_bounds_the_items_in_flight() -> None:
    run = mapped(5, concurrency=2)
    done = 0
    while run.waiting:
        assert len(run.waiting) <= 2
        run.assert_replays()
        run.succeed(next(iter(run.waiting)), done)
        done += 1
    assert done == 5
    assert run.state.phase is ExecutionPhase.SUCCEEDED


def test_max_parallelism_bounds_them_too() -> None:
    run = mapped(5, max_parallelism=2)
    done = 0
    while run.waiting:
        assert len(run.waiting) <= 2
        run.succeed(next(iter(run.waiting)), done)
        done += 1
    assert done == 5


def test_an_item_has_its_own_retries() -> None:
    run = mapped(2)
    run.fail("n0[1]", recoverable=True)
    assert run.waiting["n0[1]"].attempt == 1
    assert run.items["n0", 1].phase is AttemptPhase.QUEUED
    run.succeed("n0[1]", 5)
    run.succeed("n0[0]", 4)
    assert run.outputs() == {"o0": integers([4, 5])}


def test_a_failed_item_fails_the_node_and_stops_the_others() -> None:
    run = mapped(3)
    run.fail("n0[1]")
    assert sorted(run.cancelled) == ["n0[0]", "n0[2]"]
    assert run.phase("n0") is NodePhase.FAILED
    assert run.result is not None and run.result.error is not None
    assert run.result.error.message == "item 1: n0[1] broke"


def test_tolerated_failures_leave_none_in_their_places() -> None:
    run = mapped(4, min_success_ratio=0.5)
    run.fail("n0[0]")
    run.fail("n0[3]")
    run.succeed("n0[1]", 1)
    run.succeed("n0[2]", 2)
    literals = run.outputs()["o0"].collection.literals
    assert [literal.scalar.union.value.scalar.WhichOneof("value") for literal in literals] == [
        "none_type",
        "primitive",
        "primitive",
        "none_type",
    ]
    assert literals[1].scalar.union.type.simple == INT.simple


def test_the_node_fails_as_soon_as_enough_successes_are_out_of_reach() -> None:
    run = mapped(4, min_success_ratio=0.75)
    run.fail("n0[0]")
    assert run.state.phase is ExecutionPhase.RUNNING
    run.fail("n0[1]")
    assert run.state.phase is ExecutionPhase.FAILED
    assert sorted(run.cancelled) == ["n0[2]", "n0[3]"]


@pytest.mark.parametrize("size", [0, 3])
def test_a_list_that_is_shorter_than_its_minimum_of_successes_fails_the_node_at_once(size: int) -> None:
    node = map_node("n0", TOLERANT, x=".xs")
    node.array_node.min_successes = 10
    run = Driver(compiled(workflow("w", [node], inputs={"xs": LISTS}), [TOLERANT]), xs=integers(range(size)))
    assert not run.waiting
    assert run.result is not None and run.result.error is not None
    assert run.result.error.code == "InvalidArrayLength"
    assert f"{size} items" in run.result.error.message


def test_run_all_waits_for_every_item_before_it_fails() -> None:
    run = mapped(3, run_all=True)
    run.fail("n0[0]")
    run.succeed("n0[1]")
    assert run.state.phase is ExecutionPhase.RUNNING
    run.succeed("n0[2]")
    assert run.state.phase is ExecutionPhase.FAILED


def test_lists_of_different_lengths_are_an_error_that_names_them() -> None:
    of = task("two", inputs={"x": LISTS, "y": LISTS}, outputs={"o0": LISTS})
    template = workflow("w", [map_node("n0", of, x=".xs", y=".ys")], inputs={"xs": LISTS, "ys": LISTS})
    run = Driver(compiled(template, [of]), xs=integers([1]), ys=integers([1, 2]))
    assert run.result is not None and run.result.error is not None
    assert run.result.error.code == "InvalidArrayLength"
    assert "x has 1, y has 2" in run.result.error.message


def test_a_bound_input_does_not_count() -> None:
    of = task("bound", inputs={"x": LISTS, "y": INT}, outputs={"o0": LISTS})
    template = workflow("w", [map_node("n0", of, bound=["y"], x=".xs", y=4)], inputs={"xs": LISTS})
    run = Driver(compiled(template, [of]), xs=integers([1, 2]))
    assert len(run.waiting) == 2


def test_items_are_cached_by_their_own_element() -> None:
    of = task("cached", inputs={"x": LISTS}, outputs={"o0": LISTS}, cache_version="1")
    template = workflow("w", [map_node("n0", of, x=".xs")], inputs={"xs": LISTS}, outputs={"o0": (LISTS, "n0.o0")})
    run = Driver(compiled(template, [of]), xs=integers([7, 8, 7]))
    digests = [run.lookups[f"n0[{item}]"].key.digest for item in range(3)]
    assert digests[0] == digests[2] != digests[1]
    run.hit("n0[0]", 70)
    run.miss("n0[1]")
    run.hit("n0[2]", 70)
    run.succeed("n0[1]", 80)
    assert run.outputs() == {"o0": integers([70, 80, 70])}


def test_an_abort_stops_the_items() -> None:
    run = mapped(3)
    run.succeed("n0[0]")
    run.abort()
    assert sorted(run.cancelled) == ["n0[1]", "n0[2]"]
    assert run.items["n0", 1].phase is AttemptPhase.ABORTED
    assert run.attempts["n0", 0] is AttemptPhase.ABORTED


@pytest.mark.parametrize("size", [0, 1, 30])
def test_an_array_replays_at_every_point(size: int) -> None:
    run = mapped(size, concurrency=4)
    while run.waiting:
        run.assert_replays()
        run.succeed(next(iter(run.waiting)), 1)
    run.assert_replays()


def test_a_node_after_an_array_gets_its_list() -> None:
    total = task("total", inputs={"xs": LISTS}, outputs={"o0": INT})
    template = workflow(
        "w",
        [map_node("n0", MAPPED, x=".xs"), task_node("n1", total, xs="n0.o0")],
        inputs={"xs": LISTS},
    )
    run = Driver(compiled(template, [MAPPED, total]), xs=integers([1, 2]))
    run.succeed("n0[0]", 1)
    run.succeed("n0[1]", 2)
    assert run.inputs_of("n1")["xs"] == integers([1, 2])


def test_what_is_no_list_is_the_same_for_all_items() -> None:
    scaled = task("scaled", inputs={"x": list_of(INT), "k": INT}, outputs={"o0": list_of(INT)})
    template = workflow("w", [map_node("n0", scaled, x=".xs", k=3)], inputs={"xs": list_of(INT)})
    run = Driver(compiled(template, [scaled]), xs=integers([1, 2]))
    assert sorted(run.waiting) == ["n0[0]", "n0[1]"]
