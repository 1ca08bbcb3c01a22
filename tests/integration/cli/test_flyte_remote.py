"""`FlyteRemote` as programs for flytekit use it: their code, but for the names of the modules that they import."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import ModuleType

import pytest
from tests import modules
from tests.integration.platform import RunningPlatform

from alula import Options
from alula.configuration import Config
from alula.core.errors import AlulaError, FailedPrecondition, InvalidInput, NotFound, Unavailable
from alula.remote import AsyncFlyteRemote, FlyteRemote

FLOWS = """
from dataclasses import dataclass
from typing import NamedTuple
from alula import LaunchPlan, approve, current_context, task, workflow
from alula.types.file import FlyteFile
import os

class Scores(NamedTuple):
    best: int
    names: list[str]

@task
def scored(n: int, name: str = "x") -> Scores:
    return Scores(n, [name] * n)

@workflow
def pipeline(n: int, name: str = "ada") -> Scores:
    return scored(n=n, name=name)

@task
def setting() -> str:
    return os.environ.get("SETTING", "none")

@task
def written(text: str) -> FlyteFile:
    with open("text.txt", "w") as file:
        file.write(text)
    return FlyteFile("text.txt")

@task
def failing() -> int:
    raise ValueError("no score")

@workflow
def fails() -> int:
    return failing()

@workflow
def waits(n: int) -> int:
    return approve(scored(n=n).best, "ok", timeout=600)

@dataclass
class Shape:
    sides: int
    names: list[str]

@task
def drawn(shape: Shape) -> FlyteFile:
    with open("shape.txt", "w") as file:
        file.write(str(shape.sides))
    return FlyteFile("shape.txt")

@workflow
def nested(n: int, shape: Shape) -> int:
    drawn(shape=shape)
    return pipeline(n=n).best

five = LaunchPlan.get_or_create(pipeline, name="five", default_inputs={"n": 5})
"""


@pytest.fixture(scope="module")
def flows(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    path = tmp_path_factory.mktemp("code") / "remote_flows.py"
    path.write_text(FLOWS)
    yield modules.load("remote_flows", path)
    del sys.modules["remote_flows"]


@pytest.fixture(scope="module")
def remote(platform: RunningPlatform) -> FlyteRemote:
    return FlyteRemote(
        config=Config.for_endpoint(platform.grpc, insecure=True),
        default_project="flytesnacks",
        default_domain="development",
    )


def test_a_workflow_is_registered_fetched_and_executed(remote: FlyteRemote, flows: ModuleType) -> None:
    registered = remote.register_workflow(entity=flows.pipeline, version="v1")
    assert registered.id.version == "v1"
    fetched = remote.fetch_workflow(name="remote_flows.pipeline", version="v1")
    execution = remote.execute(fetched, inputs={"n": 2, "name": "bo"}, wait=True)
    assert execution.is_done
    assert execution.outputs["best"] == 2
    assert execution.outputs.get("names", as_type=list) == ["bo", "bo"]


def test_a_task_and_a_launch_plan_are_registered_fetched_and_executed(remote: FlyteRemote, flows: ModuleType) -> None:
    remote.register_task(flows.scored, version="v2")
    task = remote.fetch_task("flytesnacks", "development", "remote_flows.scored", "v2")
    assert remote.execute(task, inputs={"n": 1, "name": "y"}, wait=True).outputs["names"] == ["y"]
    remote.register_launch_plan(flows.five, version="v2")
    plan = remote.fetch_launch_plan(name="five")
    assert remote.execute(plan, wait=True).outputs["best"] == 5
    assert remote.execute(plan, inputs={"n": 1}, wait=True).outputs["best"] == 1


def test_an_entity_of_the_program_is_executed_as_it_is(remote: FlyteRemote, flows: ModuleType) -> None:
    execution = remote.execute(flows.pipeline, inputs={"n": 3}, execution_name="named-by-a-program", wait=False)
    execution = remote.wait(execution, timeout=timedelta(seconds=60), poll_interval=timedelta(seconds=1))
    assert execution.id.name == "named-by-a-program"
    assert execution.closure.phase == execution.phase.value
    again = remote.fetch_execution(name="named-by-a-program")
    assert again.outputs == execution.outputs == {"best": 3, "names": ["ada"] * 3}
    assert remote.sync(again, sync_nodes=True).is_done
    assert again.inputs == {"n": 3, "name": "ada"}
    assert again.sync(sync_nodes=True).wait(timeout=timedelta(seconds=9)).is_successful


def test_an_execution_has_its_nodes_and_their_values(remote: FlyteRemote, flows: ModuleType) -> None:
    execution = remote.execute(flows.nested, inputs={"n": 2, "shape": flows.Shape(3, ["a"])}, wait=True)
    assert execution.inputs == {"n": 2, "shape": {"sides": 3, "names": ["a"]}}
    nodes = execution.node_executions
    assert {each: (node.is_done, node.error) for each, node in nodes.items()} == {
        "n0": (True, None),
        "n1": (True, None),
    }
    assert nodes["n0"].inputs == {"shape": {"sides": 3, "names": ["a"]}}
    assert Path(str(nodes["n0"].outputs["o0"])).read_text() == "3"
    assert [(each.is_done, each.id.retry_attempt) for each in nodes["n0"].task_executions] == [(True, 0)]
    assert nodes["n1"].task_executions == []
    inside = nodes["n1"].subworkflow_node_executions
    assert [node.outputs for node in inside.values()] == [{"best": 2, "names": ["ada"] * 2}]
    assert [each.id for each in nodes["n1"].executions] == [node.id for node in inside.values()]


def test_the_settings_of_an_execution_arrive(remote: FlyteRemote, flows: ModuleType) -> None:
    execution = remote.execute(
        flows.setting,
        inputs={},
        envs={"SETTING": "given"},
        overwrite_cache=True,
        interruptible=False,
        options=Options(labels={"team": "b"}, max_parallelism=1),
        wait=True,
    )
    assert execution.outputs["o0"] == "given"
    spec = execution.message.spec
    assert (dict(spec.labels.values), spec.max_parallelism, spec.overwrite_cache) == ({"team": "b"}, 1, True)


def test_files_come_back(remote: FlyteRemote, flows: ModuleType) -> None:
    file = remote.execute(flows.written, inputs={"text": "of a task"}, wait=True).outputs["o0"]
    assert Path(str(file)).read_text() == "of a task"


def test_a_failure_is_told_and_has_no_outputs(remote: FlyteRemote, flows: ModuleType) -> None:
    execution = remote.execute(flows.fails, inputs={}, wait=True)
    assert execution.is_done
    assert execution.error is not None
    assert "no score" in execution.error.message
    with pytest.raises(FailedPrecondition):
        _ = execution.outputs
    node = execution.node_executions["n0"]
    assert node.error is not None
    assert "no score" in node.error.message
    with pytest.raises(FailedPrecondition, match="node `n0` is FAILED and has no outputs"):
        _ = node.outputs


def test_a_run_is_waited_for_no_longer_than_asked_and_terminated(remote: FlyteRemote, flows: ModuleType) -> None:
    execution = remote.execute(flows.waits, inputs={"n": 1})
    with pytest.raises(Unavailable) as refused:
        remote.wait(execution, timeout=1)
    assert refused.value.code == "WaitTimeout"
    assert not remote.sync_execution(execution).is_done
    remote.terminate(execution, "not wanted")
    assert remote.wait(execution, timeout=60).phase.name == "ABORTED"
    assert execution.closure.abort_metadata.cause == "not wanted"


def test_an_event_loop_goes_on_while_runs_are_awaited(remote: FlyteRemote, flows: ModuleType) -> None:
    async def program() -> list[object]:
        there = AsyncFlyteRemote(remote)
        await there.register_workflow(flows.pipeline, version="v3")
        fetched = await there.fetch_workflow(name="remote_flows.pipeline", version="v3")
        runs = await asyncio.gather(*(there.execute(fetched, inputs={"n": n}, wait=True) for n in (1, 2, 3)))
        found = [(await there.outputs(run))["best"] for run in runs]
        waiting = await there.execute(flows.waits, inputs={"n": 1})
        with pytest.raises(Unavailable, match="did not end"):
            await there.wait(waiting, timeout=0.5)
        waiter = asyncio.create_task(there.wait(waiting))
        await there.terminate(waiting, "enough")
        return [*found, (await waiter).phase.name, (await there.sync(waiting)).is_done]

    assert asyncio.run(program()) == [1, 2, 3, "ABORTED", True]


@pytest.mark.parametrize(
    ("use", "kind", "why"),
    [
        (lambda remote, flows: remote.fetch_task(name="remote_flows.gone"), NotFound, "remote_flows.gone"),
        (lambda remote, flows: remote.fetch_execution(name="gone"), NotFound, "gone"),
        (lambda remote, flows: remote.execute(flows.pipeline, inputs={"m": 1}), InvalidInput, "has no input `m`"),
        (lambda remote, flows: remote.execute(flows.pipeline, inputs={"n": "x"}), InvalidInput, "input `n`"),
        (lambda remote, flows: remote.execute(flows.five, tags=["a"]), InvalidInput, "`execute` has no setting `tags`"),
        (lambda remote, flows: remote.register_task(flows.scored, fast=True), InvalidInput, "has no setting `fast`"),
        (lambda remote, flows: remote.recent_executions(), AttributeError, "alula list runs"),
        (lambda remote, flows: remote.list_signals("r"), AttributeError, "alula signal list"),
        (lambda remote, flows: remote.set_input("gone", "gone", 1), NotFound, "gone"),
        (lambda remote, flows: remote.set_input("ok", "r", 1, python_type=int), InvalidInput, "`python_type`"),
    ],
)
def test_what_can_not_be_is_refused_with_what_to_do(remote, flows, use, kind, why) -> None:
    with pytest.raises((AlulaError, AttributeError)) as refused:
        use(remote, flows)
    assert isinstance(refused.value, kind)
    assert why in str(refused.value)
