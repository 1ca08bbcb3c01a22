"""The tasks that a run is sure to come to."""

from alula import LaunchPlan, conditional, map_task, task, workflow
from alula.core.compiler.reached import reached
from alula.sdk.serialize import SerializationSettings, serialize
from alula.sdk.serialize.compiling import compiled_workflow


@task(container_image="a:1")
def first(n: int) -> int:
    return n


@task
def other(n: int) -> int:
    return n


@task
def mend(n: int) -> None: ...


@workflow
def inner(n: int) -> int:
    return other(n=first(n=n))


plan = LaunchPlan.get_or_create(inner, "inner_plan")


@workflow(on_failure=mend)
def outer(n: int) -> int:
    chosen = conditional("c").if_(n > 1).then(other(n=n)).else_().then(plan(n=n))
    once, again = inner(n=n), inner(n=chosen)
    map_task(first)(n=[once, again])
    map_task(plan)(n=[again])
    return first.with_overrides(container_image="b:1")(n=again)


def test_steps_of_branches_and_of_failure_handlers_are_not_sure_and_equal_ones_are_one():
    serialized = serialize(outer, settings=SerializationSettings())
    found = reached(compiled_workflow(serialized, outer.name))
    shown = [
        (step.node_id, step.task.id.name.rpartition(".")[2][:9], step.task.container.image) for step in found.steps
    ]
    assert shown == [
        ("n3", "map_first", "a:1"),
        ("n5", "first", "b:1"),
        ("n0", "first", "a:1"),
        ("n1", "other", "alula:local"),
    ]
    assert [plan.name for plan in found.launch_plans] == ["inner_plan"]
