"""Dynamic tasks: graphs made of values, in a local run and as `alula-execute` leaves them."""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pytest
from flyteidl.core.dynamic_job_pb2 import DynamicJobSpec
from flyteidl.core.errors_pb2 import ErrorDocument
from flyteidl.core.literals_pb2 import Literal, LiteralMap, Primitive, Scalar
from tests import modules

from alula import FlyteFile, LaunchPlan, conditional, dynamic, map_task, task, workflow
from alula.core.errors import InvalidInput
from alula.sdk.local.run import RunFailed
from alula.sdk.runtime.entrypoint import main
from alula.sdk.serialize import SerializationSettings, serialize


class Pair(NamedTuple):
    first: int
    second: str


@task
def add(x: int, y: int = 0) -> int:
    return x + y


@task
def total(values: list[int]) -> int:
    return sum(values)


@task
def count(frame: pd.DataFrame) -> int:
    return len(frame)


@task
def read(file: FlyteFile) -> str:
    return Path(file).read_text()


@task
def log(text: str) -> None:
    print(text)


@workflow
def inner(x: int) -> int:
    return add(x=x, y=100)


plan = LaunchPlan.get_or_create(inner)


@dynamic
def countdown(n: int) -> int:
    if n == 0:
        return 0
    return add(x=total(values=[add(x=i) for i in range(n)]), y=countdown(n=n - 1))


def test_a_body_loops_tests_and_calls_itself():
    assert countdown(n=0) == 0
    assert countdown(n=4) == 10


def test_a_dynamic_task_is_a_step_of_a_workflow():
    @workflow
    def flow(n: int) -> int:
        return add(x=countdown(n=n), y=1)

    assert flow(n=3) == 5


def test_everything_that_a_workflow_calls_can_be_called():
    @dynamic
    def all_kinds(n: int) -> tuple[int, list[int], int]:
        first = log(text="first")
        x = add(x=n)
        first >> x
        y = conditional("c").if_((x > 3) & (n > 0)).then(inner(x=x)).else_().then(add(x=x))
        return y, map_task(add)(x=list(range(n)), y=[1] * n), plan(x=n)

    assert all_kinds(n=2) == (2, [1, 2], 102)
    assert all_kinds(n=4) == (104, [1, 2, 3, 4], 104)


def test_values_and_promises_are_returned_together():
    @dynamic
    def named(n: int) -> Pair:
        add(x=n)
        return Pair(add(x=n), "a" * n)

    @dynamic
    def lists(n: int) -> tuple[list[int], dict[str, int]]:
        x = add(x=n)
        return [x, n, 7], {"x": x}

    assert named(n=2) == Pair(2, "aa")
    assert lists(n=2) == ([2, 2, 7], {"x": 2})


def test_files_and_frames_are_handed_on(tmp_path):
    @dynamic
    def reading(n: int) -> tuple[int, str]:
        path = tmp_path / "a.txt"
        path.write_text("text")
        return count(frame=pd.DataFrame({"a": range(n)})), read(file=FlyteFile(str(path)))

    assert reading(n=3) == (3, "text")


def test_nothing_need_be_returned():
    @dynamic
    def logs(n: int) -> None:
        for _ in range(n):
            log(text="again")

    assert logs(n=2) is None


def test_a_body_may_be_async():
    @dynamic
    async def later(n: int) -> int:
        x = await add(x=n)  # pyright: ignore[reportGeneralTypeIssues]  a step may be awaited
        return add(x=x, y=1)

    assert asyncio.run(_awaited(later(n=1))) == 2


async def _awaited(coroutine):
    return await coroutine


def test_a_case_is_chosen_by_a_value_too():
    @dynamic
    def chosen(n: int) -> int:
        return conditional("c").if_(n > 1).then(add(x=1)).else_().then(add(x=0))

    assert [chosen(n=n) for n in (1, 2)] == [0, 1]


def test_a_failure_inside_is_raised():
    @task
    def fails(x: int) -> int:
        raise KeyError(x)

    @dynamic
    def failing(n: int) -> int:
        return fails(x=n)

    with pytest.raises(KeyError, match="3"):
        failing(n=3)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (lambda n: add(x=n) > 3 and 1, "PromiseUsedAsValue|can't be tested"),
        (lambda n: add(x="a"), "input `x` of task `add` expects int"),  # pyright: ignore[reportArgumentType]  a mistake on purpose
        (lambda n: conditional("c").if_(add(x=n) > 3).then(add(x=n)), "conditional `c` does not say"),
    ],
)
def test_a_mistake_in_a_body_fails_the_attempt(body, told):
    def written(n: int) -> int:
        return body(n)

    with pytest.raises(InvalidInput, match=told) as raised:
        dynamic(written)(n=3)
    assert __file__ in str(raised.value)


@pytest.mark.parametrize(
    ("body", "code", "told"),
    [
        (lambda n: (add(x=n), 1), "USER:TypeError", "output `o0`|expected int"),
        (lambda n: log(text="a"), "USER:WrongOutputs", "which is not one value"),
    ],
)
def test_a_wrong_result_fails_the_attempt(body, code, told):
    def written(n: int) -> int:
        return body(n)

    with pytest.raises((InvalidInput, RunFailed), match=told):
        dynamic(written)(n=3)


def test_a_graph_that_does_not_compile_is_the_users_error():
    @task
    def word() -> str:
        return "a"

    @dynamic
    def mistyped(n: int) -> int:
        return word()  # pyright: ignore[reportReturnType]  a mistake on purpose

    with pytest.raises(RunFailed, match="MismatchingTypes") as raised:
        mistyped(n=1)
    assert raised.value.code == "DynamicWorkflowBuildFailed"


def test_launch_plans_are_registered_with_the_task_that_names_them():
    @dynamic(node_dependency_hints=[plan], retries=1)
    def hinting(n: int) -> int:
        return plan(x=n)

    serialized = serialize(hinting, settings=SerializationSettings(require_importable=False))
    assert set(serialized.launch_plans) == {plan.name}
    assert serialized.id.name == hinting.name
    assert hinting(n=1) == 101


def test_a_map_task_of_dynamic_tasks_is_refused():
    with pytest.raises(InvalidInput, match="put it into a workflow and map over that"):
        map_task(countdown)


SOURCE = """
from alula import dynamic, map_task, task, workflow

@task
def add(x: int, y: int = 0) -> int:
    return x + y

@workflow
def inner(x: int) -> int:
    return add(x=x, y=100)

@dynamic(retries=1, environment={"A": "1"})
def grow(n: int) -> int:
    if n == 0:
        return 7
    x = grow(n=n - 1)
    map_task(add)(x=[1], y=[2])
    return add(x=inner(x=x), y=x)

@dynamic
def hidden(n: int) -> int:
    @task
    def nowhere(x: int) -> int:
        return x
    return nowhere(x=n)
"""
SETTINGS = SerializationSettings(project="p", domain="d", version="v", image="i", code_uri="/c.tar.gz")


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "growing.py"
    path.write_text(SOURCE)
    yield modules.load("growing", path)
    del sys.modules["growing"]


def attempt(folder, task, n, variables: Mapping[str, str], monkeypatch) -> Path:
    for key, value in variables.items():
        monkeypatch.setenv(key, value)
    literal = Literal(scalar=Scalar(primitive=Primitive(integer=n)))
    inputs = folder / "inputs.pb"
    inputs.write_bytes(LiteralMap(literals={"n": literal}).SerializeToString())
    prefix = folder / "out"
    arguments = ["--inputs", str(inputs), "--output-prefix", str(prefix)]
    assert main([*arguments, "--", "task-module", "growing", "task-name", task]) == 0
    return prefix


def variables_of(entity) -> dict[str, str]:
    template = serialize(entity, settings=SETTINGS).tasks[entity.name].template
    return {pair.key: pair.value for pair in template.container.env}


def test_an_attempt_leaves_its_graph(source, tmp_path, monkeypatch):
    prefix = attempt(tmp_path, "grow", 2, variables_of(source.grow), monkeypatch)
    assert os.listdir(prefix) == ["futures.pb"]
    job = DynamicJobSpec.FromString((prefix / "futures.pb").read_bytes())
    assert [node.id for node in job.nodes] == ["dn0", "dn1", "dn2", "dn3"]
    assert job.min_successes == 4
    assert [workflow.id.name for workflow in job.subworkflows] == ["growing.inner"]
    assert {(task.id.project, task.id.domain, task.id.version) for task in job.tasks} == {("p", "d", "v")}
    own = next(task for task in job.tasks if task.id.name == "growing.grow")
    assert own == serialize(source.grow, settings=SETTINGS).tasks["growing.grow"].template
    assert "/c.tar.gz" in own.container.args


def test_an_attempt_without_calls_leaves_outputs(source, tmp_path, monkeypatch):
    prefix = attempt(tmp_path, "grow", 0, variables_of(source.grow), monkeypatch)
    assert os.listdir(prefix) == ["outputs.pb"]
    assert LiteralMap.FromString((prefix / "outputs.pb").read_bytes()).literals["o0"].scalar.primitive.integer == 7


@pytest.mark.parametrize(
    ("task", "variables", "code"),
    [
        ("hidden", {"ALULA_SERIALIZATION": SETTINGS.to_text()}, "USER:NotAtModuleLevel"),
        ("grow", {"ALULA_SERIALIZATION": "{"}, "SYSTEM:AssertionError"),
    ],
)
def test_a_graph_that_cannot_be_written_is_an_error(source, tmp_path, monkeypatch, task, variables, code):
    prefix = attempt(tmp_path, task, 2, variables, monkeypatch)
    assert ErrorDocument.FromString((prefix / "error.pb").read_bytes()).error.code == code
