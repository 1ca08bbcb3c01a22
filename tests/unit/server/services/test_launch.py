from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence

import pytest
from flyteidl.admin import execution_pb2, launch_plan_pb2, project_pb2
from flyteidl.core import identifier_pb2, tasks_pb2
from flyteidl.core import workflow_pb2 as flyte_workflow_pb2
from google.protobuf import wrappers_pb2
from tests import flyte_specs as specs

from alula.core.engine import events
from alula.core.engine.recovery import Recovery
from alula.core.errors import AlreadyExists, InvalidInput, NotFound
from alula.core.ids import ExecutionId, Place
from alula.core.policy.registration import SETTINGS_MAX_BYTES
from alula.core.policy.routing import Wanted
from alula.server.identity import Caller
from alula.server.services.abort import terminate_execution
from alula.server.services.execution_settings import merge_settings
from alula.server.services.launch import create_execution, relaunch_execution
from alula.server.services.launch_check import check_launch
from alula.server.services.platform import Platform
from alula.server.services.projects import update_project
from alula.server.services.register import Registrant, create_launch_plan, create_task, create_workflow
from alula.server.services.runnable import Runnable
from alula.server.store.executions import ExecutionRecord
from alula.server.store.query import Query

pytestmark = pytest.mark.anyio
PLAN = specs.identifier(identifier_pb2.LAUNCH_PLAN, "p")
TASK = specs.identifier(identifier_pb2.TASK, "t")
SPEC = execution_pb2.ExecutionSpec
PLAN_SPEC = launch_plan_pb2.LaunchPlanSpec


@pytest.fixture
async def plan(platform: Platform, caller: Caller) -> Platform:
    """The platform with launch plan `p` of an `x: int`."""
    await create_task(platform, caller, specs.task("t"), Registrant())
    await create_workflow(platform, caller, specs.workflow("w", "t"))
    await create_launch_plan(
        platform, caller, specs.launch_plan("p", "w", defaults=specs.literal_map(x=specs.integer(7)))
    )
    return platform


async def record_of(platform: Platform, name: str) -> ExecutionRecord:
    record = await platform.store.executions.get(ExecutionId(specs.PROJECT, specs.DOMAIN, name))
    assert record is not None
    return record


async def test_an_execution_is_kept_with_the_first_event_of_its_log(plan: Platform, caller: Caller) -> None:
    id = await create_execution(plan, caller, specs.execution("run", PLAN, interruptible={"value": False}))
    record = await record_of(plan, id.name)
    assert record.principal == "ada"
    assert execution_pb2.ExecutionSpec.FromString(record.spec).metadata.principal == "ada"
    (created,) = [events.decode(event) for event in await plan.store.log.read(record.id)]
    assert isinstance(created, events.Created)
    assert created.workflow == record.workflow
    assert created.inputs == specs.literal_map(x=specs.integer(7)).SerializeToString(deterministic=True)
    assert created.interruptible is False
    assert created.max_parallelism == 25
    assert record.user_inputs == b""


async def test_unnamed_executions_get_different_names(plan: Platform, caller: Caller) -> None:
    names = [(await create_execution(plan, caller, specs.execution("", PLAN))).name for _ in range(3)]
    assert len(set(names)) == 3


async def test_a_name_is_taken_only_once(plan: Platform, caller: Caller) -> None:
    await create_execution(plan, caller, specs.execution("run", PLAN))
    with pytest.raises(AlreadyExists):
        await create_execution(plan, caller, specs.execution("run", PLAN))


@pytest.mark.parametrize("name", ["Upper", "1st", "a_b", "a" * 64, "a\n", "a\0", "a ", "é"])
async def test_a_bad_name_is_refused(plan: Platform, caller: Caller, name: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        await create_execution(plan, caller, specs.execution(name, PLAN))
    assert caught.value.code == "InvalidExecutionName"


@pytest.mark.parametrize(
    ("labels", "code"),
    [
        ({"A B": "c"}, "InvalidLabel"),
        ({"a": "c d"}, "InvalidLabel"),
        ({f"a{n}": "b" for n in range(17)}, "TooManyLabels"),
    ],
)
async def test_labels_that_kubernetes_would_not_take_are_refused(
    plan: Platform, caller: Caller, labels: dict[str, str], code: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        await create_execution(plan, caller, specs.execution("run", PLAN, labels={"values": labels}))
    assert caught.value.code == code
    assert await plan.store.executions.get(ExecutionId(specs.PROJECT, specs.DOMAIN, "run")) is None


async def test_a_negative_parallelism_is_refused(plan: Platform, caller: Caller) -> None:
    asked = specs.launch_plan("negative", "w")
    asked.spec.max_parallelism = -1
    for attempt in (
        create_execution(plan, caller, specs.execution("run", PLAN, max_parallelism=-1)),
        create_launch_plan(plan, caller, asked),
    ):
        with pytest.raises(InvalidInput) as caught:
            await attempt
        assert caught.value.code == "InvalidParallelism"


async def test_settings_that_would_make_lists_unreadable_are_refused(plan: Platform, caller: Caller) -> None:
    long = "x" * SETTINGS_MAX_BYTES
    for request in (
        specs.execution("run", PLAN, envs={"values": [{"key": "A", "value": long}]}),
        specs.execution("run", PLAN, annotations={"values": {"a": long}}),
    ):
        with pytest.raises(InvalidInput) as caught:
            await create_execution(plan, caller, request)
        assert caught.value.code == "TooLarge"


async def test_a_thing_of_an_unknown_type_can_not_be_launched(plan: Platform, caller: Caller) -> None:
    request = specs.execution("run", PLAN)
    request.spec.launch_plan.resource_type = 99  # type: ignore[assignment]
    with pytest.raises(InvalidInput) as caught:
        await create_execution(plan, caller, request)
    assert caught.value.code == "NotLaunchable"


async def test_a_run_is_launched_again_with_all_labels_that_its_project_gave_it(plan: Platform, caller: Caller) -> None:
    labels = {f"p{n}": "x" for n in range(3)}
    await update_project(plan, caller, project_pb2.Project(id=specs.PROJECT, name="p", labels={"values": labels}))
    own = {f"a{n}": "b" for n in range(16)}
    id = await create_execution(plan, caller, specs.execution("run", PLAN, labels={"values": own}))
    await relaunch_execution(plan, caller, execution_pb2.ExecutionRelaunchRequest(id=id, name="again"))
    assert len((await record_of(plan, "again")).labels) == 19


async def test_what_is_not_registered_can_not_be_launched(plan: Platform, caller: Caller) -> None:
    for kind in (identifier_pb2.LAUNCH_PLAN, identifier_pb2.TASK):
        with pytest.raises(NotFound):
            await create_execution(plan, caller, specs.execution("", specs.identifier(kind, "nothing")))
    with pytest.raises(InvalidInput):
        await create_execution(plan, caller, specs.execution("", specs.identifier(identifier_pb2.WORKFLOW, "w")))


async def test_nothing_runs_in_an_archived_project(plan: Platform, caller: Caller) -> None:
    await update_project(plan, caller, project_pb2.Project(id=specs.PROJECT, state=project_pb2.Project.ARCHIVED))
    with pytest.raises(InvalidInput) as caught:
        await create_execution(plan, caller, specs.execution("", PLAN))
    assert caught.value.code == "ProjectArchived"


async def test_a_relaunch_uses_what_the_user_gave(plan: Platform, caller: Caller) -> None:
    given = specs.literal_map(x=specs.integer(1))
    first = await create_execution(plan, caller, specs.execution("first", PLAN, given, overwrite_cache=True))
    await relaunch_execution(plan, caller, execution_pb2.ExecutionRelaunchRequest(id=first, name="second"))
    record = await record_of(plan, "second")
    assert record.user_inputs == given.SerializeToString(deterministic=True)
    assert record.mode == execution_pb2.ExecutionMetadata.RELAUNCH
    assert not execution_pb2.ExecutionSpec.FromString(record.spec).overwrite_cache


async def test_an_abort_goes_to_the_inbox_of_its_owner(plan: Platform, caller: Caller) -> None:
    id = await create_execution(plan, caller, specs.execution("run", PLAN))
    await terminate_execution(plan, caller, execution_pb2.ExecutionTerminateRequest(id=id, cause="enough"))
    record = await record_of(plan, "run")
    (message,) = await plan.store.inbox.read([record.id])
    event = events.decode(message.event)
    assert isinstance(event, events.AbortRequested)
    assert (event.cause, event.principal) == ("enough", "ada")


async def test_what_is_not_there_can_not_be_aborted(plan: Platform, caller: Caller) -> None:
    id = identifier_pb2.WorkflowExecutionIdentifier(project=specs.PROJECT, domain=specs.DOMAIN, name="none")
    with pytest.raises(NotFound):
        await terminate_execution(plan, caller, execution_pb2.ExecutionTerminateRequest(id=id))


def test_the_first_that_says_something_wins() -> None:
    plan = PLAN_SPEC(
        labels={"values": {"from": "plan"}},
        max_parallelism=3,
        interruptible=wrappers_pb2.BoolValue(value=True),
        overwrite_cache=True,
    )
    merged = merge_settings(SPEC(), plan, project_labels={"team": "blue"}, max_parallelism=25)
    assert dict(merged.labels.values) == {"from": "plan", "team": "blue"}
    assert (merged.max_parallelism, merged.interruptible.value, merged.overwrite_cache) == (3, True, True)
    asked = SPEC(labels={"values": {"team": "red"}}, interruptible=wrappers_pb2.BoolValue(value=False))
    merged = merge_settings(asked, plan, project_labels={"team": "blue"}, max_parallelism=25)
    assert dict(merged.labels.values) == {"team": "red"}
    assert merged.HasField("interruptible")
    assert not merged.interruptible.value


def test_nobody_saying_anything_leaves_tri_states_unset() -> None:
    merged = merge_settings(SPEC(), PLAN_SPEC(), project_labels={}, max_parallelism=25)
    assert not merged.HasField("interruptible")
    assert merged.max_parallelism == 25


HURRY = {"spec": {"queueing_budget": {"seconds": -1}}}


@pytest.mark.parametrize(
    "refused",
    [
        specs.execution("run", TASK, specs.literal_map(x=specs.integer(1))),
        specs.execution("fresh", TASK, specs.literal_map(x=specs.text("one"))),
        specs.execution("fresh", TASK, specs.literal_map(x=specs.integer(1)), quality_of_service=HURRY),
    ],
)
async def test_a_refused_launch_of_a_task_leaves_nothing_behind(
    plan: Platform, caller: Caller, refused: execution_pb2.ExecutionCreateRequest
) -> None:
    await create_execution(plan, caller, specs.execution("run", PLAN))
    with pytest.raises((InvalidInput, AlreadyExists)):
        await create_execution(plan, caller, refused)
    workflows = await plan.store.entities.page("workflow", Query(limit=10))
    assert [workflow.id.name for workflow in workflows] == ["w"]
    await create_execution(plan, caller, specs.execution("another", TASK, specs.literal_map(x=specs.integer(1))))
    assert len(await plan.store.entities.page("workflow", Query(limit=10))) == 2


def refuses_all(task: tasks_pb2.TaskTemplate, place: Place, _: Sequence[Wanted]) -> InvalidInput:
    return InvalidInput("ImageNeedsContainer", f"not in {place.domain}", fix="elsewhere")


async def test_a_run_that_no_executor_can_do_is_refused_before_it_begins(plan: Platform, caller: Caller) -> None:
    node = flyte_workflow_pb2.Node(id="n7", workflow_node={"launchplan_ref": PLAN})
    outer = specs.workflow("outer", "t", outputs=False)
    del outer.spec.template.nodes[:], outer.spec.template.outputs[:]
    outer.spec.template.nodes.append(node)
    await create_workflow(plan, caller, outer)
    await create_launch_plan(plan, caller, specs.launch_plan("q", "outer"))
    closed = dataclasses.replace(plan, runnable=Runnable(refuses_all))
    launched = specs.identifier(identifier_pb2.LAUNCH_PLAN, "q")
    for target, said in ((TASK, "not in"), (PLAN, "step `n0` (task `t`): not in"), (launched, "step `n0` (task `t`)")):
        request = specs.execution("run", target, specs.literal_map(x=specs.integer(1)))
        with pytest.raises(InvalidInput, match=re.escape(said)) as caught:
            await create_execution(closed, caller, request)
        assert (caught.value.code, caught.value.fix) == ("ImageNeedsContainer", "elsewhere")
        (problem,) = [
            each for each in (await check_launch(closed, caller, request)).problems if "inputs" not in each.path
        ]
        assert (problem.path, problem.code) == ("spec.launch_plan", "ImageNeedsContainer")
    id = ExecutionId(specs.PROJECT, specs.DOMAIN, "run")
    assert await plan.store.executions.get(id) is None
    earlier = await create_execution(plan, caller, specs.execution("earlier", PLAN))
    again = specs.execution("run", PLAN, metadata={"reference_execution": earlier})
    await create_execution(closed, caller, again, recovery=Recovery("earlier"))  # what can't run may be taken over
    assert await plan.store.executions.get(id) is not None
