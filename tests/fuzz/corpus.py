"""Good requests, by RPC: what a fuzzer begins with, and what it may ask about."""

from __future__ import annotations

from flyteidl.admin import (
    common_pb2,
    execution_pb2,
    launch_plan_pb2,
    matchable_resource_pb2,
    node_execution_pb2,
    project_domain_attributes_pb2,
    project_pb2,
    signal_pb2,
    task_execution_pb2,
)
from flyteidl.core import identifier_pb2
from flyteidl.service import dataproxy_pb2
from google.protobuf import duration_pb2
from google.protobuf.message import Message
from tests import flyte_specs as specs
from tests.integration.api.clients import Client

TASK, WORKFLOW, PLAN, RUN = "fuzzed.task", "fuzzed.workflow", "fuzzed.plan", "fuzzed"
KNOWN = (specs.PROJECT, specs.DOMAIN, TASK, WORKFLOW, PLAN, RUN, "v1", "n0", "x")


def fill(client: Client) -> None:
    """Register and launch what the requests are about."""
    client.CreateTask(specs.task(TASK, outputs=False))
    client.CreateWorkflow(specs.workflow(WORKFLOW, TASK, outputs=False))
    client.CreateLaunchPlan(specs.launch_plan(PLAN, WORKFLOW))
    client.CreateExecution(_launch(RUN))


def good_requests() -> dict[str, list[Message]]:
    """By the name of the RPC."""
    id = specs.identifier
    run = identifier_pb2.WorkflowExecutionIdentifier(project=specs.PROJECT, domain=specs.DOMAIN, name=RUN)
    node = identifier_pb2.NodeExecutionIdentifier(node_id="n0", execution_id=run)
    attempt = identifier_pb2.TaskExecutionIdentifier(
        task_id=id(identifier_pb2.TASK, TASK), node_execution_id=node, retry_attempt=0
    )
    place = common_pb2.NamedEntityIdentifier(project=specs.PROJECT, domain=specs.DOMAIN)
    listing = common_pb2.ResourceListRequest(id=place, limit=10, filters="eq(name,x)")
    names = common_pb2.NamedEntityIdentifierListRequest(project=specs.PROJECT, domain=specs.DOMAIN, limit=5)
    attributes = project_domain_attributes_pb2.ProjectDomainAttributes(
        project=specs.PROJECT,
        domain=specs.DOMAIN,
        matching_attributes=matchable_resource_pb2.MatchingAttributes(
            workflow_execution_config=matchable_resource_pb2.WorkflowExecutionConfig(max_parallelism=3)
        ),
    )
    named = common_pb2.NamedEntityIdentifier(project=specs.PROJECT, domain=specs.DOMAIN, name=TASK)
    task_get = common_pb2.ObjectGetRequest(id=id(identifier_pb2.TASK, TASK))
    hour = duration_pb2.Duration(seconds=60)
    return {
        "CreateTask": [specs.task("another", outputs=False)],
        "CreateWorkflow": [specs.workflow("another", TASK, outputs=False)],
        "CreateLaunchPlan": [specs.launch_plan("another", WORKFLOW)],
        "CreateExecution": [_launch("")],
        "GetTask": [task_get],
        "GetWorkflow": [common_pb2.ObjectGetRequest(id=id(identifier_pb2.WORKFLOW, WORKFLOW))],
        "GetLaunchPlan": [common_pb2.ObjectGetRequest(id=id(identifier_pb2.LAUNCH_PLAN, PLAN))],
        "GetDescriptionEntity": [task_get],
        "UpdateLaunchPlan": [
            launch_plan_pb2.LaunchPlanUpdateRequest(
                id=id(identifier_pb2.LAUNCH_PLAN, PLAN), state=launch_plan_pb2.ACTIVE
            )
        ],
        **{rpc: [listing] for rpc in ("ListTasks", "ListWorkflows", "ListLaunchPlans", "ListExecutions")},
        **{rpc: [names] for rpc in ("ListTaskIds", "ListWorkflowIds", "ListLaunchPlanIds")},
        "ListNamedEntities": [
            common_pb2.NamedEntityListRequest(
                resource_type=identifier_pb2.TASK, project=specs.PROJECT, domain=specs.DOMAIN, limit=5
            )
        ],
        "GetNamedEntity": [common_pb2.NamedEntityGetRequest(resource_type=identifier_pb2.TASK, id=named)],
        "UpdateNamedEntity": [
            common_pb2.NamedEntityUpdateRequest(
                resource_type=identifier_pb2.TASK, id=named, metadata={"description": "x"}
            )
        ],
        "RelaunchExecution": [execution_pb2.ExecutionRelaunchRequest(id=run)],
        "RecoverExecution": [execution_pb2.ExecutionRecoverRequest(id=run)],
        "GetExecution": [execution_pb2.WorkflowExecutionGetRequest(id=run)],
        "GetExecutionData": [execution_pb2.WorkflowExecutionGetDataRequest(id=run)],
        "GetExecutionMetrics": [execution_pb2.WorkflowExecutionGetMetricsRequest(id=run, depth=3)],
        "UpdateExecution": [execution_pb2.ExecutionUpdateRequest(id=run)],
        "TerminateExecution": [execution_pb2.ExecutionTerminateRequest(id=run, cause="enough")],
        "GetNodeExecution": [node_execution_pb2.NodeExecutionGetRequest(id=node)],
        "GetNodeExecutionData": [node_execution_pb2.NodeExecutionGetDataRequest(id=node)],
        "ListNodeExecutions": [
            node_execution_pb2.NodeExecutionListRequest(workflow_execution_id=run, limit=5, filters="eq(phase,FAILED)")
        ],
        "ListNodeExecutionsForTask": [
            node_execution_pb2.NodeExecutionForTaskListRequest(task_execution_id=attempt, limit=5)
        ],
        "ListTaskExecutions": [task_execution_pb2.TaskExecutionListRequest(node_execution_id=node, limit=5)],
        "GetTaskExecution": [task_execution_pb2.TaskExecutionGetRequest(id=attempt)],
        "GetTaskExecutionData": [task_execution_pb2.TaskExecutionGetDataRequest(id=attempt)],
        "RegisterProject": [project_pb2.ProjectRegisterRequest(project={"id": "other", "name": "Other"})],
        "UpdateProjectDomainAttributes": [
            project_domain_attributes_pb2.ProjectDomainAttributesUpdateRequest(attributes=attributes)
        ],
        "CreateUploadLocation": [
            dataproxy_pb2.CreateUploadLocationRequest(
                project=specs.PROJECT, domain=specs.DOMAIN, filename="f", filename_root="r", expires_in=hour
            )
        ],
        "CreateDownloadLink": [
            dataproxy_pb2.CreateDownloadLinkRequest(
                artifact_type=dataproxy_pb2.ARTIFACT_TYPE_DECK, node_execution_id=node, expires_in=hour
            )
        ],
        "GetData": [dataproxy_pb2.GetDataRequest(flyte_url=f"flyte://v1/{specs.PROJECT}/{specs.DOMAIN}/{RUN}/n0/i")],
        "ListSignals": [signal_pb2.SignalListRequest(workflow_execution_id=run, limit=5)],
        "SetSignal": [
            signal_pb2.SignalSetRequest(
                id=identifier_pb2.SignalIdentifier(signal_id="s", execution_id=run), value=specs.integer(1)
            )
        ],
    }


def _launch(name: str) -> execution_pb2.ExecutionCreateRequest:
    plan = specs.identifier(identifier_pb2.LAUNCH_PLAN, PLAN)
    return specs.execution(name, plan, specs.literal_map(x=specs.integer(1)))
