"""Settings of projects, domains and workflows: which of them hold, and what they do to a launch and a registration."""

from __future__ import annotations

from typing import Any

import pytest
from flyteidl.admin import execution_pb2, task_pb2
from flyteidl.admin import matchable_resource_pb2 as matchable
from flyteidl.core import execution_pb2 as core_execution_pb2
from flyteidl.core import identifier_pb2, tasks_pb2, workflow_pb2
from tests import flyte_specs as specs

from alula.core.engine.events import Created, decode
from alula.core.errors import AlulaError, InvalidInput, NotFound
from alula.core.ids import ExecutionId
from alula.core.policy.resources import Amounts, ResourceCeiling
from alula.core.policy.routing import Wanted
from alula.server.identity import Caller
from alula.server.services.attributes import (
    SettingsPlace,
    cluster_values,
    delete_attributes,
    get_attributes,
    list_attributes,
    settings_place,
    update_attributes,
)
from alula.server.services.launch import create_execution
from alula.server.services.platform import Platform
from alula.server.services.register import Registrant, create_launch_plan, create_task, create_workflow
from alula.server.services.task_resources import ceiling_of, defaults_of
from alula.server.store.executions import ExecutionRecord

pytestmark = pytest.mark.anyio
PROJECT = SettingsPlace(specs.PROJECT)
DOMAIN = SettingsPlace(specs.PROJECT, specs.DOMAIN)
WORKFLOW = SettingsPlace(specs.PROJECT, specs.DOMAIN, "w")
PLAN = specs.identifier(identifier_pb2.LAUNCH_PLAN, "p")
Config = matchable.WorkflowExecutionConfig


def config(**given: Any) -> matchable.MatchingAttributes:
    return matchable.MatchingAttributes(workflow_execution_config=Config(**given))


def quality(**given: Any) -> matchable.MatchingAttributes:
    return matchable.MatchingAttributes(quality_of_service=core_execution_pb2.QualityOfService(**given))


def resources(*, defaults: dict[str, str] | None = None, **limits: str) -> matchable.MatchingAttributes:
    return matchable.MatchingAttributes(
        task_resource_attributes=matchable.TaskResourceAttributes(
            defaults=matchable.TaskResourceSpec(**(defaults or {})), limits=matchable.TaskResourceSpec(**limits)
        )
    )


def overriding(task_type: str, plugin: str) -> matchable.MatchingAttributes:
    override = matchable.PluginOverride(task_type=task_type, plugin_id=[plugin])
    return matchable.MatchingAttributes(plugin_overrides=matchable.PluginOverrides(overrides=[override]))


def asking(name: str, *, request: str, limit: str = "") -> task_pb2.TaskCreateRequest:
    task = specs.task(name)
    given = task.spec.template.container.resources
    given.requests.add(name=tasks_pb2.Resources.CPU, value=request)
    if limit:
        given.limits.add(name=tasks_pb2.Resources.CPU, value=limit)
    return task


@pytest.fixture
async def plan(platform: Platform, caller: Caller) -> Platform:
    """The platform with launch plan `p` of workflow `w`."""
    await create_task(platform, caller, specs.task("t"), Registrant())
    await create_workflow(platform, caller, specs.workflow("w", "t"))
    defaults = specs.literal_map(x=specs.integer(7))
    await create_launch_plan(platform, caller, specs.launch_plan("p", "w", defaults=defaults))
    return platform


async def launched(platform: Platform, caller: Caller, **spec: Any) -> ExecutionRecord:
    id = await create_execution(platform, caller, specs.execution("", PLAN, **spec))
    record = await platform.store.executions.get(ExecutionId(id.project, id.domain, id.name))
    assert record is not None
    return record


def spec_of(record: ExecutionRecord) -> execution_pb2.ExecutionSpec:
    return execution_pb2.ExecutionSpec.FromString(record.spec)


async def test_the_most_specific_settings_hold(platform: Platform, caller: Caller) -> None:
    kind = matchable.WORKFLOW_EXECUTION_CONFIG
    await update_attributes(platform, caller, PROJECT, config(max_parallelism=1))
    assert (await get_attributes(platform, caller, WORKFLOW, kind)).domain == ""
    await update_attributes(platform, caller, WORKFLOW, config(max_parallelism=3))
    await update_attributes(platform, caller, DOMAIN, config(max_parallelism=2))
    found = [
        (await get_attributes(platform, caller, place, kind)).attributes.workflow_execution_config.max_parallelism
        for place in (PROJECT, DOMAIN, WORKFLOW, SettingsPlace(specs.PROJECT, "staging", "w"))
    ]
    assert found == [1, 2, 3, 1]
    assert len((await list_attributes(platform, caller, kind)).configurations) == 3


async def test_settings_that_nobody_made_are_not_found_but_for_how_a_project_runs(
    platform: Platform, caller: Caller
) -> None:
    with pytest.raises(NotFound) as caught:
        await get_attributes(platform, caller, DOMAIN, matchable.CLUSTER_ASSIGNMENT)
    assert caught.value.code == "AttributesNotFound"
    found = await get_attributes(platform, caller, PROJECT, matchable.WORKFLOW_EXECUTION_CONFIG)
    assert found.attributes.workflow_execution_config.max_parallelism == 25
    with pytest.raises(NotFound):
        await delete_attributes(platform, caller, PROJECT, matchable.WORKFLOW_EXECUTION_CONFIG)


async def test_deleted_settings_give_way_to_those_around(platform: Platform, caller: Caller) -> None:
    await update_attributes(platform, caller, PROJECT, overriding("spark", "a"))
    await update_attributes(platform, caller, DOMAIN, overriding("spark", "b"))
    await delete_attributes(platform, caller, DOMAIN, matchable.PLUGIN_OVERRIDE)
    found = await get_attributes(platform, caller, DOMAIN, matchable.PLUGIN_OVERRIDE)
    assert found.attributes == overriding("spark", "a")


async def test_plugin_overrides_are_replaced_by_task_type(platform: Platform, caller: Caller) -> None:
    for task_type, plugin in (("spark", "old"), ("ray", "r"), ("spark", "new")):
        await update_attributes(platform, caller, DOMAIN, overriding(task_type, plugin))
    found = await get_attributes(platform, caller, DOMAIN, matchable.PLUGIN_OVERRIDE)
    overrides = found.attributes.plugin_overrides.overrides
    assert {one.task_type: list(one.plugin_id) for one in overrides} == {"spark": ["new"], "ray": ["r"]}


@pytest.mark.parametrize(
    ("place", "attributes", "code"),
    [
        (DOMAIN, matchable.MatchingAttributes(), "AttributesMissing"),
        (DOMAIN, resources(cpu="lots"), "InvalidQuantity"),
        (DOMAIN, resources(defaults={"memory": "2Gi"}, memory="1Gi"), "InvalidResources"),
        (DOMAIN, config(max_parallelism=-1), "InvalidParallelism"),
        (DOMAIN, quality(spec={"queueing_budget": {"seconds": -1}}), "InvalidQueueingBudget"),
        (SettingsPlace("none"), config(max_parallelism=1), "ProjectNotFound"),
        (SettingsPlace(specs.PROJECT, "none"), config(max_parallelism=1), "DomainNotFound"),
    ],
)
async def test_settings_that_can_not_be_are_refused(
    platform: Platform, caller: Caller, place: SettingsPlace, attributes: matchable.MatchingAttributes, code: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        await update_attributes(platform, caller, place, attributes)
    assert caught.value.code == code


def test_a_place_names_all_of_its_parts() -> None:
    with pytest.raises(AlulaError) as caught:
        settings_place(project="p", domain="d", workflow="")
    assert caught.value.code == "IncompleteIdentifier"


async def test_a_launch_takes_what_neither_request_nor_plan_says(plan: Platform, caller: Caller) -> None:
    await update_attributes(plan, caller, PROJECT, config(max_parallelism=2, overwrite_cache=True))
    await update_attributes(plan, caller, WORKFLOW, config(labels={"values": {"from": "workflow"}}))
    spec = spec_of(await launched(plan, caller))
    assert (spec.max_parallelism, spec.overwrite_cache, dict(spec.labels.values)) == (2, True, {"from": "workflow"})
    asked = spec_of(await launched(plan, caller, max_parallelism=7, labels={"values": {"from": "request"}}))
    assert (asked.max_parallelism, dict(asked.labels.values)) == (7, {"from": "request"})


async def test_how_long_a_run_may_wait_is_said_by_its_launch_or_by_settings(plan: Platform, caller: Caller) -> None:
    assert await budget_s(plan, await launched(plan, caller)) == 600
    await update_attributes(plan, caller, DOMAIN, quality(tier="LOW"))
    assert await budget_s(plan, await launched(plan, caller)) == 3600
    await update_attributes(plan, caller, WORKFLOW, quality(spec={"queueing_budget": {"seconds": 7}}))
    assert await budget_s(plan, await launched(plan, caller)) == 7
    assert await budget_s(plan, await launched(plan, caller, quality_of_service={"tier": "HIGH"})) == 60
    with pytest.raises(InvalidInput):
        await launched(plan, caller, quality_of_service={"spec": {"queueing_budget": {"seconds": -1}}})


async def budget_s(platform: Platform, record: ExecutionRecord) -> float:
    """How long attempts of a run may wait, by the first event of its log."""
    created = decode((await platform.store.log.read(record.id))[0])
    assert isinstance(created, Created) and created.queueing is not None
    return created.queueing.budget_s(core_execution_pb2.QualityOfService())


async def test_a_run_keeps_which_executors_its_project_wants(plan: Platform, caller: Caller) -> None:
    assert await wishes(plan, await launched(plan, caller)) == ()
    await update_attributes(plan, caller, DOMAIN, overriding("spark", "cluster"))
    await update_attributes(plan, caller, DOMAIN, overriding("ray", "elsewhere"))
    wanted = (Wanted("spark", ("cluster",)), Wanted("ray", ("elsewhere",)))
    assert await wishes(plan, await launched(plan, caller)) == wanted


async def wishes(platform: Platform, record: ExecutionRecord) -> tuple[Wanted, ...]:
    created = decode((await platform.store.log.read(record.id))[0])
    assert isinstance(created, Created)
    return created.wishes


async def test_a_run_keeps_the_resources_of_its_launch(plan: Platform, caller: Caller) -> None:
    assert (await launched(plan, caller)).task_resources == b""
    await update_attributes(
        plan,
        caller,
        DOMAIN,
        resources(defaults={"cpu": "500m", "storage": "1Ki"}, cpu="2", memory="1Gi", ephemeral_storage="1Mi"),
    )
    kept = (await launched(plan, caller)).task_resources
    assert defaults_of(kept) == Amounts(cpu_millicores=500, storage_bytes=1024)
    assert ceiling_of(kept) == ResourceCeiling(cpu_millicores=2000, memory_bytes=2**30, ephemeral_storage_bytes=2**20)


@pytest.mark.parametrize(
    ("request_", "limit", "code"),
    [("3", "", "ResourcesOverLimit"), ("2", "1", "InvalidResources"), ("many", "", "InvalidQuantity")],
)
async def test_a_task_that_asks_for_what_it_can_not_get_is_refused(
    platform: Platform, caller: Caller, request_: str, limit: str, code: str
) -> None:
    await update_attributes(platform, caller, DOMAIN, resources(cpu="2"))
    await create_task(platform, caller, asking("fits", request="2"), Registrant())
    with pytest.raises(InvalidInput) as caught:
        await create_task(platform, caller, asking("t", request=request_, limit=limit), Registrant())
    assert caught.value.code == code


@pytest.mark.parametrize(("limit", "code"), [("2", "WorkflowDoesNotCompile"), ("4", "ResourcesOverLimit")])
async def test_a_node_that_asks_for_what_it_can_not_get_is_refused(
    platform: Platform, caller: Caller, limit: str, code: str
) -> None:
    await create_task(platform, caller, asking("t", request="1", limit=limit), Registrant())
    await update_attributes(platform, caller, DOMAIN, resources(cpu="2"))
    workflow = specs.workflow("w", "t")
    overrides = workflow_pb2.TaskNodeOverrides()
    overrides.resources.requests.add(name=tasks_pb2.Resources.CPU, value="3")
    workflow.spec.template.nodes[0].task_node.overrides.CopyFrom(overrides)
    with pytest.raises(InvalidInput) as caught:
        await create_workflow(platform, caller, workflow)
    assert caught.value.code == code


async def test_values_for_namespaces_are_those_of_the_domain_or_else_of_the_project(
    platform: Platform, caller: Caller
) -> None:
    def values(**given: str) -> matchable.MatchingAttributes:
        return matchable.MatchingAttributes(
            cluster_resource_attributes=matchable.ClusterResourceAttributes(attributes=given)
        )

    assert await cluster_values(platform, specs.PROJECT, specs.DOMAIN) == {}
    await update_attributes(platform, caller, PROJECT, values(cpu="1", memory="1Gi"))
    assert await cluster_values(platform, specs.PROJECT, specs.DOMAIN) == {"cpu": "1", "memory": "1Gi"}
    await update_attributes(platform, caller, DOMAIN, values(cpu="2"))
    assert await cluster_values(platform, specs.PROJECT, specs.DOMAIN) == {"cpu": "2"}
