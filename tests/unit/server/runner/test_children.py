"""Executions that an eager task launched must not outlive it."""

from __future__ import annotations

import pytest
from flyteidl.admin import execution_pb2
from flyteidl.core import identifier_pb2
from tests import flyte_specs as specs

from alula.core.engine import events
from alula.core.engine.records import Changes, ExecutionChange, ExecutionPhase
from alula.core.ids import ExecutionId
from alula.server.identity import Caller
from alula.server.runner.children import Children
from alula.server.services.launch import create_execution, relaunch_execution
from alula.server.services.messages.names import execution_identifier
from alula.server.services.platform import Platform
from alula.server.services.register import Registrant, create_task
from alula.server.store import Commit, ExecutionRecord

pytestmark = pytest.mark.anyio
TASK = specs.identifier(identifier_pb2.TASK, "t")
X = specs.literal_map(x=specs.integer(7))


@pytest.fixture
async def launched(platform: Platform, caller: Caller) -> Platform:
    """The platform with the run `parent`, and `child` that it launched."""
    await create_task(platform, caller, specs.task("t"), Registrant())
    for name, labels in (("parent", {}), ("child", {"eager-exec": "parent"}), ("other", {"eager-exec": "stranger"})):
        request = specs.execution(name, TASK, labels={"values": labels})
        request.inputs.CopyFrom(X)
        await create_execution(platform, caller, request)
    return platform


def id_of(name: str) -> ExecutionId:
    return ExecutionId(specs.PROJECT, specs.DOMAIN, name)


async def record_of(platform: Platform, name: str) -> ExecutionRecord:
    record = await platform.store.execution(id_of(name))
    assert record is not None
    return record


async def end(platform: Platform, name: str, phase: ExecutionPhase) -> None:
    await platform.store.claim("r", now=platform.clock(), lease_us=1_000_000_000, limit=10)
    changes = Changes(execution=ExecutionChange(phase, platform.clock(), ended_at=platform.clock()))
    event = events.encode(events.Claimed(platform.clock(), "r"))
    assert await platform.store.commit([Commit(id_of(name), 1, [event], changes, [], owner="r")]) == [True]


async def orphaned(platform: Platform, name: str) -> str:
    record = await record_of(platform, name)
    return await Children(platform).orphaned(record, execution_pb2.ExecutionSpec.FromString(record.spec))


async def test_what_an_aborted_execution_launched_is_asked_to_end(launched: Platform) -> None:
    await Children(launched).abort_launched(await record_of(launched, "parent"))
    mail = await launched.store.inbox([id_of(name) for name in ("parent", "child", "other")])
    assert [message.execution.name for message in mail] == ["child"]


@pytest.mark.parametrize("phase", [ExecutionPhase.ABORTED, ExecutionPhase.FAILED, ExecutionPhase.SUCCEEDED])
async def test_a_run_is_an_orphan_when_its_launcher_ended_without_success(
    launched: Platform, phase: ExecutionPhase
) -> None:
    assert await orphaned(launched, "child") == ""
    await end(launched, "parent", phase)
    assert (await orphaned(launched, "child") == "") is (phase is ExecutionPhase.SUCCEEDED)
    assert await orphaned(launched, "other") == ""


async def test_a_run_that_was_launched_again_stands_on_its_own(launched: Platform, caller: Caller) -> None:
    await end(launched, "parent", ExecutionPhase.ABORTED)
    request = execution_pb2.ExecutionRelaunchRequest(id=execution_identifier(id_of("child")), name="again")
    await relaunch_execution(launched, caller, request)
    assert await orphaned(launched, "again") == ""
