"""Triggers by ends of runs: what is started with which inputs, what is refused, and what people see of it."""

from __future__ import annotations

import dataclasses
from typing import Any

import msgspec
import pytest
from flyteidl.admin import execution_pb2, launch_plan_pb2
from flyteidl.core import identifier_pb2, literals_pb2
from google.protobuf import struct_pb2
from tests import flyte_specs as specs
from tests.policies import NobodyMay

from alula.core.engine.records import ExecutionPhase
from alula.core.errors import InvalidInput, NotFound, PermissionDenied, Unavailable
from alula.core.ids import ExecutionId
from alula.core.policy.triggering import CHAIN, chain_in, trigger_cause
from alula.server.identity import Caller
from alula.server.scheduler.run_ends import RunEnds
from alula.server.services.activation import update_launch_plan
from alula.server.services.explain import explain_execution
from alula.server.services.launch import create_execution, relaunch_execution
from alula.server.services.messages.names import execution_identifier
from alula.server.services.platform import Platform
from alula.server.services.register import Registrant, create_launch_plan, create_task, create_workflow
from alula.server.services.trigger_options import TriggerOptions
from alula.server.services.triggers import get_trigger, list_firings, list_started, list_triggers
from alula.server.store.executions import ExecutionRecord
from alula.server.store.outbox import OutboxMessage
from alula.server.store.query import Query
from alula.server.store.trigger_records import FiringRecord, FiringState
from alula.server.store.triggers import RUN_ENDS
from alula.server.stores.memory.adapter import MemoryStore

pytestmark = pytest.mark.anyio
PLACE = (specs.PROJECT, specs.DOMAIN)
OF_OUTPUT = {"x": "outputs.o0"}


@pytest.fixture
async def ready(platform: Platform, caller: Caller) -> Platform:
    """The platform with a workflow `w` and the launch plan `source`."""
    await create_task(platform, caller, specs.task("t"), Registrant())
    await create_workflow(platform, caller, specs.workflow("w", "t"))
    await create_launch_plan(platform, caller, specs.launch_plan("source", "w"))
    return platform


async def register(
    platform: Platform,
    caller: Caller,
    name: str,
    *,
    of: str = "source",
    open_max: int = 0,
    fixed: literals_pb2.LiteralMap | None = None,
    **fields: Any,
) -> None:
    """Register and activate a launch plan that waits for the runs of another one."""
    request, declared = specs.launch_plan(name, "w", fixed=fixed), struct_pb2.Struct()
    declared.update({"kind": "run", "launch_plan": of, "inputs": OF_OUTPUT, **fields})
    request.spec.entity_metadata.launch_conditions.Pack(declared)
    request.spec.concurrency_policy.max = open_max
    request.spec.annotations.values["team"] = "wine"
    await create_launch_plan(platform, caller, request)
    await set_state(platform, caller, name, launch_plan_pb2.ACTIVE)


async def set_state(platform: Platform, caller: Caller, name: str, state: Any) -> None:
    update = launch_plan_pb2.LaunchPlanUpdateRequest(id=plan_id(name), state=state)
    await update_launch_plan(platform, caller, update)


def plan_id(name: str) -> identifier_pb2.Identifier:
    return specs.identifier(identifier_pb2.LAUNCH_PLAN, name)


async def launch(platform: Platform, caller: Caller, name: str, plan: str = "source", **spec: Any) -> ExecutionId:
    request = specs.execution(name, plan_id(plan), specs.literal_map(x=specs.integer(1)), **spec)
    await create_execution(platform, caller, request)
    return ExecutionId(*PLACE, name)


async def end(
    platform: Platform, id: ExecutionId, phase: ExecutionPhase = ExecutionPhase.SUCCEEDED, *, times: int = 1
) -> None:
    """End a run, and have what waits for it told."""
    assert isinstance(platform.store, MemoryStore)
    run = platform.store.runs[id]
    run.record.phase = phase
    if phase is ExecutionPhase.SUCCEEDED:
        run.record.outputs = specs.literal_map(o0=specs.integer(7)).SerializeToString()
    message = OutboxMessage(1, "run", id, run.record.incarnation, "", int(phase), 5)
    for _ in range(times):
        await RunEnds(platform).hear([message])


async def started(platform: Platform) -> list[ExecutionRecord]:
    """The runs that were triggered, the oldest first."""
    found = await platform.store.executions.page(Query(limit=100, descending=False), with_values=True)
    return [each for each in found if each.mode == execution_pb2.ExecutionMetadata.TRIGGER]


async def firings(platform: Platform, name: str = "report") -> list[FiringRecord]:
    return await list_firings(platform, Caller("ada"), *PLACE, name)


async def test_the_end_of_a_run_starts_what_waits_for_it_with_its_outputs(ready: Platform, caller: Caller) -> None:
    await register(ready, caller, "report")
    id = await launch(ready, Caller("bob"), "a")
    await end(ready, id)
    (run,) = await started(ready)
    assert literals_pb2.LiteralMap.FromString(run.inputs) == specs.literal_map(x=specs.integer(7))
    assert run.principal == "ada"
    spec = execution_pb2.ExecutionSpec.FromString(run.spec)
    assert trigger_cause(spec) == f"run {id} ended: SUCCEEDED"
    assert spec.annotations.values["team"] == "wine"
    assert chain_in(spec.annotations.values) == ("flytesnacks/development/source", "flytesnacks/development/report")


async def test_however_often_an_end_is_told_it_starts_one_run(ready: Platform, caller: Caller) -> None:
    await register(ready, caller, "report")
    await end(ready, await launch(ready, caller, "a"), times=3)
    assert len(await started(ready)) == 1
    (record,) = await list_triggers(ready, caller, *PLACE)
    assert (record.started, record.refused) == (1, 0)


async def test_only_ends_in_the_chosen_phases_count(ready: Platform, caller: Caller) -> None:
    x = specs.literal_map(x=specs.integer(1))
    await register(ready, caller, "report", phases=["FAILED", "ABORTED"], inputs={}, fixed=x)
    await end(ready, await launch(ready, caller, "a"))
    assert await started(ready) == []
    await end(ready, await launch(ready, caller, "b"), ExecutionPhase.FAILED)
    assert len(await started(ready)) == 1


async def test_a_workflow_is_waited_for_whichever_plan_runs_it(ready: Platform, caller: Caller) -> None:
    await register(ready, caller, "report", of="", workflow="w")
    await end(ready, await launch(ready, caller, "a"))
    await end(ready, await launch(ready, caller, "b"), ExecutionPhase.FAILED)
    assert len(await started(ready)) == 1


async def test_nothing_is_started_by_a_plan_that_is_not_active(ready: Platform, caller: Caller) -> None:
    await register(ready, caller, "report")
    await set_state(ready, caller, "report", launch_plan_pb2.INACTIVE)
    await end(ready, await launch(ready, caller, "a"))
    assert await started(ready) == []
    with pytest.raises(NotFound, match="no version of launch plan `report`"):
        await get_trigger(ready, caller, *PLACE, "report")


async def test_a_plan_does_not_start_itself_not_even_through_others(ready: Platform, caller: Caller) -> None:
    await register(ready, caller, "b", of="c")
    await register(ready, caller, "c", of="b")
    await end(ready, await launch(ready, caller, "first", "b"))
    (second,) = await started(ready)
    await end(ready, second.id)
    (refused,) = await firings(ready, "b")
    assert refused.state is FiringState.REFUSED
    assert "TriggerLoop" in refused.detail and "b -> " in refused.detail
    assert len(await started(ready)) == 1


async def test_a_child_carries_the_chain_of_its_parent(ready: Platform, caller: Caller) -> None:
    await register(ready, caller, "report")
    await end(ready, await launch(ready, caller, "a"))
    (run,) = await started(ready)
    of_parent = execution_pb2.ExecutionSpec.FromString(run.spec).annotations
    child = await launch(ready, caller, "child", annotations=of_parent)
    await end(ready, child)
    refused = (await firings(ready))[0]
    assert refused.state is FiringState.REFUSED and "it would start itself" in refused.detail


async def test_a_run_that_an_eager_task_calls_has_the_chain_of_its_caller(ready: Platform, caller: Caller) -> None:
    await register(ready, caller, "report")
    await end(ready, await launch(ready, caller, "a"))
    (run,) = await started(ready)
    called = await launch(ready, caller, "called", labels={"values": {"eager-exec": run.id.name}})
    await end(ready, called)
    assert (await firings(ready))[0].state is FiringState.REFUSED


async def test_a_chain_that_is_too_long_ends(ready: Platform, caller: Caller) -> None:
    ready = dataclasses.replace(ready, triggers=TriggerOptions(chain_max=1))
    await register(ready, caller, "one")
    await register(ready, caller, "two", of="one")
    await end(ready, await launch(ready, caller, "a"))
    (run,) = await started(ready)
    await end(ready, run.id)
    (refused,) = await firings(ready, "two")
    assert "more than 1 runs have started each other" in refused.detail


async def test_a_relaunch_by_a_person_begins_a_new_chain(ready: Platform, caller: Caller) -> None:
    await register(ready, caller, "report")
    await end(ready, await launch(ready, caller, "a"))
    (run,) = await started(ready)
    request = execution_pb2.ExecutionRelaunchRequest(id=execution_identifier(run.id), name="again")
    await relaunch_execution(ready, caller, request)
    again = await ready.store.executions.get(run.id._replace(name="again"))
    assert again is not None
    assert CHAIN not in execution_pb2.ExecutionSpec.FromString(again.spec).annotations.values


async def test_inputs_that_do_not_fit_are_a_refusal_with_the_reason(ready: Platform, caller: Caller) -> None:
    await register(ready, caller, "report", inputs={"x": "outputs.other"})
    await end(ready, await launch(ready, caller, "a"))
    (refused,) = await firings(ready)
    assert refused.state is FiringState.REFUSED
    assert refused.detail.startswith("TriggerInputs: ") and "no output `other`" in refused.detail


async def test_as_many_runs_as_may_be_open_are_a_refusal(ready: Platform, caller: Caller) -> None:
    await register(ready, caller, "report", open_max=1)
    await end(ready, await launch(ready, caller, "a"))
    await end(ready, await launch(ready, caller, "b"))
    assert [each.state for each in await firings(ready)] == [FiringState.REFUSED, FiringState.STARTED]
    assert "ConcurrencyLimit" in (await firings(ready))[0].detail


async def test_trouble_that_passes_is_no_refusal(ready: Platform, caller: Caller) -> None:
    await register(ready, caller, "report")
    id, create = await launch(ready, caller, "a"), ready.store.triggers.fire

    async def away(*_: Any, **__: Any) -> Any:
        raise Unavailable("StoreAway", "the store can't be reached")

    ready.store.triggers.fire = away
    with pytest.raises(Unavailable):
        await end(ready, id)
    ready.store.triggers.fire = create
    await end(ready, id)
    assert len(await started(ready)) == 1


async def test_an_error_of_the_platform_at_one_cause_holds_up_no_other(ready: Platform, caller: Caller) -> None:
    await register(ready, caller, "broken")
    await register(ready, caller, "report")
    get = ready.store.entities.get

    async def broken(kind: Any, id: Any) -> Any:
        record = await get(kind, id)
        if id.name != "broken" or record is None:
            return record
        return msgspec.structs.replace(record, closure=b"\xff\xff")

    ready.store.entities.get = broken
    await end(ready, await launch(ready, caller, "a"))
    (refused,) = await firings(ready, "broken")
    assert refused.state is FiringState.REFUSED and "incident" in refused.detail
    assert [each.state for each in await firings(ready)] == [FiringState.STARTED]


async def test_outputs_are_handed_on_only_to_those_who_may_see_them(ready: Platform, caller: Caller) -> None:
    forbidden = dataclasses.replace(ready, access=NobodyMay())
    await register(ready, caller, "report")
    id = await launch(ready, caller, "a")
    await end(forbidden, id)
    (refused,) = await firings(ready)
    assert refused.detail.startswith("NotAllowed")
    with pytest.raises(PermissionDenied):
        await set_state(forbidden, caller, "report", launch_plan_pb2.ACTIVE)


async def test_both_runs_tell_of_each_other(ready: Platform, caller: Caller) -> None:
    await register(ready, caller, "report")
    id = await launch(ready, caller, "a")
    await end(ready, id)
    (run,) = await started(ready)
    (firing,) = await list_started(ready, caller, id)
    assert (firing.plan.name, firing.run) == ("report", run.id.name)
    link = await explain_execution(ready, caller, run.id)
    assert link.because[-1].code == "Triggered" and str(id) in link.because[-1].text
    with pytest.raises(NotFound):
        await list_started(ready, caller, id._replace(name="nothing"))


async def test_ends_are_heard_of_while_a_trigger_waits_for_any(ready: Platform, caller: Caller) -> None:
    assert not await RunEnds(ready).is_wanted()
    await register(ready, caller, "report")
    assert await RunEnds(ready).is_wanted()
    await launch(ready, caller, "a")
    assert len(await ready.store.outbox.claim(RUN_ENDS, limit=10, lease_us=1)) == 1


async def test_a_plan_whose_trigger_can_not_be_is_not_registered(ready: Platform, caller: Caller) -> None:
    with pytest.raises(InvalidInput, match="no source"):
        await register(ready, caller, "report", inputs={"x": "moon"})
