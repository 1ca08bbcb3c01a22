"""Executions that an eager task launched must not outlive it."""

from __future__ import annotations

import dataclasses

import pytest
from flyteidl.admin import execution_pb2
from flyteidl.core import identifier_pb2
from tests import flyte_specs as specs
from tests.policies import ByProject, NobodyMay

from alula.core.engine import events
from alula.core.engine.actions import AbortChild, LaunchChild
from alula.core.engine.records import Changes, ExecutionChange, ExecutionPhase
from alula.core.ids import EntityId, ExecutionId
from alula.server.access import Action
from alula.server.identity import Caller
from alula.server.runner.children import Children
from alula.server.services.launch import create_execution, relaunch_execution
from alula.server.services.messages.names import execution_identifier, node_identifier
from alula.server.services.platform import Platform
from alula.server.services.register import Registrant, create_launch_plan, create_task, create_workflow
from alula.server.store.executions import ExecutionRecord
from alula.server.store.log import Commit

pytestmark = pytest.mark.anyio
TASK = specs.identifier(identifier_pb2.TASK, "t")
X = specs.literal_map(x=specs.integer(7))
PLAN = EntityId(specs.PROJECT, specs.DOMAIN, "w", "v1")
CHILD = LaunchChild(0, 0, "n0", "achild", PLAN, X.SerializeToString())


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
    record = await platform.store.executions.get(id_of(name))
    assert record is not None
    return record


async def end(platform: Platform, name: str, phase: ExecutionPhase, *, domain: str = specs.DOMAIN) -> None:
    await platform.store.ownership.claim("r", now=platform.clock(), lease_us=1_000_000_000, limit=10)
    changes = Changes(execution=ExecutionChange(phase, platform.clock(), ended_at=platform.clock()))
    event = events.encode(events.Claimed(platform.clock(), "r"))
    assert await platform.store.log.commit(
        [Commit(id_of(name)._replace(domain=domain), 1, [event], changes, [], owner="r")]
    ) == [True]


async def orphaned(platform: Platform, name: str) -> str:
    record = await record_of(platform, name)
    return await Children(platform).orphaned(record, execution_pb2.ExecutionSpec.FromString(record.spec))


async def test_what_an_aborted_execution_launched_is_asked_to_end(launched: Platform) -> None:
    await Children(launched).abort_launched(await record_of(launched, "parent"))
    mail = await launched.store.inbox.read([id_of(name) for name in ("parent", "child", "other")])
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


async def test_a_child_is_launched_on_behalf_of_its_parents_principal(launched: Platform, caller: Caller) -> None:
    await launchable(launched, caller)
    policy = ByProject({("ada", specs.PROJECT): frozenset({Action.LAUNCH})})
    children = Children(dataclasses.replace(launched, access=policy))
    assert await children.launch(await record_of(launched, "parent"), CHILD) is None
    assert (await record_of(launched, "achild")).principal == "ada"


async def test_a_child_that_the_principal_may_not_launch_fails_its_node_for_good(
    launched: Platform, caller: Caller
) -> None:
    await launchable(launched, caller)
    children = Children(dataclasses.replace(launched, access=NobodyMay()))
    ended = await children.launch(await record_of(launched, "parent"), CHILD)
    assert ended is not None and ended.error is not None
    assert ended.error.code == "NotAllowed"
    assert f"`ada` may not launch in `{specs.PROJECT}/{specs.DOMAIN}`" in ended.error.message
    assert not ended.error.recoverable
    assert await launched.store.executions.get(id_of("achild")) is None


async def test_what_runs_goes_on_when_the_right_is_withdrawn_and_is_still_ended_with_its_parent(
    launched: Platform, caller: Caller
) -> None:
    await launchable(launched, caller)
    parent = await record_of(launched, "parent")
    assert await Children(launched).launch(parent, CHILD) is None
    children = Children(dataclasses.replace(launched, access=NobodyMay()))
    assert await children.launch(parent, CHILD) is None
    await children.abort(parent, AbortChild("achild", "enough"))
    assert [message.execution.name for message in await launched.store.inbox.read([id_of("achild")])] == ["achild"]


async def test_an_execution_of_another_project_hears_nothing_of_a_child_that_names_it(
    launched: Platform, caller: Caller
) -> None:
    for name, place in (("near", specs.DOMAIN), ("far", "production")):
        request = specs.execution(name, TASK)
        request.domain = place
        request.inputs.CopyFrom(X)
        request.spec.metadata.parent_node_execution.CopyFrom(node_identifier(id_of("parent"), "n0"))
        await create_execution(launched, caller, request)
        child = id_of(name)._replace(domain=place)
        await end(launched, name, ExecutionPhase.SUCCEEDED, domain=place)
        record = await launched.store.executions.get(child)
        assert record is not None
        await Children(launched).tell_parent(record, execution_pb2.ExecutionSpec.FromString(record.spec))
    (told,) = await launched.store.inbox.read([id_of("parent")])
    event = events.decode(told.event)
    assert isinstance(event, events.ChildEnded) and event.child == "near"


async def launchable(platform: Platform, caller: Caller) -> None:
    """With the launch plan that `CHILD` is of."""
    await create_workflow(platform, caller, specs.workflow("w", "t"))
    await create_launch_plan(platform, caller, specs.launch_plan("w", "w"))
