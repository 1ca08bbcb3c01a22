"""Map tasks at the top level of a module: run by themselves, listed and registered."""

from __future__ import annotations

import sys
from functools import partial

import pytest
from flyteidl.core.literals_pb2 import LiteralMap

from alula import LaunchPlan, map_task, task, workflow
from alula.cli.load import declared, find
from alula.core.errors import InvalidInput
from alula.core.literals.text import outputs_text
from alula.sdk.authoring.alone import alone_by_its_variable
from alula.sdk.client.inputs import input_literals
from alula.sdk.local.run import run_entity
from alula.sdk.serialize import SerializationSettings, serialize
from alula.sdk.serialize.discovery import discover
from alula.sdk.store import NO_STORE

MODULE = sys.modules[__name__]
SETTINGS = SerializationSettings(version="v")


@task
def square(x: int) -> int:
    """Square it."""
    if x < 0:
        raise ValueError("negative")
    return x * x


@task
def scale(x: int, factor: float = 2.0) -> float:
    return x * factor


@task
def tell(x: int) -> None:
    print(x)


@workflow
def fourth(x: int) -> int:
    return square(x=square(x=x))


many = map_task(square)
some = map_task(square, concurrency=3, min_successes=1, run_all_sub_nodes=True)
scaled = map_task(partial(scale, factor=3.0))
both = map_task(scale)
told = map_task(tell)
fourths = map_task(fourth)
runs = map_task(LaunchPlan.create("tests.alone.plan", fourth))
number, nothing = 3, None
MAPS = ["many", "some", "scaled", "both", "told", "fourths", "runs"]


def run(name: str, **values: object) -> object:
    entity = find(MODULE, name)
    outcome = run_entity(entity, LiteralMap(literals=input_literals(entity, values, NO_STORE)))
    return outputs_text(outcome.outputs) if outcome.outputs is not None else outcome.error


@pytest.mark.parametrize(
    ("name", "values", "printed"),
    [
        ("many", {"x": [1, 2, 3]}, "[1, 4, 9]"),
        ("many", {"x": []}, "[]"),
        ("some", {"x": [-1, 2]}, "[null, 4]"),
        ("scaled", {"x": [1, 2]}, "[3.0, 6.0]"),
        ("both", {"x": [1, 2], "factor": [0.5, 1.0]}, "[0.5, 2.0]"),
        ("told", {"x": [1]}, ""),
        ("fourths", {"x": [2, 3]}, "[16, 81]"),
        ("runs", {"x": [2, 3]}, "[16, 81]"),
    ],
)
def test_a_map_task_runs_by_its_name(name: str, values: dict[str, object], printed: str) -> None:
    assert run(name, **values) == printed


def test_map_tasks_stand_among_what_a_module_declares() -> None:
    assert [name for name, each in declared(MODULE).items() if each.interface.kind == "map task"] == MAPS
    assert [name.rpartition(".")[2] for name in discover(MODULE).workflows] == ["fourth", *MAPS]


def test_inputs_that_are_bound_are_not_asked_for() -> None:
    interface = find(MODULE, "scaled").interface
    assert (list(interface.inputs), interface.docstring) == (["x"], scale.interface.docstring)


def test_what_is_registered_is_the_task_as_flytekit_writes_it_and_a_workflow_named_after_the_variable() -> None:
    written = serialize(find(MODULE, "some"), settings=SETTINGS)
    assert list(written.tasks) == [some.name]
    assert list(written.workflows) == list(written.launch_plans) == [f"{__name__}.some"]
    (node,) = written.workflows[f"{__name__}.some"].template.nodes
    array = node.array_node
    assert (array.parallelism, array.min_successes, array.run_all_sub_nodes) == (3, 1, True)
    assert array.node.task_node.reference_id.name == some.name


def test_a_program_that_has_only_the_object_finds_its_name() -> None:
    assert alone_by_its_variable(scaled).name == f"{__name__}.scaled"
    with pytest.raises(InvalidInput, match="not an attribute of module") as raised:
        alone_by_its_variable(map_task(tell))
    assert raised.value.code == "NotAtModuleLevel"


@pytest.mark.parametrize(
    ("name", "kind"),
    [("run", "a function"), ("number", "an int"), ("nothing", "None"), ("InvalidInput", "a class")],
)
def test_a_name_that_can_not_be_run_is_told_with_what_it_is(name: str, kind: str) -> None:
    with pytest.raises(InvalidInput, match=f"`{name}` in .*test_map_alone.py is {kind}: only tasks") as raised:
        find(MODULE, name)
    assert raised.value.code == "NotRunnable"
    assert bool(raised.value.fix) and ("@task" in raised.value.fix) is (name == "run")
