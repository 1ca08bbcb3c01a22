"""The connector executor against a server that fails, loses answers, goes away and names its jobs badly."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from flyteidl.admin import agent_pb2
from tests.attempts.harness import Harness
from tests.attempts.specs import attempt, literal_map
from tests.connectors.scripted import Gate, Phase, ScriptedConnector, Status
from tests.objects.memory import MemoryBlobs

from alula.core.errors import Unavailable
from alula.server.executor import AttemptSpec
from alula.server.executors import back_off
from alula.server.executors.connector.connector import LOST_MAX
from alula.server.executors.connector.executor import HANDLE_MAX_BYTES, ConnectorExecutor
from alula.server.executors.connector.handle import handle_in
from alula.server.executors.connector.options import ConnectorOptions, Endpoint

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def no_long_back_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(back_off, "BACK_OFF_MIN_S", 0.001)


@pytest.fixture
async def connector() -> AsyncIterator[ScriptedConnector]:
    scripted = ScriptedConnector()
    await scripted.start()
    yield scripted
    await scripted.stop()
    scripted.close()


class World:
    """One connector, and the platforms that have it as an endpoint."""

    def __init__(self, connector: ScriptedConnector, folder: Path) -> None:
        self.connector = connector
        self.blobs = MemoryBlobs("mem://store")
        self.options = ConnectorOptions(
            (Endpoint("far", connector.address),), poll_min_s=0.005, poll_max_s=0.05, refresh_s=0.05
        )
        self._folder = folder

    @asynccontextmanager
    async def life(self) -> AsyncIterator[Harness]:
        executor = ConnectorExecutor(self.blobs, self.options)
        harness = Harness(executor)
        await executor.start(harness.sink)
        await executor.reconcile([], owner="here")
        try:
            yield harness
        finally:
            await executor.stop()

    def spec(self, node: str = "n0", *, outputs: bool = False, type: str = "script") -> AttemptSpec:
        spec = attempt(self._folder, "run", "{{.outputPrefix}}", node=node, outputs=outputs)
        spec.task.type = type
        spec.task.task_type_version = int(type == "at-once")
        return msgspec.structs.replace(
            spec, incarnation="i", input_uri=f"mem://store/{node}/inputs.pb", output_prefix=f"mem://store/{node}"
        )


@pytest.fixture
def world(connector: ScriptedConnector, tmp_path: Path) -> World:
    return World(connector, tmp_path)


def handle_of(life: Harness, spec: AttemptSpec) -> bytes:
    return life.of(spec)[-1].handle


async def until_it_has_a_job(life: Harness, spec: AttemptSpec) -> bytes:
    life.executor.submit(spec)
    await life.until(lambda: life.of(spec) and handle_of(life, spec))
    return handle_of(life, spec)


async def until(condition) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.005)


async def test_the_handle_of_a_job_is_told_before_it_is_looked_at(world: World) -> None:
    gate = Gate()
    world.connector.faults["get"].append(gate)
    spec = world.spec()
    async with world.life() as life:
        life.executor.submit(spec)
        await gate.reached.wait()
        [told] = life.of(spec)
        assert (told.phase, told.reason) == ("QUEUED", "endpoint `far` has made a job of it")
        job = handle_in(told.handle)
        assert job is not None and (job.endpoint, job.task_type, job.meta) == ("far", "script", b"job1")
        gate.open()


async def test_a_connector_is_told_of_the_attempt_and_its_inputs_are_among_the_objects(world: World) -> None:
    spec = world.spec()
    async with world.life() as life:
        await until_it_has_a_job(life, spec)
    [request] = world.connector.created
    id = request.task_execution_metadata.task_execution_id
    assert (id.node_execution_id.execution_id.name, id.node_execution_id.node_id) == ("run", "n0")
    assert [*request.template.container.args] == ["run", spec.output_prefix]
    assert (request.output_prefix, request.inputs) == (spec.output_prefix, literal_map(a=1))
    assert await world.blobs.get(spec.input_uri) == spec.inputs


@pytest.mark.parametrize("status", [Status.UNAVAILABLE, Status.RESOURCE_EXHAUSTED, Status.DEADLINE_EXCEEDED])
async def test_a_connector_in_trouble_is_asked_again_and_the_wait_is_told(world: World, status: Status) -> None:
    world.connector.faults["create"] += [status, status]
    spec = world.spec()
    async with world.life() as life:
        await until_it_has_a_job(life, spec)
        told = life.of(spec)[0]
        assert told.phase == "QUEUED" and "does not take requests now" in told.reason and status.name in told.reason
    assert len(world.connector.created) == 1


async def test_an_overload_is_waited_out_however_long_it_takes(world: World) -> None:
    world.connector.faults["create"] += [Status.RESOURCE_EXHAUSTED] * 9
    async with world.life() as life:
        await until_it_has_a_job(life, world.spec())
    assert len(world.connector.created) == 1


async def test_answers_that_are_lost_leave_a_few_jobs_at_most(world: World) -> None:
    world.connector.lost["create"] = 100
    spec = world.spec()
    async with world.life() as life:
        end = await life.run(spec)
        assert end.error is not None
        assert (end.error.code, end.error.kind, end.error.recoverable) == ("ConnectorAnswerLost", "SYSTEM", True)
    assert len(world.connector.created) == LOST_MAX
    assert len({request.output_prefix for request in world.connector.created}) == 1, "by which it could have known"


@pytest.mark.parametrize(
    ("status", "code", "recoverable"),
    [
        (Status.INVALID_ARGUMENT, "ConnectorRefused", False),
        (Status.UNIMPLEMENTED, "ConnectorRefused", False),
        (Status.NOT_FOUND, "ConnectorRefused", False),
        (Status.PERMISSION_DENIED, "ConnectorRefused", False),
        (Status.INTERNAL, "ConnectorFailed", True),
        (Status.UNKNOWN, "ConnectorFailed", True),
    ],
)
async def test_a_refusal_to_make_a_job_is_the_failure_of_the_attempt(
    world: World, status: Status, code: str, recoverable: bool
) -> None:
    world.connector.faults["create"].append(status)
    async with world.life() as life:
        end = await life.run(world.spec())
    assert end.error is not None
    assert (end.error.code, end.error.recoverable) == (code, recoverable)
    assert "no create now" in end.error.message and status.name in end.error.message


async def test_a_job_that_can_not_be_looked_at_for_a_moment_goes_on(world: World) -> None:
    world.connector.faults["get"] += [Status.INTERNAL] * 4
    spec = world.spec()
    async with world.life() as life:
        await until_it_has_a_job(life, spec)
        await life.until(lambda: life.of(spec, "RUNNING"))
        assert any("it can't be looked at: no get now" in each.reason for each in life.of(spec))
        world.connector.end(b"job1")
        await life.until(lambda: life.has_ended(spec))
        assert life.end_of(spec).phase == "SUCCEEDED"


async def test_a_job_that_can_not_be_looked_at_any_more_is_ended_and_fails(world: World) -> None:
    world.connector.faults["get"] += [Status.INTERNAL] * 5
    async with world.life() as life:
        end = await life.run(world.spec())
    assert end.error is not None
    assert (end.error.code, end.error.kind, end.error.recoverable) == ("JobLost", "SYSTEM", True)
    assert world.connector.deleted == [b"job1"]


async def test_a_connector_that_goes_away_and_comes_back_is_waited_for(world: World) -> None:
    spec = world.spec()
    async with world.life() as life:
        await until_it_has_a_job(life, spec)
        await life.until(lambda: life.of(spec, "RUNNING"))
        await world.connector.stop()
        await life.until(lambda: "does not take requests now" in life.of(spec)[-1].where)
        assert life.of(spec)[-1].phase == "RUNNING"
        world.connector.end(b"job1")
        await world.connector.start()
        await life.until(lambda: life.has_ended(spec))
        assert life.end_of(spec).phase == "SUCCEEDED"
    assert len(world.connector.created) == 1


async def test_trouble_with_a_job_of_an_earlier_life_does_not_say_that_it_has_not_begun(world: World) -> None:
    spec = world.spec()
    async with world.life() as life:
        handle = await until_it_has_a_job(life, spec)
    await world.connector.stop()
    async with world.life() as life:
        life.executor.submit(msgspec.structs.replace(spec, handle=handle))
        await life.until(lambda: life.of(spec))
        assert life.of(spec)[0].phase == ""
        assert "does not take requests now" in life.of(spec)[0].reason
        await world.connector.start()
        await life.until(lambda: life.of(spec, "RUNNING"))


async def test_an_endpoint_that_is_away_at_the_start_is_waited_for(world: World) -> None:
    await world.connector.stop()
    spec = world.spec()
    spec.task.ClearField("container")
    async with world.life() as life:
        executor = life.executor
        assert isinstance(executor, ConnectorExecutor)
        assert executor.wants(spec.task) == "as only a connector can be for its type"
        life.executor.submit(spec)
        await life.until(lambda: life.of(spec))
        assert "endpoint `far` has not answered yet" in life.of(spec)[0].reason
        await world.connector.start()
        await life.until(lambda: life.of(spec, "RUNNING"))
        assert executor.wants(spec.task) == "as it has a connector for the type"


async def test_an_attempt_of_another_type_fails_and_names_the_types_that_there_are(world: World) -> None:
    async with world.life() as life:
        spec = world.spec(type="other")
        assert isinstance(life.executor, ConnectorExecutor)
        assert life.executor.wants(spec.task) == ""
        end = await life.run(spec)
    assert end.error is not None and end.error.code == "NoConnector"
    assert "connectors for at-once, script" in end.error.message


async def test_connectors_that_come_later_are_found(world: World) -> None:
    async with world.life() as life:
        later = agent_pb2.Agent(name="later", supported_task_types=["other"])
        world.connector.agents = [*world.connector.agents, later]
        assert isinstance(life.executor, ConnectorExecutor)
        executor, task = life.executor, world.spec(type="other").task
        await until(lambda: executor.wants(task))


async def test_what_an_endpoint_has_listed_stands_while_it_does_not_answer_well(world: World) -> None:
    async with world.life() as life:
        world.connector.faults["list"] += [Status.INTERNAL] * 3
        await until(lambda: not world.connector.faults["list"])
        await until_it_has_a_job(life, world.spec())


async def test_a_job_whose_attempt_was_cancelled_while_it_was_made_is_deleted(world: World) -> None:
    gate = Gate()
    world.connector.faults["create"].append(gate)
    spec = world.spec()
    async with world.life() as life:
        life.executor.submit(spec)
        await gate.reached.wait()
        life.executor.cancel(spec.id, incarnation="i")
        gate.open()
        await until(lambda: world.connector.deleted)
        assert life.of(spec) == []
    assert world.connector.deleted == [b"job1"]


async def test_a_job_that_is_made_while_the_platform_stops_is_deleted(world: World) -> None:
    gate = Gate()
    world.connector.faults["create"].append(gate)
    async with world.life() as life:
        life.executor.submit(world.spec())
        await gate.reached.wait()
        asyncio.get_running_loop().call_soon(gate.open)
    assert world.connector.deleted == [b"job1"]


async def test_a_job_goes_on_by_its_handle_and_without_it_another_is_made(world: World) -> None:
    spec = world.spec()
    async with world.life() as life:
        handle = await until_it_has_a_job(life, spec)
    async with world.life() as life:
        life.executor.submit(msgspec.structs.replace(spec, handle=handle))
        await life.until(lambda: life.of(spec, "RUNNING"))
        assert len(world.connector.created) == 1
        life.executor.submit(msgspec.structs.replace(spec, handle=handle))
    async with world.life() as life:  # a crash before the handle was durable
        await until_it_has_a_job(life, spec)
    assert len(world.connector.created) == 2


async def test_a_handle_that_did_not_reach_the_log_is_told_again_in_the_same_life(world: World) -> None:
    spec = world.spec()
    async with world.life() as life:
        handle = await until_it_has_a_job(life, spec)
        life.executor.release([spec.id])
        told = len(life.updates)
        life.executor.submit(spec)
        await life.until(lambda: len(life.updates) > told)
        assert life.of(spec)[-1].handle == handle
    assert len(world.connector.created) == 1


async def test_a_name_that_is_too_large_for_the_log_ends_the_job(world: World) -> None:
    world.connector.name_of_jobs = b"x" * (HANDLE_MAX_BYTES + 1)
    async with world.life() as life:
        end = await life.run(world.spec())
    assert end.error is not None and end.error.code == "HandleTooLarge"
    assert len(world.connector.deleted) == 1


async def test_a_job_is_over_when_its_connector_says_so(world: World) -> None:
    spec = world.spec()
    async with world.life() as life:
        handle = await until_it_has_a_job(life, spec)

        async def end_job(handle: bytes = handle) -> None:
            await life.executor.end_job(spec.id, incarnation="i", executor="connector", handle=handle)

        world.connector.faults["delete"].append(Status.INTERNAL)
        with pytest.raises(Unavailable, match="failed to end a job"):
            await end_job()
        world.connector.faults["delete"].append(Status.UNAVAILABLE)
        with pytest.raises(Unavailable, match="can't be asked"):
            await end_job()
        await end_job()
        assert world.connector.deleted == [b"job1"]
        world.connector.faults["delete"] += [Status.INTERNAL, Status.NOT_FOUND, Status.UNIMPLEMENTED]
        for _ in range(3):
            await end_job()
        job = handle_in(handle)
        assert job is not None
        with pytest.raises(Unavailable, match="`sold` of its connector is not configured"):
            await end_job(msgspec.structs.replace(job, endpoint="sold").encoded())


async def test_a_job_of_an_endpoint_that_the_settings_do_not_have_fails_without_another(world: World) -> None:
    spec = world.spec()
    async with world.life() as life:
        job = handle_in(await until_it_has_a_job(life, spec))
    assert job is not None
    gone = msgspec.structs.replace(job, endpoint="sold").encoded()
    async with world.life() as life:
        end = await life.run(msgspec.structs.replace(spec, handle=gone))
    assert end.error is not None and end.error.code == "EndpointGone"
    assert len(world.connector.created) == 1


async def test_looks_at_jobs_are_bounded_however_many_there_are(world: World) -> None:
    world.options = msgspec.structs.replace(world.options, calls=2)
    specs = [world.spec(f"n{number}") for number in range(8)]
    async with world.life() as life:
        for spec in specs:
            life.executor.submit(spec)
        await life.until(lambda: all(life.of(spec, "RUNNING") for spec in specs))
        for job in list(world.connector.jobs):
            world.connector.end(job)
        await life.until(lambda: all(life.has_ended(spec) for spec in specs))
    assert world.connector.most_under_way <= 2


async def test_outputs_in_the_answer_are_checked_against_the_task(world: World) -> None:
    good, wrong = world.spec("good", outputs=True), world.spec("wrong", outputs=True)
    async with world.life() as life:
        for spec in (good, wrong):
            await until_it_has_a_job(life, spec)
        world.connector.end(b"job1", agent_pb2.Resource(phase=Phase.SUCCEEDED, outputs=literal_map(o0=7)))
        world.connector.end(b"job2", agent_pb2.Resource(phase=Phase.SUCCEEDED, outputs=literal_map(other=7)))
        await life.until(lambda: life.has_ended(good) and life.has_ended(wrong))
        assert life.end_of(good).outputs == literal_map(o0=7).SerializeToString()
        error = life.end_of(wrong).error
        assert error is not None and error.code == "OutputsMismatch"


async def test_outputs_that_are_larger_than_the_limit_fail_the_attempt(world: World) -> None:
    world.options = msgspec.structs.replace(world.options, result_limit_bytes=10_000)
    spec = world.spec()
    async with world.life() as life:
        await until_it_has_a_job(life, spec)
        world.connector.end(b"job1", agent_pb2.Resource(phase=Phase.SUCCEEDED, message="x" * 20_000))
        await life.until(lambda: life.has_ended(spec))
        error = life.end_of(spec).error
        assert error is not None and error.code == "JobLost" and "larger than max" in error.message


async def test_work_that_a_call_does_has_no_handle_and_is_done_again_after_a_crash(world: World) -> None:
    gate = Gate()
    world.connector.faults["execute"].append(gate)
    world.connector.result = agent_pb2.Resource(phase=Phase.SUCCEEDED, outputs=literal_map(o0=7))
    spec = world.spec(type="at-once", outputs=True)
    async with world.life() as life:
        life.executor.submit(spec)
        await gate.reached.wait()
        assert [each.phase for each in life.of(spec)] == ["RUNNING"]
    async with world.life() as life:
        end = await life.run(spec)
        assert end.outputs == literal_map(o0=7).SerializeToString()
        assert all(each.handle == b"" for each in life.of(spec))
    assert [header.output_prefix for header in world.connector.executed] == [spec.output_prefix] * 2


async def test_work_that_a_call_fails_at_is_the_failure_of_the_attempt(world: World) -> None:
    world.connector.result = agent_pb2.Resource(phase=Phase.FAILED, message="no money")
    async with world.life() as life:
        failed = await life.run(world.spec("n0", type="at-once"))
        world.connector.faults["execute"].append(Status.INTERNAL)
        broken = await life.run(world.spec("n1", type="at-once"))
        world.connector.result = agent_pb2.Resource(phase=Phase.RUNNING)
        unfinished = await life.run(world.spec("n2", type="at-once"))
    assert failed.error is not None and (failed.error.code, failed.error.recoverable) == ("JobFailed", False)
    assert "no money" in failed.error.message
    assert broken.error is not None and broken.error.code == "ConnectorFailed"
    assert unfinished.error is not None and unfinished.error.code == "JobFailed"
