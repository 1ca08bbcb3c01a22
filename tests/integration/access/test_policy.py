"""A policy by project on a real platform, over gRPC and REST: what is viewed, listed, launched, loaded, and by whom.

`root` may do everything. `eve` views project A and launches in project B. `bob` works in B and knows nothing of A.
"""

from __future__ import annotations

import json
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from flyteidl.admin import (
    common_pb2,
    execution_pb2,
    matchable_resource_pb2,
    node_execution_pb2,
    project_attributes_pb2,
    project_pb2,
)
from flyteidl.core import identifier_pb2
from flyteidl.core.execution_pb2 import WorkflowExecution as Phase
from flyteidl.core.identifier_pb2 import WorkflowExecutionIdentifier as RunId
from flyteidl.datacatalog import datacatalog_pb2
from flyteidl.service import dataproxy_pb2, identity_pb2
from google.protobuf.message import Message
from tests import flyte_specs as specs
from tests.graphs import launch_plan_node
from tests.integration.api.clients import Client
from tests.integration.api.test_edges import put, send
from tests.integration.platform import Platforms, RunningPlatform
from tests.trailers import trailers

A, B, DOMAIN = specs.PROJECT, "b", specs.DOMAIN
ALL = ["view", "register", "launch", "steer", "cache", "manage"]
RIGHTS = {
    "root": {"": ALL, A: ALL, B: ALL},
    "eve": {A: ["view"], B: ["view", "launch"]},
    "bob": {B: ["view", "register", "launch", "steer", "cache"]},
}
PLAN = identifier_pb2.LAUNCH_PLAN
PROGRAM = [sys.executable, str(Path(__file__).with_name("program.py"))]


class Acting:
    """A client that says who it is."""

    def __init__(self, platform: RunningPlatform, client: Client, principal: str) -> None:
        self.principal = principal
        self.http = platform.http
        self._client = client

    def __getattr__(self, rpc: str) -> Any:
        call = getattr(self._client, rpc)
        return lambda request: call(request, metadata=(("principal", self.principal),))

    def get(self, path: str) -> tuple[int, Any]:
        """Status and JSON of a GET."""
        request = urllib.request.Request(f"{self.http}{path}", headers={"principal": self.principal})
        status, body = send(request)
        return status, json.loads(body) if body.startswith((b"{", b"[")) else body

    def refused(self, rpc: str, request: Message) -> str:
        """What a refusal says; fails where there is none."""
        with pytest.raises(grpc.RpcError) as caught:
            getattr(self, rpc)(request)
        error: Any = caught.value
        assert error.code() is grpc.StatusCode.PERMISSION_DENIED, error
        assert trailers(error)["alula-code"] == "NotAllowed"
        return error.details()


class World:
    """The platform, those who use it, and a run in each project that has succeeded."""

    def __init__(self, platform: RunningPlatform, client: Client, rights: Path) -> None:
        self.rights = rights
        self.root, self.eve, self.bob = (Acting(platform, client, name) for name in ("root", "eve", "bob"))
        self.root.RegisterProject(project_pb2.ProjectRegisterRequest(project=project_pb2.Project(id=B)))
        for project in (A, B):
            self.root.CreateTask(of(project, specs.task("t", command=("echo", "hello"), outputs=False)))
            self.root.CreateWorkflow(of(project, specs.workflow("w", "t", outputs=False)))
            self.root.CreateLaunchPlan(of(project, plan_of("w")))
        self.in_a, self.in_b = (run(self.root, project, plan(project, "w")) for project in (A, B))
        self.end(self.in_a), self.end(self.in_b)

    def end(self, id: RunId) -> execution_pb2.Execution:
        until = time.monotonic() + 60
        while (found := self.root.GetExecution(got(id))).closure.phase < Phase.SUCCEEDED:
            assert time.monotonic() < until, found
            time.sleep(0.02)
        return found

    def give(self, **rights: dict[str, list[str]]) -> None:
        self.rights.write_text(json.dumps({**RIGHTS, **rights}))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("platform")
    rights = folder / "rights.json"
    rights.write_text(json.dumps(RIGHTS))
    platforms = Platforms(folder, command=(*PROGRAM, str(rights)))
    platform = platforms.start()
    try:
        with Client(platform.grpc) as client:
            yield World(platform, client, rights)
    finally:
        platforms.close()


@pytest.fixture
def world(shared: World) -> World:
    """Everybody has the usual rights."""
    shared.give()
    return shared


def test_each_request_has_its_own_caller(world: World) -> None:
    for one in (world.root, world.eve, world.bob):
        assert one.UserInfo(identity_pb2.UserInfoRequest()).subject == one.principal
        assert one.get("/me")[1]["subject"] == one.principal
    assert send(f"{world.eve.http}/me")[0] == 401


def test_lists_have_what_the_caller_may_view(world: World) -> None:
    every = common_pb2.ResourceListRequest(limit=100, id=common_pb2.NamedEntityIdentifier())
    for one, projects in ((world.root, {A, B}), (world.eve, {A, B}), (world.bob, {B})):
        listed = one.ListProjects(project_pb2.ProjectListRequest())
        assert {each.id for each in listed.projects} == projects
        assert {each["id"] for each in one.get("/api/v1/projects")[1]["projects"]} == projects
        assert {each.id.project for each in one.ListExecutions(every).executions} == projects
    first = world.bob.ListExecutions(common_pb2.ResourceListRequest(limit=1, id=every.id))
    assert [each.id.project for each in first.executions] == [B]
    asked = common_pb2.ResourceListRequest(limit=9, id=every.id, filters=f"eq(project,{A})")
    assert list(world.bob.ListExecutions(asked).executions) == []
    assert f"`bob` may not view in `{A}/{DOMAIN}`" in world.bob.refused("ListExecutions", listed_in(A))
    assert world.bob.refused("ListTasks", listed_in(A))
    assert [each.id.name for each in world.eve.ListTasks(listed_in(A)).tasks] == ["t"]
    assert world.bob.get(f"/api/v1/executions/{A}/{DOMAIN}?limit=9")[0] == 403


def test_settings_and_datasets_are_listed_of_what_the_caller_may_view(world: World) -> None:
    for project in (A, B):
        settings = matchable_resource_pb2.MatchingAttributes(workflow_execution_config={"max_parallelism": 7})
        attributes = project_attributes_pb2.ProjectAttributes(project=project, matching_attributes=settings)
        update = project_attributes_pb2.ProjectAttributesUpdateRequest(attributes=attributes)
        world.bob.refused("UpdateProjectAttributes", update)
        world.root.UpdateProjectAttributes(update)
        id = datacatalog_pb2.DatasetID(project=project, domain=DOMAIN, name="d", version="1")
        world.root.CreateDataset(datacatalog_pb2.CreateDatasetRequest(dataset=datacatalog_pb2.Dataset(id=id)))
    kind = matchable_resource_pb2.WORKFLOW_EXECUTION_CONFIG
    for one, projects in ((world.eve, [A, B]), (world.bob, [B])):
        found = one.ListMatchableAttributes(matchable_resource_pb2.ListMatchableAttributesRequest(resource_type=kind))
        assert sorted(each.project for each in found.configurations) == sorted(projects)
        datasets = one.ListDatasets(datacatalog_pb2.ListDatasetsRequest()).datasets
        assert sorted(each.id.project for each in datasets) == sorted(projects)


def test_nothing_is_told_of_a_run_that_the_caller_may_not_view(world: World) -> None:
    there, gone = world.in_a, RunId(project=A, domain=DOMAIN, name="gone")
    assert world.bob.refused("GetExecution", got(there)) == world.bob.refused("GetExecution", got(gone))
    node = identifier_pb2.NodeExecutionIdentifier(execution_id=there, node_id="n0")
    path = f"{A}/{DOMAIN}/{there.name}"
    world.bob.refused("GetExecutionData", execution_pb2.WorkflowExecutionGetDataRequest(id=there))
    world.bob.refused("GetNodeExecutionData", node_execution_pb2.NodeExecutionGetDataRequest(id=node))
    world.bob.refused("GetData", dataproxy_pb2.GetDataRequest(flyte_url=f"flyte://v1/{path}/n0/i"))
    world.bob.refused("TerminateExecution", execution_pb2.ExecutionTerminateRequest(id=there))
    ours = "/api/v1/alula"
    for route in (f"watch/{path}", f"logs/{path}/n0/0", f"reasons/{path}", f"explain/{path}", f"cache/{A}/{DOMAIN}"):
        assert world.bob.get(f"{ours}/{route}")[0] == 403, route
        assert world.eve.get(f"{ours}/{route}")[0] == 200, route
    assert world.eve.get(f"{ours}/logs/{path}/n0/0")[1] == b"hello\n"
    world.eve.refused("TerminateExecution", execution_pb2.ExecutionTerminateRequest(id=there))


def test_a_run_is_launched_where_its_launcher_may_of_what_he_may_view(world: World) -> None:
    refused = world.eve.refused("CreateExecution", launched(A, plan(A, "w")))
    assert refused == (f"`eve` may not launch in `{A}/{DOMAIN}`; ask for that right, or act as another principal")
    world.eve.refused("RelaunchExecution", execution_pb2.ExecutionRelaunchRequest(id=world.in_a))
    world.bob.refused("CreateExecution", launched(B, plan(A, "w")))
    id = run(world.eve, B, plan(A, "w"))
    ended = world.end(id)
    assert (ended.closure.phase, ended.spec.metadata.principal) == (Phase.SUCCEEDED, "eve")


def test_an_object_is_had_by_those_who_may_view_its_project(world: World) -> None:
    data = world.eve.GetNodeExecution(
        node_execution_pb2.NodeExecutionGetRequest(
            id=identifier_pb2.NodeExecutionIdentifier(execution_id=world.in_a, node_id="n0")
        )
    ).input_uri
    world.bob.refused("CreateDownloadLocation", dataproxy_pb2.CreateDownloadLocationRequest(native_url=data))
    root = data.partition("/metadata/")[0]
    for path in (
        f"{root}/metadata/{B}/{DOMAIN}/../../{data.partition('/metadata/')[2]}",
        f"{root}/metadata//{A}/{DOMAIN}/x",
        f"{root}/identity",
        f"{root}/metadata/{B}",
        "/etc/passwd",
    ):
        world.bob.refused("CreateDownloadLocation", dataproxy_pb2.CreateDownloadLocationRequest(native_url=path))
    signed = world.eve.CreateDownloadLocation(dataproxy_pb2.CreateDownloadLocationRequest(native_url=data))
    assert send(signed.signed_url)[0] == 200  # whoever has it


def test_an_upload_is_for_those_who_may_launch_or_register_there(world: World) -> None:
    def asked(project: str) -> dataproxy_pb2.CreateUploadLocationRequest:
        return dataproxy_pb2.CreateUploadLocationRequest(
            project=project, domain=DOMAIN, filename="f", filename_root="here"
        )

    assert "may not register or launch" in world.eve.refused("CreateUploadLocation", asked(A))
    location = world.eve.CreateUploadLocation(asked(B))
    assert put(location.signed_url, b"data") == 200
    world.eve.CreateDownloadLocation(dataproxy_pb2.CreateDownloadLocationRequest(native_url=location.native_url))


def test_a_child_is_launched_with_the_rights_of_its_parents_launcher(world: World) -> None:
    world.root.CreateWorkflow(parent_of(plan(A, "w"), "parent"))
    world.root.CreateLaunchPlan(of(B, plan_of("parent")))
    by_eve = world.end(run(world.eve, B, plan(B, "parent")))
    assert by_eve.closure.phase == Phase.SUCCEEDED
    by_bob = world.end(run(world.bob, B, plan(B, "parent")))
    assert (by_bob.closure.phase, by_bob.closure.error.code) == (Phase.FAILED, "NotAllowed")
    assert f"`bob` may not view or launch in `{A}/{DOMAIN}`" in by_bob.closure.error.message
    children = world.root.ListExecutions(listed_in(B, filters="eq(mode,CHILD_WORKFLOW)")).executions
    assert {each.spec.metadata.principal for each in children} == {"eve"}


def test_a_child_that_runs_goes_on_without_the_right_and_is_ended_with_its_parent(world: World) -> None:
    world.root.CreateTask(of(B, specs.task("slow", command=("sleep", "600"), outputs=False)))
    world.root.CreateWorkflow(of(B, specs.workflow("slow", "slow", outputs=False)))
    world.root.CreateLaunchPlan(of(B, plan_of("slow")))
    world.root.CreateWorkflow(parent_of(plan(B, "slow"), "slow.parent"))
    world.root.CreateLaunchPlan(of(B, plan_of("slow.parent")))
    parent = run(world.eve, B, plan(B, "slow.parent"))
    child = _child(world, parent)
    world.give(eve={})
    world.eve.refused("GetExecution", got(parent))
    world.root.TerminateExecution(execution_pb2.ExecutionTerminateRequest(id=parent, cause="enough"))
    assert world.end(parent).closure.phase == world.end(child).closure.phase == Phase.ABORTED


def test_what_is_registered_refers_to_nothing_that_its_author_may_not_view(world: World) -> None:
    workflow = specs.workflow("takes.from.a", "t", outputs=False)
    workflow.id.project = workflow.spec.template.id.project = B
    world.bob.refused("CreateWorkflow", workflow)
    plan_of_a = plan_of("w", "takes.from.a")
    plan_of_a.id.project = B
    world.bob.refused("CreateLaunchPlan", plan_of_a)
    world.bob.refused("CreateWorkflow", parent_of(plan(A, "w"), "starts.in.a"))


def test_no_run_names_another_to_hear_of_it(world: World) -> None:
    request = launched(B, plan(B, "w"))
    request.spec.metadata.reference_execution.CopyFrom(world.in_a)
    request.spec.metadata.parent_node_execution.execution_id.CopyFrom(world.in_a)
    request.spec.metadata.parent_node_execution.node_id = "n0"
    id = world.bob.CreateExecution(request).id
    assert world.end(id).closure.phase == Phase.SUCCEEDED  # and is not ended with the node that it names
    body = json.dumps({"nodes": ["n9"]}).encode()
    headers = {"principal": "bob", "Content-Type": "application/json"}
    url = f"{world.bob.http}/api/v1/alula/fork/{B}/{DOMAIN}/{id.name}"
    assert send(urllib.request.Request(url, data=body, headers=headers, method="POST"))[0] == 403


def _child(world: World, parent: RunId) -> RunId:
    """The one child of a run, once its task has been started."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        for each in world.root.ListExecutions(listed_in(B, filters="eq(phase,RUNNING)")).executions:
            if each.spec.metadata.parent_node_execution.execution_id == parent:
                return each.id
        time.sleep(0.02)
    raise AssertionError("no child was launched")


# Requests


def of(project: str, message: Any) -> Any:
    """The message with all its identifiers in `project`."""
    for field, value in message.ListFields():
        if field.message_type is None:
            if field.name == "project":
                message.project = project
        elif not field.is_repeated:
            of(project, value)
        elif not field.message_type.GetOptions().map_entry:
            for each in value:
                of(project, each)
    return message


def plan(project: str, name: str) -> identifier_pb2.Identifier:
    return of(project, specs.identifier(PLAN, name))


def plan_of(workflow: str, name: str = "") -> Any:
    return specs.launch_plan(name or workflow, workflow, defaults=specs.literal_map(x=specs.integer(1)))


def parent_of(child: identifier_pb2.Identifier, name: str) -> Any:
    """A workflow in B whose one node starts a launch plan."""
    request = of(B, specs.workflow(name, "t", outputs=False))
    del request.spec.template.nodes[:]
    request.spec.template.nodes.append(launch_plan_node("n0", child))
    return request


def launched(project: str, target: identifier_pb2.Identifier) -> execution_pb2.ExecutionCreateRequest:
    request = specs.execution("", target)
    request.project = project
    return request


def run(one: Acting, project: str, target: identifier_pb2.Identifier) -> RunId:
    return one.CreateExecution(launched(project, target)).id


def got(id: RunId) -> execution_pb2.WorkflowExecutionGetRequest:
    return execution_pb2.WorkflowExecutionGetRequest(id=id)


def listed_in(project: str, filters: str = "") -> common_pb2.ResourceListRequest:
    place = common_pb2.NamedEntityIdentifier(project=project, domain=DOMAIN)
    return common_pb2.ResourceListRequest(id=place, limit=100, filters=filters)
