"""Registering over the wire: the rules that Flyte clients rely on."""

from __future__ import annotations

import sqlite3
import sys

import grpc
import pytest
from flyteidl.admin import common_pb2, launch_plan_pb2, project_pb2
from flyteidl.core import identifier_pb2
from tests import flyte_specs as specs
from tests.integration.api.clients import Client
from tests.integration.platform import RunningPlatform
from tests.present import present
from tests.trailers import trailers

OLDEST_FIRST = common_pb2.Sort(key="created_at", direction=common_pb2.Sort.ASCENDING)


def code_of(caught: pytest.ExceptionInfo[grpc.RpcError]) -> grpc.StatusCode:
    return caught.value.code()


def register(client: Client, name: str) -> None:
    client.CreateTask(specs.task(f"{name}.t"))
    client.CreateWorkflow(specs.workflow(name, f"{name}.t"))
    client.CreateLaunchPlan(specs.launch_plan(name, name))


def test_what_was_registered_can_be_read_again(client: Client) -> None:
    register(client, "reg.read")
    task = client.GetTask(common_pb2.ObjectGetRequest(id=specs.identifier(identifier_pb2.TASK, "reg.read.t")))
    assert task.closure.compiled_task.template.interface == specs.task("reg.read.t").spec.template.interface
    assert task.closure.created_at.seconds > 0
    workflow = client.GetWorkflow(common_pb2.ObjectGetRequest(id=specs.identifier(identifier_pb2.WORKFLOW, "reg.read")))
    compiled = workflow.closure.compiled_workflow
    assert [task.template.id.name for task in compiled.tasks] == ["reg.read.t"]
    plan = client.GetLaunchPlan(
        common_pb2.ObjectGetRequest(id=specs.identifier(identifier_pb2.LAUNCH_PLAN, "reg.read"))
    )
    assert plan.closure.state == launch_plan_pb2.INACTIVE
    assert plan.closure.expected_inputs.parameters["x"].required


@pytest.mark.parametrize("kind", ["task", "workflow", "launch_plan"])
def test_the_same_thing_again_already_exists(client: Client, kind: str) -> None:
    name = f"reg.same.{kind}"
    register(client, name)
    again = {
        "task": lambda: client.CreateTask(specs.task(f"{name}.t")),
        "workflow": lambda: client.CreateWorkflow(specs.workflow(name, f"{name}.t")),
        "launch_plan": lambda: client.CreateLaunchPlan(specs.launch_plan(name, name)),
    }[kind]
    with pytest.raises(grpc.RpcError) as caught:
        again()
    assert code_of(caught) is grpc.StatusCode.ALREADY_EXISTS


def test_another_task_under_the_same_id_is_refused_with_the_difference(client: Client) -> None:
    client.CreateTask(specs.task("reg.other"))
    with pytest.raises(grpc.RpcError) as caught:
        client.CreateTask(specs.task("reg.other", output=specs.STRING))
    assert code_of(caught) is grpc.StatusCode.INVALID_ARGUMENT
    assert trailers(caught.value)["alula-code"] == "DifferentEntityExists"
    assert "o0" in present(caught.value.details())


def test_a_workflow_that_does_not_compile_names_every_error(client: Client) -> None:
    request = specs.workflow("reg.broken", "reg.there.is.none")
    request.spec.template.outputs[0].binding.promise.node_id = "n7"
    with pytest.raises(grpc.RpcError) as caught:
        client.CreateWorkflow(request)
    assert code_of(caught) is grpc.StatusCode.INVALID_ARGUMENT
    details = present(caught.value.details())
    assert "TaskReferenceNotFound" in details
    assert "n7" in details


def test_a_launch_plan_without_its_workflow_is_refused(client: Client) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        client.CreateLaunchPlan(specs.launch_plan("reg.alone", "reg.there.is.none"))
    assert code_of(caught) is grpc.StatusCode.INVALID_ARGUMENT


def test_only_one_version_of_a_launch_plan_is_active(client: Client) -> None:
    client.CreateTask(specs.task("reg.active.t"))
    client.CreateWorkflow(specs.workflow("reg.active", "reg.active.t"))
    for version in ("v1", "v2"):
        plan = specs.launch_plan("reg.active", "reg.active")
        plan.id.version = version
        client.CreateLaunchPlan(plan)
        client.UpdateLaunchPlan(launch_plan_pb2.LaunchPlanUpdateRequest(id=plan.id, state=launch_plan_pb2.ACTIVE))
    name = common_pb2.NamedEntityIdentifier(project=specs.PROJECT, domain=specs.DOMAIN, name="reg.active")
    active = client.GetActiveLaunchPlan(launch_plan_pb2.ActiveLaunchPlanRequest(id=name))
    assert active.id.version == "v2"
    listed = client.ListLaunchPlans(common_pb2.ResourceListRequest(id=name, limit=10, filters="eq(state,1)"))
    assert [plan.id.version for plan in listed.launch_plans] == ["v2"]


def test_an_unknown_project_or_domain_is_an_invalid_argument(client: Client) -> None:
    for part in ("project", "domain"):
        request = specs.task("reg.nowhere")
        setattr(request.id, part, "nowhere")
        with pytest.raises(grpc.RpcError) as caught:
            client.CreateTask(request)
        assert code_of(caught) is grpc.StatusCode.INVALID_ARGUMENT


def test_a_new_project_takes_work_until_it_is_archived(client: Client) -> None:
    client.RegisterProject(project_pb2.ProjectRegisterRequest(project=project_pb2.Project(id="birds", name="Birds")))
    assert [domain.id for domain in client.GetProject(project_pb2.ProjectGetRequest(id="birds")).domains] == [
        "development",
        "staging",
        "production",
    ]
    request = specs.task("reg.birds")
    request.id.project = "birds"
    client.CreateTask(request)
    client.UpdateProject(project_pb2.Project(id="birds", state=project_pb2.Project.ARCHIVED))
    request.id.version = "v2"
    with pytest.raises(grpc.RpcError) as caught:
        client.CreateTask(request)
    assert trailers(caught.value)["alula-code"] == "ProjectArchived"
    with pytest.raises(grpc.RpcError) as caught:
        client.RegisterProject(project_pb2.ProjectRegisterRequest(project=project_pb2.Project(id="birds")))
    assert code_of(caught) is grpc.StatusCode.ALREADY_EXISTS


def test_lists_are_paged_by_tokens_and_need_a_limit(client: Client) -> None:
    for version in ("v1", "v2", "v3"):
        client.CreateTask(specs.task("reg.paged", version=version))
    name = common_pb2.NamedEntityIdentifier(project=specs.PROJECT, domain=specs.DOMAIN, name="reg.paged")
    request = common_pb2.ResourceListRequest(id=name, limit=2, sort_by=OLDEST_FIRST)
    first = client.ListTasks(request)
    assert [task.id.version for task in first.tasks] == ["v1", "v2"]
    for token in (first.token, "2"):  # the second as from before tokens had positions
        request.token = token
        second = client.ListTasks(request)
        assert ([task.id.version for task in second.tasks], second.token) == (["v3"], "")
    for bad in (
        common_pb2.ResourceListRequest(id=name, limit=0),
        common_pb2.ResourceListRequest(id=name, limit=1, token="x"),
        common_pb2.ResourceListRequest(id=name, limit=1, filters="eq(colour,red)"),
    ):
        with pytest.raises(grpc.RpcError) as caught:
            client.ListTasks(bad)
        assert code_of(caught) is grpc.StatusCode.INVALID_ARGUMENT


def test_a_list_of_large_things_is_read_by_a_client_with_the_usual_limit(client: Client) -> None:
    versions = [f"v{number}" for number in range(7)]
    for version in versions:
        client.CreateTask(specs.task("reg.large", version=version, command=("echo", "x" * 900_000)))
    name = common_pb2.NamedEntityIdentifier(project=specs.PROJECT, domain=specs.DOMAIN, name="reg.large")
    request = common_pb2.ResourceListRequest(id=name, limit=100, sort_by=OLDEST_FIRST)
    found = []
    while True:
        page = client.ListTasks(request)
        assert page.tasks
        found += [task.id.version for task in page.tasks]
        if not page.token:
            break
        request.token = page.token
    assert found == versions


def test_a_task_remembers_the_python_of_the_client_that_registered_it(
    client: Client, platform: RunningPlatform
) -> None:
    client.CreateTask(specs.task("reg.python.found"))
    told = (("alula-interpreter", "/opt/py/bin/python"), ("alula-host", "elsewhere"))
    client.CreateTask(specs.task("reg.python.told"), metadata=told)
    with sqlite3.connect(platform.data / "alula.sqlite") as database:
        known = dict(
            database.execute("SELECT name, interpreter FROM entities WHERE name LIKE 'reg.python.%'").fetchall()
        )
    database.close()
    assert known == {"reg.python.found": sys.executable, "reg.python.told": "/opt/py/bin/python"}
