"""AdminService: one method per RPC, which hands over to one use case. Decides nothing."""

from __future__ import annotations

from importlib.metadata import version

from flyteidl.admin import (
    common_pb2,
    description_entity_pb2,
    execution_pb2,
    launch_plan_pb2,
    node_execution_pb2,
    project_pb2,
    task_execution_pb2,
    task_pb2,
    version_pb2,
    workflow_pb2,
)

from alula.server.api.calls import Call, hold_s
from alula.server.api.peer import Peers
from alula.server.services import (
    abort,
    activation,
    descriptions,
    entities,
    executions,
    launch,
    messages,
    metrics,
    named_entities,
    nodes,
    projects,
    recover,
    register,
)
from alula.server.services.platform import Platform

HTTP_ENDPOINT_KEY = "alula-http-endpoint"


class Admin:
    """A method per RPC. An RPC that is missing here is answered UNIMPLEMENTED."""

    def __init__(self, platform: Platform, peers: Peers) -> None:
        self._platform = platform
        self._peers = peers

    # Platform

    async def get_version(self, _: version_pb2.GetVersionRequest, call: Call) -> version_pb2.GetVersionResponse:
        if self._platform.http_endpoint:
            call.answer_headers[HTTP_ENDPOINT_KEY] = self._platform.http_endpoint
        return version_pb2.GetVersionResponse(
            control_plane_version=version_pb2.Version(Build="alula", Version=version("alula"))
        )

    async def register_project(
        self, request: project_pb2.ProjectRegisterRequest, call: Call
    ) -> project_pb2.ProjectRegisterResponse:
        await projects.create_project(self._platform, call.caller, request.project)
        return project_pb2.ProjectRegisterResponse()

    async def update_project(self, request: project_pb2.Project, call: Call) -> project_pb2.ProjectUpdateResponse:
        await projects.update_project(self._platform, call.caller, request)
        return project_pb2.ProjectUpdateResponse()

    async def get_project(self, request: project_pb2.ProjectGetRequest, call: Call) -> project_pb2.Project:
        return await projects.get_project(self._platform, call.caller, request.id)

    async def list_projects(self, request: project_pb2.ProjectListRequest, call: Call) -> project_pb2.Projects:
        return await projects.list_projects(self._platform, call.caller, request)

    async def get_domains(self, _request: project_pb2.GetDomainRequest, _: Call) -> project_pb2.GetDomainsResponse:
        return project_pb2.GetDomainsResponse(domains=messages.entities.domains(self._platform.domains))

    # Tasks, workflows, launch plans

    async def create_task(self, request: task_pb2.TaskCreateRequest, call: Call) -> task_pb2.TaskCreateResponse:
        registrant = await self._peers.registrant(call.peer, call.headers)
        await register.create_task(self._platform, call.caller, request, registrant)
        return task_pb2.TaskCreateResponse()

    async def get_task(self, request: common_pb2.ObjectGetRequest, call: Call) -> task_pb2.Task:
        return await entities.get_task(self._platform, call.caller, request.id)

    async def list_tasks(self, request: common_pb2.ResourceListRequest, call: Call) -> task_pb2.TaskList:
        return await entities.list_tasks(self._platform, call.caller, request)

    async def list_task_ids(
        self, request: common_pb2.NamedEntityIdentifierListRequest, call: Call
    ) -> common_pb2.NamedEntityIdentifierList:
        return await entities.list_ids(self._platform, call.caller, "task", request)

    async def create_workflow(
        self, request: workflow_pb2.WorkflowCreateRequest, call: Call
    ) -> workflow_pb2.WorkflowCreateResponse:
        await register.create_workflow(self._platform, call.caller, request)
        return workflow_pb2.WorkflowCreateResponse()

    async def get_workflow(self, request: common_pb2.ObjectGetRequest, call: Call) -> workflow_pb2.Workflow:
        return await entities.get_workflow(self._platform, call.caller, request.id)

    async def list_workflows(self, request: common_pb2.ResourceListRequest, call: Call) -> workflow_pb2.WorkflowList:
        return await entities.list_workflows(self._platform, call.caller, request)

    async def list_workflow_ids(
        self, request: common_pb2.NamedEntityIdentifierListRequest, call: Call
    ) -> common_pb2.NamedEntityIdentifierList:
        return await entities.list_ids(self._platform, call.caller, "workflow", request)

    async def create_launch_plan(
        self, request: launch_plan_pb2.LaunchPlanCreateRequest, call: Call
    ) -> launch_plan_pb2.LaunchPlanCreateResponse:
        await register.create_launch_plan(self._platform, call.caller, request)
        return launch_plan_pb2.LaunchPlanCreateResponse()

    async def get_launch_plan(self, request: common_pb2.ObjectGetRequest, call: Call) -> launch_plan_pb2.LaunchPlan:
        return await entities.get_launch_plan(self._platform, call.caller, request.id)

    async def get_active_launch_plan(
        self, request: launch_plan_pb2.ActiveLaunchPlanRequest, call: Call
    ) -> launch_plan_pb2.LaunchPlan:
        return await entities.get_active_launch_plan(self._platform, call.caller, request.id)

    async def list_launch_plans(
        self, request: common_pb2.ResourceListRequest, call: Call
    ) -> launch_plan_pb2.LaunchPlanList:
        return await entities.list_launch_plans(self._platform, call.caller, request)

    async def list_active_launch_plans(
        self, request: launch_plan_pb2.ActiveLaunchPlanListRequest, call: Call
    ) -> launch_plan_pb2.LaunchPlanList:
        return await entities.list_active_launch_plans(self._platform, call.caller, request)

    async def list_launch_plan_ids(
        self, request: common_pb2.NamedEntityIdentifierListRequest, call: Call
    ) -> common_pb2.NamedEntityIdentifierList:
        return await entities.list_ids(self._platform, call.caller, "launch_plan", request)

    async def update_launch_plan(
        self, request: launch_plan_pb2.LaunchPlanUpdateRequest, call: Call
    ) -> launch_plan_pb2.LaunchPlanUpdateResponse:
        await activation.update_launch_plan(self._platform, call.caller, request)
        return launch_plan_pb2.LaunchPlanUpdateResponse()

    async def list_named_entities(
        self, request: common_pb2.NamedEntityListRequest, call: Call
    ) -> common_pb2.NamedEntityList:
        return await named_entities.list_named_entities(self._platform, call.caller, request)

    async def get_named_entity(self, request: common_pb2.NamedEntityGetRequest, call: Call) -> common_pb2.NamedEntity:
        return await named_entities.get_named_entity(self._platform, call.caller, request)

    async def update_named_entity(
        self, request: common_pb2.NamedEntityUpdateRequest, call: Call
    ) -> common_pb2.NamedEntityUpdateResponse:
        await named_entities.update_named_entity(self._platform, call.caller, request)
        return common_pb2.NamedEntityUpdateResponse()

    async def get_description_entity(
        self, request: common_pb2.ObjectGetRequest, call: Call
    ) -> description_entity_pb2.DescriptionEntity:
        return await descriptions.get_description(self._platform, call.caller, request.id)

    async def list_description_entities(
        self, request: description_entity_pb2.DescriptionEntityListRequest, call: Call
    ) -> description_entity_pb2.DescriptionEntityList:
        return await descriptions.list_descriptions(self._platform, call.caller, request)

    # Executions

    async def create_execution(
        self, request: execution_pb2.ExecutionCreateRequest, call: Call
    ) -> execution_pb2.ExecutionCreateResponse:
        id = await launch.create_execution(self._platform, call.caller, request)
        return execution_pb2.ExecutionCreateResponse(id=id)

    async def relaunch_execution(
        self, request: execution_pb2.ExecutionRelaunchRequest, call: Call
    ) -> execution_pb2.ExecutionCreateResponse:
        id = await launch.relaunch_execution(self._platform, call.caller, request)
        return execution_pb2.ExecutionCreateResponse(id=id)

    async def recover_execution(
        self, request: execution_pb2.ExecutionRecoverRequest, call: Call
    ) -> execution_pb2.ExecutionCreateResponse:
        id = await recover.recover_execution(self._platform, call.caller, request)
        return execution_pb2.ExecutionCreateResponse(id=id)

    async def get_execution(
        self, request: execution_pb2.WorkflowExecutionGetRequest, call: Call
    ) -> execution_pb2.Execution:
        return await executions.get_execution(self._platform, call.caller, request.id, hold_s=hold_s(call))

    async def list_executions(self, request: common_pb2.ResourceListRequest, call: Call) -> execution_pb2.ExecutionList:
        return await executions.list_executions(self._platform, call.caller, request)

    async def get_execution_data(
        self, request: execution_pb2.WorkflowExecutionGetDataRequest, call: Call
    ) -> execution_pb2.WorkflowExecutionGetDataResponse:
        return await executions.get_execution_data(self._platform, call.caller, request.id)

    async def update_execution(
        self, request: execution_pb2.ExecutionUpdateRequest, call: Call
    ) -> execution_pb2.ExecutionUpdateResponse:
        await executions.update_execution(self._platform, call.caller, request)
        return execution_pb2.ExecutionUpdateResponse()

    async def terminate_execution(
        self, request: execution_pb2.ExecutionTerminateRequest, call: Call
    ) -> execution_pb2.ExecutionTerminateResponse:
        await abort.terminate_execution(self._platform, call.caller, request)
        return execution_pb2.ExecutionTerminateResponse()

    async def get_execution_metrics(
        self, request: execution_pb2.WorkflowExecutionGetMetricsRequest, call: Call
    ) -> execution_pb2.WorkflowExecutionGetMetricsResponse:
        return await metrics.get_execution_metrics(self._platform, call.caller, request)

    # Nodes and attempts

    async def get_node_execution(
        self, request: node_execution_pb2.NodeExecutionGetRequest, call: Call
    ) -> node_execution_pb2.NodeExecution:
        return await nodes.get_node_execution(self._platform, call.caller, request.id)

    async def list_node_executions(
        self, request: node_execution_pb2.NodeExecutionListRequest, call: Call
    ) -> node_execution_pb2.NodeExecutionList:
        return await nodes.list_node_executions(self._platform, call.caller, request)

    async def get_node_execution_data(
        self, request: node_execution_pb2.NodeExecutionGetDataRequest, call: Call
    ) -> node_execution_pb2.NodeExecutionGetDataResponse:
        return await nodes.get_node_execution_data(self._platform, call.caller, request.id)

    async def get_dynamic_node_workflow(
        self, request: node_execution_pb2.GetDynamicNodeWorkflowRequest, call: Call
    ) -> node_execution_pb2.DynamicNodeWorkflowResponse:
        return await nodes.get_dynamic_workflow(self._platform, call.caller, request.id)

    async def list_node_executions_for_task(
        self, request: node_execution_pb2.NodeExecutionForTaskListRequest, call: Call
    ) -> node_execution_pb2.NodeExecutionList:
        return await nodes.list_node_executions_of_attempt(self._platform, call.caller, request)

    async def list_task_executions(
        self, request: task_execution_pb2.TaskExecutionListRequest, call: Call
    ) -> task_execution_pb2.TaskExecutionList:
        return await nodes.list_task_executions(self._platform, call.caller, request)

    async def get_task_execution(
        self, request: task_execution_pb2.TaskExecutionGetRequest, call: Call
    ) -> task_execution_pb2.TaskExecution:
        return await nodes.get_task_execution(self._platform, call.caller, request.id)

    async def get_task_execution_data(
        self, request: task_execution_pb2.TaskExecutionGetDataRequest, call: Call
    ) -> task_execution_pb2.TaskExecutionGetDataResponse:
        return await nodes.get_task_execution_data(self._platform, call.caller, request.id)
