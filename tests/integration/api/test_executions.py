"""Launching, reading and aborting runs over the wire, with tasks that are plain commands."""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request

import grpc
import pytest
from flyteidl.admin import common_pb2, execution_pb2, node_execution_pb2, task_execution_pb2
from flyteidl.core import execution_pb2 as core_execution_pb2
from flyteidl.core import identifier_pb2, literals_pb2
from flyteidl.service import dataproxy_pb2
from tests import flyte_specs as specs
from tests.integration.api.clients import Client
from tests.integration.platform import RunningPlatform
from tests.present import present

Phase = core_execution_pb2.WorkflowExecution
ENDS = (Phase.SUCCEEDED, Phase.FAILED, Phase.ABORTED)
SLEEP = ("sleep", "60")


def register(client: Client, name: str, *, command: tuple[str, ...] = ("true",)) -> identifier_pb2.Identifier:
    """A workflow without outputs that runs `command`; returns its launch plan."""
    client.CreateTask(specs.task(f"{name}.t", command=command, outputs=False))
    client.CreateWorkflow(specs.workflow(name, f"{name}.t", outputs=False))
    client.CreateLaunchPlan(specs.launch_plan(name, name, defaults=specs.literal_map(x=specs.integer(1))))
    return specs.identifier(identifier_pb2.LAUNCH_PLAN, name)


def get(client: Client, id: identifier_pb2.WorkflowExecutionIdentifier) -> execution_pb2.Execution:
    return client.GetExecution(execution_pb2.WorkflowExecutionGetRequest(id=id), timeout=None)


def wait_for(client: Client, id: identifier_pb2.WorkflowExecutionIdentifier, *phases: int) -> execution_pb2.Execution:
    until = time.monotonic() + 30
    while (execution := get(client, id)).closure.phase not in (phases or ENDS):
        assert time.monotonic() < until, execution
        time.sleep(0.02)
    return execution


def launch(client: Client, request: execution_pb2.ExecutionCreateRequest) -> identifier_pb2.WorkflowExecutionIdentifier:
    return client.CreateExecution(request).id


def test_a_launch_plan_runs_to_its_end(client: Client) -> None:
    plan = register(client, "run.plan")
    id = launch(client, specs.execution("", plan, labels={"values": {"team": "blue"}}))
    assert id.name.startswith("a")
    assert len(id.name) == 20
    execution = wait_for(client, id)
    assert execution.closure.phase == Phase.SUCCEEDED, execution.closure.error
    assert execution.closure.workflow_id.name == "run.plan"
    assert execution.spec.metadata.principal == "anonymous"
    assert execution.closure.duration.ToMilliseconds() >= 0
    data = client.GetExecutionData(execution_pb2.WorkflowExecutionGetDataRequest(id=id))
    assert data.full_inputs == specs.literal_map(x=specs.integer(1))
    nodes = client.ListNodeExecutions(
        node_execution_pb2.NodeExecutionListRequest(workflow_execution_id=id, limit=10, filters="eq(node_id,n0)")
    )
    (node,) = nodes.node_executions
    assert node.metadata.spec_node_id == "n0"
    inputs = client.GetNodeExecutionData(node_execution_pb2.NodeExecutionGetDataRequest(id=node.id))
    assert inputs.full_inputs == specs.literal_map(x=specs.integer(1))
    attempts = client.ListTaskExecutions(
        task_execution_pb2.TaskExecutionListRequest(node_execution_id=node.id, limit=10)
    )
    (attempt,) = attempts.task_executions
    assert attempt.closure.phase == core_execution_pb2.TaskExecution.SUCCEEDED
    assert attempt.id.task_id.name == "run.plan.t"
    found = client.GetData(dataproxy_pb2.GetDataRequest(flyte_url=f"{inputs.flyte_urls.inputs}/x"))
    assert found.literal == specs.integer(1)


def test_a_task_runs_by_itself_in_a_hidden_workflow(client: Client) -> None:
    client.CreateTask(specs.task("run.single", outputs=False))
    task = specs.identifier(identifier_pb2.TASK, "run.single")
    id = launch(client, specs.execution("single-task", task, specs.literal_map(x=specs.integer(3))))
    execution = wait_for(client, id)
    assert execution.closure.phase == Phase.SUCCEEDED, execution.closure.error
    assert execution.closure.workflow_id.name == ".flytegen.run.single"
    assert execution.spec.launch_plan == task
    place = common_pb2.NamedEntityIdentifier(project=specs.PROJECT, domain=specs.DOMAIN)
    listed = client.ListWorkflows(common_pb2.ResourceListRequest(id=place, limit=1000))
    assert not [workflow for workflow in listed.workflows if workflow.id.name.startswith(".flytegen.")]


@pytest.mark.parametrize(
    ("inputs", "complaint"),
    [
        (specs.literal_map(), "x"),
        (specs.literal_map(x=specs.text("one")), "expected int"),
        (specs.literal_map(x=specs.integer(1), y=specs.integer(2)), "y"),
    ],
)
def test_inputs_that_do_not_fit_are_refused_and_nothing_runs(
    client: Client, inputs: literals_pb2.LiteralMap, complaint: str
) -> None:
    name = "run.inputs"
    try:
        client.CreateTask(specs.task(name, outputs=False))
    except grpc.RpcError as error:
        assert error.code() is grpc.StatusCode.ALREADY_EXISTS
    target = specs.identifier(identifier_pb2.TASK, name)
    with pytest.raises(grpc.RpcError) as caught:
        launch(client, specs.execution("never", target, inputs))
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert complaint in present(caught.value.details())
    with pytest.raises(grpc.RpcError) as missing:
        get(
            client, identifier_pb2.WorkflowExecutionIdentifier(project=specs.PROJECT, domain=specs.DOMAIN, name="never")
        )
    assert missing.value.code() is grpc.StatusCode.NOT_FOUND


def test_a_name_is_taken_once_and_must_be_one(client: Client) -> None:
    plan = register(client, "run.names")
    id = launch(client, specs.execution("only-once", plan))
    wait_for(client, id)
    for name, status in (("only-once", "ALREADY_EXISTS"), ("Not_A_Name", "INVALID_ARGUMENT")):
        with pytest.raises(grpc.RpcError) as caught:
            launch(client, specs.execution(name, plan))
        assert caught.value.code().name == status


def test_an_abort_ends_the_run_and_can_come_only_once(client: Client) -> None:
    plan = register(client, "run.abort", command=SLEEP)
    id = launch(client, specs.execution("", plan))
    wait_for(client, id, Phase.RUNNING)
    client.TerminateExecution(execution_pb2.ExecutionTerminateRequest(id=id, cause="no longer wanted"))
    execution = wait_for(client, id)
    assert execution.closure.phase == Phase.ABORTED
    assert execution.closure.abort_metadata.cause == "no longer wanted"
    assert execution.closure.abort_metadata.principal == "anonymous"
    with pytest.raises(grpc.RpcError) as caught:
        client.TerminateExecution(execution_pb2.ExecutionTerminateRequest(id=id))
    assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION


def test_a_relaunch_runs_the_same_again(client: Client) -> None:
    plan = register(client, "run.again")
    first = launch(client, specs.execution("", plan, specs.literal_map(x=specs.integer(5))))
    again = client.RelaunchExecution(execution_pb2.ExecutionRelaunchRequest(id=first, name="the-same")).id
    execution = wait_for(client, again)
    assert execution.closure.phase == Phase.SUCCEEDED, execution.closure.error
    assert execution.spec.metadata.mode == execution_pb2.ExecutionMetadata.RELAUNCH
    assert execution.spec.metadata.reference_execution == first
    data = client.GetExecutionData(execution_pb2.WorkflowExecutionGetDataRequest(id=again))
    assert data.full_inputs == specs.literal_map(x=specs.integer(5))


def test_executions_are_found_by_phase_label_and_archive(client: Client) -> None:
    plan = register(client, "run.found")
    id = launch(client, specs.execution("", plan, labels={"values": {"found": "me"}}))
    wait_for(client, id)
    place = common_pb2.NamedEntityIdentifier(project=specs.PROJECT, domain=specs.DOMAIN)

    def found(filters: str) -> list[str]:
        request = common_pb2.ResourceListRequest(id=place, limit=100, filters=filters)
        return [execution.id.name for execution in client.ListExecutions(request).executions]

    tags = "value_in(execution_tag.key,found)+value_in(execution_tag.value,me)"
    assert found(f"{tags}+value_in(phase,SUCCEEDED;FAILED)") == [id.name]
    assert found(f"{tags}+value_in(phase,UNDEFINED;QUEUED;RUNNING)") == []
    assert found(f"{tags}+gt(created_at,2020-01-01T00:00:00.123456789Z)+eq(workflow.name,run.found)") == [id.name]
    client.UpdateExecution(execution_pb2.ExecutionUpdateRequest(id=id, state=execution_pb2.EXECUTION_ARCHIVED))
    assert found(tags) == []
    assert found(f"{tags}+eq(state,EXECUTION_ARCHIVED)") == [id.name]


def test_the_watch_stream_tells_each_phase_and_ends_with_the_run(client: Client, platform: RunningPlatform) -> None:
    plan = register(client, "run.watched", command=("sh", "-c", "sleep 0.3; echo done"))
    id = launch(client, specs.execution("", plan))
    url = f"{platform.http}/api/v1/alula/watch/{id.project}/{id.domain}/{id.name}"
    with urllib.request.urlopen(url, timeout=30) as stream:
        lines = [json.loads(line) for line in stream]
    assert lines[-1]["phase"] == "SUCCEEDED"
    versions = [line["version"] for line in lines]
    assert versions == sorted(versions)


def test_a_log_is_followed_while_it_is_written(client: Client, platform: RunningPlatform) -> None:
    plan = register(client, "run.logged", command=("sh", "-c", "echo first; sleep 0.5; echo second"))
    id = launch(client, specs.execution("", plan))
    base = f"{platform.http}/api/v1/alula/logs/{id.project}/{id.domain}/{id.name}/n0/0"
    until = time.monotonic() + 20
    while not client.ListNodeExecutions(
        node_execution_pb2.NodeExecutionListRequest(workflow_execution_id=id, limit=10, filters="eq(node_id,n0)")
    ).node_executions:
        assert time.monotonic() < until
        time.sleep(0.02)
    with urllib.request.urlopen(f"{base}?follow=1", timeout=30) as stream:
        assert stream.read() == b"first\nsecond\n"
    wait_for(client, id)
    for query, told in (("", b"first\nsecond\n"), ("?offset=6", b"second\n"), ("?offset=13&follow=1", b"")):
        with urllib.request.urlopen(base + query, timeout=30) as stream:
            assert stream.read() == told
    for offset in ("-1", "1.5", str(1 << 64)):
        with pytest.raises(urllib.error.HTTPError, match="400"):
            urllib.request.urlopen(f"{base}?offset={offset}", timeout=30)


def test_of_an_attempt_whose_files_are_gone_everything_can_be_read(client: Client, platform: RunningPlatform) -> None:
    plan = register(client, "run.silent")
    id = launch(client, specs.execution("", plan))
    wait_for(client, id)
    (of_run,) = (platform.data / "objects/metadata").glob(f"*/*/{id.name}.*")
    until = time.monotonic() + 30
    while (of_run / "n0").exists():
        assert time.monotonic() < until
        time.sleep(0.02)
    base = f"{platform.http}/api/v1/alula/logs/{id.project}/{id.domain}/{id.name}/n0/0"
    for url in (base, f"{base}?follow=1"):
        with urllib.request.urlopen(url, timeout=30) as stream:
            assert stream.read() == b""
    node = identifier_pb2.NodeExecutionIdentifier(node_id="n0", execution_id=id)
    data = client.GetNodeExecutionData(node_execution_pb2.NodeExecutionGetDataRequest(id=node))
    assert data.full_inputs == specs.literal_map(x=specs.integer(1))
    uri = client.GetNodeExecution(node_execution_pb2.NodeExecutionGetRequest(id=node)).input_uri
    assert uri == str(of_run / "n0/data/inputs.pb")


def test_a_question_with_a_long_deadline_is_answered_when_the_run_ends(client: Client) -> None:
    plan = register(client, "run.held", command=SLEEP)
    id = launch(client, specs.execution("", plan))
    wait_for(client, id, Phase.RUNNING)
    answers: list[execution_pb2.Execution] = []
    asked = threading.Thread(
        target=lambda: answers.append(client.GetExecution(execution_pb2.WorkflowExecutionGetRequest(id=id), timeout=60))
    )
    asked.start()
    client.TerminateExecution(execution_pb2.ExecutionTerminateRequest(id=id))
    asked.join(timeout=20)
    assert [answer.closure.phase for answer in answers] == [Phase.ABORTED]
