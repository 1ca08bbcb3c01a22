"""Eager tasks in this process, and as they are written for a platform."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest
from flyteidl.core.errors_pb2 import ErrorDocument
from flyteidl.core.literals_pb2 import LiteralMap

from alula import (
    Cache,
    EagerException,
    FlyteFile,
    LaunchPlan,
    RecoverableError,
    current_context,
    dynamic,
    eager,
    map_task,
    reference_task,
    task,
    workflow,
)
from alula.core.errors import InvalidInput
from alula.core.ids import ExecutionId, eager_execution_name, is_execution_name
from alula.sdk.authoring.alone import alone_by_its_settings
from alula.sdk.authoring.kind import SETTINGS_VARIABLE
from alula.sdk.local.run import run_entity
from alula.sdk.runtime.entrypoint import main
from alula.sdk.serialize import SerializationSettings, serialize
from alula.sdk.serialize.compiling import compiled_workflow

SETTINGS = SerializationSettings(project="p", domain="d", version="v", require_importable=False)
CALLS: list[int] = []


class Pair(NamedTuple):
    first: int
    second: str


@task
def double(x: int) -> int:
    return 2 * x


@task
async def later(x: int) -> int:
    await asyncio.sleep(0)
    return x


@task
def pair(x: int) -> Pair:
    return Pair(x, "a")


@task
def scale(x: int, factor: int) -> int:
    return x * factor


@task
def read(file: FlyteFile) -> str:
    return Path(file).read_text()


@task
def nothing(x: int) -> None:
    pass


@task
def bad(x: int) -> int:
    raise LookupError(f"no {x}")


@task(retries=2)
def third_time(x: int) -> int:
    CALLS.append(x)
    if len(CALLS) < 3:
        raise RecoverableError("busy")
    return x


@task(cache=Cache(version="1"))
def counted(x: int) -> int:
    CALLS.append(x)
    return x


@dynamic
def made(x: int) -> int:
    return double(x=double(x=x))


@workflow
def flow(x: int) -> int:
    return double(x=x)


plan = LaunchPlan.create("eager-plan", flow, default_inputs={"x": 7})


@eager
async def inner(x: int) -> int:
    return double(x=x) + 1


def run(body):
    """The result of an eager task of this body."""
    return asyncio.run(eager(body)())


def test_each_call_gives_its_value():
    async def body() -> list[int]:
        assert nothing(x=1) is None
        assert pair(x=3) == Pair(3, "a")
        awaited = await asyncio.gather(
            later(x=1), double.aio(x=1), flow.aio(x=2), plan.aio(), map_task(double).aio([1])
        )
        assert awaited == [1, 2, 4, 14, [2]]
        return [double(x=2), flow(x=2), plan(x=4), made(x=1), await inner(x=2), *map_task(double)(x=[1, 2])]

    assert run(body) == [4, 4, 8, 4, 5, 2, 4]


def test_what_is_bound_in_a_map_may_be_a_value_of_the_body():
    async def body() -> list[int]:
        return map_task(partial(scale, factor=double(x=2)))(x=[1, 2])

    assert run(body) == [4, 8]


def test_a_file_that_the_body_made_is_an_input():
    async def body() -> str:
        file = FlyteFile.new("a.txt")
        with file.open("w") as out:
            out.write("text")
        return read(file=file)

    assert run(body) == "text"


def test_a_failure_is_caught_or_ends_the_task_with_the_same_code():
    async def caught() -> str:
        with pytest.raises(EagerException, match=r"bad` failed: LookupError: no 1") as error:
            bad(x=1)
        assert isinstance(error.value.__cause__, LookupError)
        return error.value.error_code

    async def uncaught() -> int:
        return await asyncio.to_thread(bad, x=1)

    assert run(caught) == "USER:LookupError"
    outcome = run_entity(eager(uncaught), LiteralMap())
    assert outcome.error is not None
    assert outcome.error.code == "USER:LookupError"


def test_calls_have_retries_and_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("ALULA_LOCAL_CACHE", str(tmp_path))

    async def body() -> tuple[int, int, int]:
        return third_time(x=1), counted(x=5), counted(x=5)

    CALLS.clear()
    assert run(body) == (1, 5, 5)
    assert CALLS == [1, 1, 1, 5]


def test_a_task_inside_a_call_is_a_plain_function():
    @task
    def outer(x: int) -> str:
        with pytest.raises(LookupError):
            bad(x=x)
        return current_context().task_id.name

    async def body() -> str:
        return outer(x=1)

    assert run(body).endswith(".outer")


def test_it_is_a_step_of_a_workflow():
    @workflow
    def around(x: int) -> int:
        return double(x=inner(x=x))  # pyright: ignore[reportArgumentType]  a step, by its type a coroutine

    assert around(x=1) == 6


def test_awaiting_a_result_says_what_to_await():
    async def body() -> int:
        return await double(x=1)  # pyright: ignore[reportGeneralTypeIssues]  a mistake on purpose

    with pytest.raises(TypeError) as error:
        run(body)
    assert "await it as `name.aio(...)`" in error.value.__notes__[0]


def test_values_are_checked_and_references_are_elsewhere():
    @reference_task(project="p", domain="d", name="n", version="v")
    def away(x: int) -> int: ...

    async def wrong() -> int:
        return double(x="a")  # pyright: ignore[reportArgumentType]  a mistake on purpose

    async def elsewhere() -> int:
        return away(x=1)

    for body, code in ((wrong, "WrongValue"), (elsewhere, "ReferenceNotLocal")):
        with pytest.raises(InvalidInput) as error:
            run(body)
        assert error.value.code == code


def test_a_plain_function_is_refused():
    def body() -> int:
        return 1

    with pytest.raises(InvalidInput) as error:
        eager(body)  # pyright: ignore[reportArgumentType]  a mistake on purpose
    assert error.value.code == "NotAsync"
    assert error.value.fix == "write `async def body(...)`"


@pytest.mark.parametrize("setting", ["remote", "client_secret_group", "client_secret_key"])
def test_the_connection_of_flytekit_is_not_needed(setting):
    with pytest.raises(InvalidInput, match=setting) as error:
        eager(**{setting: "x"})  # pyright: ignore[reportArgumentType]  a mistake on purpose
    assert error.value.fix.startswith("leave it out")


def test_its_specification_says_that_it_is_eager_and_how_it_was_written():
    spec = serialize(inner, settings=SETTINGS).tasks[inner.name]
    assert spec.template.metadata.is_eager
    (variable,) = spec.template.container.env
    assert variable.key == SETTINGS_VARIABLE
    assert SerializationSettings.from_text(variable.value) == SETTINGS
    assert not serialize(double, settings=SETTINGS).tasks[double.name].template.metadata.is_eager


def test_a_map_without_a_variable_has_one_name_for_equal_settings():
    names = [
        alone_by_its_settings(map_task(partial(scale, factor=factor), concurrency=concurrency)).name
        for factor, concurrency in ((1, None), (2, None), (1, 3))
    ]
    assert names[0] == names[1] != names[2]
    whole = alone_by_its_settings(map_task(partial(scale, factor=3)))
    compiled_workflow(serialize(whole, settings=SETTINGS), whole.name)


def test_the_name_of_a_call_follows_from_the_call():
    parent = ExecutionId("p", "d", "a23456789")
    name = eager_execution_name(parent, "flow.My_Eager_Task", "flow.double", b"1")
    assert name.startswith("e-my-eager-a2345-double-")
    assert is_execution_name(name)
    assert name == eager_execution_name(parent, "flow.My_Eager_Task", "flow.double", b"1")
    assert name != eager_execution_name(parent, "flow.My_Eager_Task", "flow.double", b"2")
    assert name != eager_execution_name(ExecutionId("p", "d", "a23456780"), "flow.My_Eager_Task", "flow.double", b"1")


def test_an_attempt_that_does_not_reach_the_platform_says_so(tmp_path, monkeypatch):
    (tmp_path / "eager_without_platform.py").write_text(
        "from alula import eager\n@eager\nasync def alone() -> int:\n    return 1\n"
    )
    (tmp_path / "inputs.pb").write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv(SETTINGS_VARIABLE, SETTINGS.to_text())
    for name in ("ALULA_ENDPOINT", "ALULA_DATA", "FLYTECTL_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    words = ["--inputs", str(tmp_path / "inputs.pb"), "--output-prefix", str(tmp_path / "out")]
    assert main([*words, "--", "task-module", "eager_without_platform", "task-name", "alone"]) == 0
    error = ErrorDocument.FromString((tmp_path / "out" / "error.pb").read_bytes()).error
    assert error.code == "SYSTEM:PlatformNotFound"
    assert error.message.startswith("eager task `alone` can't call anything, as it does not reach the platform: ")
