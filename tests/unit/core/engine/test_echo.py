"""Echo tasks: done by the engine, wherever a task may stand."""

import pytest
from flyteidl.core import interface_pb2, tasks_pb2, types_pb2
from tests.graphs import (
    INT,
    compiled,
    integer,
    integers,
    list_of,
    map_node,
    sub_workflow_node,
    task,
    task_node,
    workflow,
)
from tests.unit.core.engine.driver import Driver

from alula.core.compiler.errors import CompileErrors
from alula.core.compiler.task import compile_task
from alula.core.engine.records import AttemptPhase, CacheStatus, ExecutionPhase
from alula.core.policy.echo import renaming_of

TEXT = types_pb2.LiteralType(simple=types_pb2.STRING)
LISTS = list_of(INT)


def echo(*names: str, kind: types_pb2.LiteralType = INT, **options: object) -> tasks_pb2.TaskTemplate:
    outputs = {f"o{number}": kind for number in range(len(names))}
    template = task("echo", inputs=dict.fromkeys(names, kind), outputs=outputs, **options)  # type: ignore[arg-type]
    template.type = "echo"
    template.ClearField("container")
    return template


ECHO = echo("x")
CHAIN = workflow(
    "chain",
    [task_node("n0", ECHO, x=".x"), task_node("n1", ECHO, x="n0.o0")],
    outputs={"y": (INT, "n1.o0")},
)


def test_it_gives_its_inputs_back_without_an_attempt() -> None:
    run = Driver(compiled(CHAIN, [ECHO]), x=integer(7))
    assert run.outputs() == {"y": integer(7)}
    assert (run.attempts, run.waiting, run.codes("n0")) == ({}, {}, ["Echoed"])
    run.assert_replays()


def test_between_tasks_that_run() -> None:
    real = task("real")
    nodes = [task_node("n0", real, x=".x"), task_node("n1", ECHO, x="n0.o0"), task_node("n2", real, x="n1.o0")]
    run = Driver(compiled(workflow("w", nodes, outputs={"y": (INT, "n2.o0")}), [real, ECHO]), x=integer(1))
    run.succeed("n0", 5)
    assert run.inputs_of("n2") == {"x": integer(5)}
    run.assert_replays()
    run.succeed("n2", 6)
    assert run.outputs() == {"y": integer(6)}


def test_in_a_sub_workflow_and_with_few_places() -> None:
    around = workflow(
        "around",
        [sub_workflow_node(f"n{number}", CHAIN, x=".x") for number in range(3)],
        outputs={"y": (INT, "n2.y")},
    )
    run = Driver(compiled(around, [ECHO], [CHAIN]), max_parallelism=1, x=integer(3))
    assert run.outputs() == {"y": integer(3)}


def test_each_item_of_a_map_is_its_element() -> None:
    of = echo("x", kind=LISTS)
    template = workflow("w", [map_node("n0", of, x=".xs")], inputs={"xs": LISTS}, outputs={"y": (LISTS, "n0.o0")})
    run = Driver(compiled(template, [of]), xs=integers(range(100)))
    assert run.outputs() == {"y": integers(range(100))}
    assert run.items["n0", 99].phase is AttemptPhase.SUCCEEDED
    run.assert_replays()


def test_it_waits_for_a_place_as_any_task() -> None:
    real = task("real")
    nodes = [task_node("n0", real, x=".x"), task_node("n1", ECHO, x=".x")]
    run = Driver(
        compiled(workflow("w", nodes, outputs={"y": (INT, "n1.o0")}), [real, ECHO]), max_parallelism=1, x=integer(1)
    )
    assert run.codes("n1") == ["MaxParallelism"]
    run.succeed("n0")
    assert run.outputs() == {"y": integer(1)}


@pytest.mark.parametrize("serialize", [False, True])
def test_with_a_cache_it_asks_and_publishes_as_any_task(serialize: bool) -> None:
    of = echo("x", cache_version="1", serialize=serialize)
    template = workflow("w", [task_node("n0", of, x=".x")], outputs={"y": (INT, "n0.o0")})
    run = Driver(compiled(template, [of]), x=integer(2))
    run.miss("n0")
    if serialize:
        run.miss("n0")
    assert run.outputs() == {"y": integer(2)}
    assert run.nodes["n0"].cache_status is CacheStatus.POPULATED
    assert len(run.published) == 1
    assert len(run.released) == serialize
    again = Driver(compiled(template, [of]), x=integer(2))
    again.hit("n0", 2)
    assert again.outputs() == {"y": integer(2)}


def test_a_log_from_before_has_attempts_of_it() -> None:
    run = Driver(compiled(CHAIN, [ECHO]), echoes=False, x=integer(7))
    run.fail("n0", code="UnsupportedTask")
    assert run.state.phase is ExecutionPhase.FAILED
    run.assert_replays()


def test_numbered_outputs_count_by_their_numbers() -> None:
    renaming = renaming_of(echo(*"abcdefghijkl"))
    assert renaming is not None
    assert [after for _, after in renaming] == [f"o{number}" for number in range(12)]


@pytest.mark.parametrize("outputs", [{}, {"o0": TEXT}, {"o0": INT, "o1": INT}])
def test_what_does_not_correspond_is_refused_when_it_is_registered(outputs: dict[str, types_pb2.LiteralType]) -> None:
    template = echo("x")
    variables = {name: interface_pb2.Variable(type=kind) for name, kind in outputs.items()}
    template.interface.outputs.CopyFrom(interface_pb2.VariableMap(variables=variables))
    with pytest.raises(CompileErrors) as caught:
        compile_task(template)
    assert "can't give its inputs back" in str(caught.value)
