from __future__ import annotations

import dataclasses

import msgspec
import pytest
from flyteidl.admin import launch_plan_pb2
from tests import flyte_specs as specs

from alula.core.errors import AlreadyExists, InvalidInput, NotFound
from alula.core.ids import EntityId
from alula.server.identity import Caller
from alula.server.services.activation import update_launch_plan
from alula.server.services.platform import Platform
from alula.server.services.register import Registrant, create_launch_plan, create_task, create_workflow
from alula.server.store.entities import EntityKind
from alula.server.store.query import Query
from alula.server.stores.memory.adapter import MemoryStore

pytestmark = pytest.mark.anyio
NOBODY = Registrant()


async def test_a_task_keeps_the_python_that_registered_it(platform: Platform, caller: Caller) -> None:
    await create_task(platform, caller, specs.task("t"), Registrant("/env/bin/python", "host-1"))
    record = await platform.store.entities.get("task", EntityId(specs.PROJECT, specs.DOMAIN, "t", "v1"))
    assert record is not None
    assert (record.interpreter, record.interpreter_host) == ("/env/bin/python", "host-1")
    assert record.task_type == "raw-container"


async def test_another_python_does_not_make_another_task(platform: Platform, caller: Caller) -> None:
    await create_task(platform, caller, specs.task("t"), Registrant("/one/bin/python", "h"))
    with pytest.raises(AlreadyExists):
        await create_task(platform, caller, specs.task("t"), Registrant("/two/bin/python", "h"))


async def test_a_difference_is_named(platform: Platform, caller: Caller) -> None:
    await create_task(platform, caller, specs.task("t"), NOBODY)
    with pytest.raises(InvalidInput) as caught:
        await create_task(platform, caller, specs.task("t", command=("false",)), NOBODY)
    assert caught.value.code == "DifferentEntityExists"
    assert "args" in caught.value.message


async def test_who_registered_what_is_on_record(platform: Platform, caller: Caller) -> None:
    await create_task(platform, caller, specs.task("t"), NOBODY)
    (audit, *_) = await platform.store.audits.page(Query(limit=1, sort_by="at"))
    assert (audit.principal, audit.action, audit.target) == ("ada", "register", "task flytesnacks/development/t@v1")


async def test_a_refused_registration_leaves_nothing(platform: Platform, caller: Caller) -> None:
    with pytest.raises(InvalidInput):
        await create_workflow(platform, caller, specs.workflow("w", "missing"))
    assert await platform.store.entities.page("workflow", Query(limit=10)) == []


@pytest.mark.parametrize("version", ["", "a/b", "ä", "v 1"])
async def test_a_version_that_can_not_stand_in_a_url_is_refused(
    platform: Platform, caller: Caller, version: str
) -> None:
    with pytest.raises(InvalidInput):
        await create_task(platform, caller, specs.task("t", version=version), NOBODY)


async def test_the_order_of_variables_does_not_make_another_task(platform: Platform, caller: Caller) -> None:
    one, other = specs.task("t"), specs.task("t")
    for request, names in ((one, "abc"), (other, "cab")):
        for name in names:
            request.spec.template.container.env.add(key=name, value="1")
    await create_task(platform, caller, one, NOBODY)
    with pytest.raises(AlreadyExists):
        await create_task(platform, caller, other, NOBODY)
    other.spec.template.container.env[0].value = "2"
    with pytest.raises(InvalidInput):
        await create_task(platform, caller, other, NOBODY)


async def test_what_has_the_digest_of_an_older_normal_form_is_the_same(platform: Platform, caller: Caller) -> None:
    await register_plan(platform, caller)
    older = MemoryStore()
    await older.start()
    kinds: tuple[EntityKind, ...] = ("task", "workflow", "launch_plan")
    stand = [each for kind in kinds for each in await platform.store.entities.page(kind, Query(limit=9))]
    audit = platform.audit(caller, "register", "all")
    await older.entities.register([msgspec.structs.replace(each, digest=b"older") for each in stand], audit)
    upgraded = dataclasses.replace(platform, store=older)
    with pytest.raises(AlreadyExists):
        await create_task(upgraded, caller, specs.task("t"), NOBODY)
    with pytest.raises(AlreadyExists):
        await create_workflow(upgraded, caller, specs.workflow("w", "t"))
    with pytest.raises(AlreadyExists):
        await create_launch_plan(upgraded, caller, specs.launch_plan("p", "w"))
    with pytest.raises(InvalidInput):
        await create_task(upgraded, caller, specs.task("t", command=("false",)), NOBODY)


async def test_other_ids_of_nodes_are_the_same_workflow(platform: Platform, caller: Caller) -> None:
    await create_task(platform, caller, specs.task("t"), NOBODY)
    await create_workflow(platform, caller, specs.workflow("w", "t", node_id="jkrz"))
    with pytest.raises(AlreadyExists):
        await create_workflow(platform, caller, specs.workflow("w", "t", node_id="wqpf"))
    with pytest.raises(InvalidInput):
        await create_workflow(platform, caller, specs.workflow("w", "t", node_id="wqpf", outputs=False))
    (stands,) = await platform.store.entities.page("workflow", Query(limit=9))
    assert b"jkrz" in stands.closure


async def test_settings_of_a_launch_plan_count_for_its_identity(platform: Platform, caller: Caller) -> None:
    await register_plan(platform, caller)
    changed = specs.launch_plan("p", "w")
    changed.spec.max_parallelism = 3
    with pytest.raises(InvalidInput) as caught:
        await create_launch_plan(platform, caller, changed)
    assert "max_parallelism" in caught.value.message


@pytest.mark.parametrize("labels", [{"a b": "c"}, {"a": "c d"}, {"/a": "b"}, {f"k{i}": "v" for i in range(17)}])
async def test_labels_that_kubernetes_would_refuse_are_refused(
    platform: Platform, caller: Caller, labels: dict[str, str]
) -> None:
    await create_task(platform, caller, specs.task("t"), NOBODY)
    await create_workflow(platform, caller, specs.workflow("w", "t"))
    request = specs.launch_plan("p", "w")
    request.spec.labels.values.update(labels)
    with pytest.raises(InvalidInput):
        await create_launch_plan(platform, caller, request)


@pytest.mark.parametrize(
    ("expression", "code"),
    [("nonsense", "InvalidSchedule"), ("CRON_TZ=Europe/Zurch 0 3 * * *", "UnknownTimeZone")],
)
async def test_a_schedule_that_can_not_be_kept_is_refused(
    platform: Platform, caller: Caller, expression: str, code: str
) -> None:
    await create_task(platform, caller, specs.task("t"), NOBODY)
    await create_workflow(platform, caller, specs.workflow("w", "t"))
    request = specs.launch_plan("p", "w", fixed=specs.literal_map(x=specs.integer(1)))
    request.spec.entity_metadata.schedule.cron_schedule.schedule = expression
    with pytest.raises(InvalidInput) as caught:
        await create_launch_plan(platform, caller, request)
    assert caught.value.code == code


async def test_a_schedule_needs_every_required_input(platform: Platform, caller: Caller) -> None:
    await create_task(platform, caller, specs.task("t"), NOBODY)
    await create_workflow(platform, caller, specs.workflow("w", "t"))
    request = specs.launch_plan("p", "w")
    request.spec.entity_metadata.schedule.cron_schedule.schedule = "0 * * * *"
    with pytest.raises(InvalidInput) as caught:
        await create_launch_plan(platform, caller, request)
    assert caught.value.code == "ScheduleInputs"
    request.spec.fixed_inputs.CopyFrom(specs.literal_map(x=specs.integer(1)))
    await create_launch_plan(platform, caller, request)


async def test_a_launch_plan_that_is_not_there_can_not_be_activated(platform: Platform, caller: Caller) -> None:
    request = launch_plan_pb2.LaunchPlanUpdateRequest(id=specs.launch_plan("p", "w").id, state=launch_plan_pb2.ACTIVE)
    with pytest.raises(NotFound):
        await update_launch_plan(platform, caller, request)


async def register_plan(platform: Platform, caller: Caller) -> None:
    await create_task(platform, caller, specs.task("t"), NOBODY)
    await create_workflow(platform, caller, specs.workflow("w", "t"))
    await create_launch_plan(platform, caller, specs.launch_plan("p", "w"))
