"""Maps over workflows and launch plans: declared, run here, and as they are written down."""

import functools

import pytest
from flyteidl.core.workflow_pb2 import ArrayNode

from alula import LaunchPlan, map_task, task, workflow
from alula.core.errors import InvalidInput
from alula.sdk.local.run import RunFailed
from alula.sdk.serialize import SerializationSettings, serialize


@task
def add(x: int, y: int) -> int:
    if x < 0:
        raise ValueError("negative")
    return x + y


@workflow
def twice(x: int, y: int = 1) -> int:
    return add(x=add(x=x, y=y), y=y)


plan = LaunchPlan.create("tests.map.plan", twice, fixed_inputs={"y": 100})


@workflow
def over_workflow(xs: list[int]) -> list[int]:
    return map_task(functools.partial(twice, y=10), concurrency=2)(x=xs)


@workflow
def over_plan(xs: list[int]) -> list[int]:
    return map_task(plan, run_all_sub_nodes=True)(x=xs)


@workflow
def tolerant(xs: list[int]) -> list[int | None]:
    return map_task(functools.partial(twice, y=1), min_success_ratio=0.5)(x=xs)


def array_of(name: str) -> ArrayNode:
    written = serialize(globals()[name], settings=SerializationSettings(version="v"))
    return written.workflows[f"{__name__}.{name}"].template.nodes[0].array_node


def test_items_run_in_order() -> None:
    assert over_workflow(xs=[1, 2, 3]) == [21, 22, 23]
    assert over_plan(xs=[1, 2]) == [201, 202]


def test_it_is_a_plain_loop_outside_a_workflow() -> None:
    assert map_task(plan)(x=[5]) == [205]


def test_failed_items_that_are_tolerated_are_none() -> None:
    assert tolerant(xs=[1, -1]) == [3, None]


def test_a_failed_item_fails_the_run_and_says_which_it_was() -> None:
    with pytest.raises(ValueError, match="negative"):
        over_workflow(xs=[1, -1])
    with pytest.raises((ValueError, RunFailed), match="negative"):
        over_plan(xs=[1, -1])


def test_a_workflow_is_written_as_a_sub_workflow_with_the_interface_of_one_item() -> None:
    array = array_of("over_workflow")
    assert array.node.workflow_node.sub_workflow_ref.name.endswith(".twice")
    assert array.is_original_sub_node_interface.value
    assert (array.execution_mode, array.parallelism, list(array.bound_inputs)) == (ArrayNode.FULL_STATE, 2, ["y"])


def test_a_launch_plan_is_written_by_its_reference() -> None:
    array = array_of("over_plan")
    assert array.node.workflow_node.launchplan_ref.name == "tests.map.plan"
    assert array.run_all_sub_nodes


def test_what_is_mapped_is_registered_too() -> None:
    written = serialize(over_plan, settings=SerializationSettings(version="v"))
    assert "tests.map.plan" in written.launch_plans
    assert [name.rsplit(".", 1)[-1] for name in written.tasks] == ["add"]


def test_fixed_inputs_can_not_be_bound() -> None:
    with pytest.raises(InvalidInput, match=r"launch plan `tests\.map\.plan` has no input `y` to bind"):
        map_task(functools.partial(plan, y=[1]))
