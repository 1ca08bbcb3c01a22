"""Dynamic tasks: an attempt gives a graph, which runs under its node."""

from tests.graphs import INT, compiled, integer, task, task_node, workflow
from tests.unit.core.engine.driver import Driver

from alula.core.engine.records import AttemptPhase, CacheStatus, ExecutionPhase, NodePhase

T = task("t")


def dynamic(*, cache: str = "", retries: int = 0) -> Driver:
    of = task("d", cache_version=cache, retries=retries)
    template = workflow(
        "w", [task_node("n0", of, x=".x"), task_node("n1", T, x="n0.o0")], outputs={"o0": (INT, "n1.o0")}
    )
    return Driver(compiled(template, [of, T]), x=integer(1))


MADE = compiled(
    workflow("made", [task_node("dn0", T, x=".x"), task_node("dn1", T, x="dn0.o0")], outputs={"o0": (INT, "dn1.o0")}),
    [T],
)


def test_the_graph_runs_under_the_node_on_its_inputs_and_gives_its_outputs() -> None:
    run = dynamic()
    run.started("n0")
    run.expand("n0", MADE)
    assert run.phase("n0") is NodePhase.DYNAMIC_RUNNING
    assert run.nodes["n0"].is_dynamic and run.nodes["n0"].dynamic_uri == "graph"
    assert run.attempts["n0", 0] is AttemptPhase.SUCCEEDED
    assert run.inputs_of("n0-0-dn0")["x"] == integer(1)
    run.assert_replays()
    run.succeed("n0-0-dn0", 5)
    run.succeed("n0-0-dn1", 6)
    assert run.phase("n0") is NodePhase.SUCCEEDED
    assert run.inputs_of("n1")["x"] == integer(6)


def test_the_nodes_of_a_later_attempts_graph_have_its_number() -> None:
    run = dynamic(retries=1)
    run.fail("n0", recoverable=True)
    run.expand("n0", MADE)
    assert set(run.waiting) == {"n0-1-dn0"}


def test_a_failure_in_the_graph_fails_the_node() -> None:
    run = dynamic()
    run.expand("n0", MADE)
    run.fail("n0-0-dn0")
    assert run.phase("n0") is NodePhase.FAILED
    assert run.state.phase is ExecutionPhase.FAILED


def test_an_abort_reaches_the_graph() -> None:
    run = dynamic()
    run.expand("n0", MADE)
    run.abort()
    assert run.cancelled == ["n0-0-dn0"]
    assert run.phase("n0") is NodePhase.ABORTED


def test_what_the_graph_gave_is_cached_under_the_task() -> None:
    run = dynamic(cache="1")
    run.miss("n0")
    run.expand("n0", MADE)
    run.succeed("n0-0-dn0", 5)
    assert not run.published
    run.succeed("n0-0-dn1", 6)
    assert run.nodes["n0"].cache_status is CacheStatus.POPULATED
    assert len(run.published) == 1


def test_a_place_under_max_parallelism_is_free_again_while_the_graph_runs() -> None:
    of = task("d")
    template = workflow("w", [task_node("n0", of, x=".x")])
    run = Driver(compiled(template, [of]), max_parallelism=1, x=integer(1))
    run.expand("n0", MADE)
    assert set(run.waiting) == {"n0-0-dn0"}
