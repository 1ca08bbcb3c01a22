"""The calls that the client makes, with the types of request and answer.

Stands in for the generated service stubs, which are untyped and import every message of the specification.
"""

from __future__ import annotations

from typing import Generic, NamedTuple, TypeVar

from flyteidl.admin import (
    common_pb2,
    execution_pb2,
    launch_plan_pb2,
    node_execution_pb2,
    project_pb2,
    signal_pb2,
    task_execution_pb2,
    task_pb2,
    version_pb2,
    workflow_pb2,
)
from flyteidl.service import dataproxy_pb2
from google.protobuf.message import Message

Request = TypeVar("Request", bound=Message)
Answer = TypeVar("Answer", bound=Message)


class Rpc(NamedTuple, Generic[Request, Answer]):
    """One unary call: its path on the wire and its types."""

    path: str
    request: type[Request]
    answer: type[Answer]

    @property
    def name(self) -> str:
        return self.path.rsplit("/", 1)[-1]


_ADMIN = "/flyteidl.service.AdminService"
_SIGNAL = "/flyteidl.service.SignalService"
_DATA_PROXY = "/flyteidl.service.DataProxyService"

GET_VERSION = Rpc(f"{_ADMIN}/GetVersion", version_pb2.GetVersionRequest, version_pb2.GetVersionResponse)

REGISTER_PROJECT = Rpc(
    f"{_ADMIN}/RegisterProject", project_pb2.ProjectRegisterRequest, project_pb2.ProjectRegisterResponse
)
UPDATE_PROJECT = Rpc(f"{_ADMIN}/UpdateProject", project_pb2.Project, project_pb2.ProjectUpdateResponse)
GET_PROJECT = Rpc(f"{_ADMIN}/GetProject", project_pb2.ProjectGetRequest, project_pb2.Project)
LIST_PROJECTS = Rpc(f"{_ADMIN}/ListProjects", project_pb2.ProjectListRequest, project_pb2.Projects)

CREATE_TASK = Rpc(f"{_ADMIN}/CreateTask", task_pb2.TaskCreateRequest, task_pb2.TaskCreateResponse)
GET_TASK = Rpc(f"{_ADMIN}/GetTask", common_pb2.ObjectGetRequest, task_pb2.Task)
LIST_TASKS = Rpc(f"{_ADMIN}/ListTasks", common_pb2.ResourceListRequest, task_pb2.TaskList)

CREATE_WORKFLOW = Rpc(
    f"{_ADMIN}/CreateWorkflow", workflow_pb2.WorkflowCreateRequest, workflow_pb2.WorkflowCreateResponse
)
GET_WORKFLOW = Rpc(f"{_ADMIN}/GetWorkflow", common_pb2.ObjectGetRequest, workflow_pb2.Workflow)
LIST_WORKFLOWS = Rpc(f"{_ADMIN}/ListWorkflows", common_pb2.ResourceListRequest, workflow_pb2.WorkflowList)

CREATE_LAUNCH_PLAN = Rpc(
    f"{_ADMIN}/CreateLaunchPlan",
    launch_plan_pb2.LaunchPlanCreateRequest,
    launch_plan_pb2.LaunchPlanCreateResponse,
)
GET_LAUNCH_PLAN = Rpc(f"{_ADMIN}/GetLaunchPlan", common_pb2.ObjectGetRequest, launch_plan_pb2.LaunchPlan)
GET_ACTIVE_LAUNCH_PLAN = Rpc(
    f"{_ADMIN}/GetActiveLaunchPlan", launch_plan_pb2.ActiveLaunchPlanRequest, launch_plan_pb2.LaunchPlan
)
LIST_LAUNCH_PLANS = Rpc(f"{_ADMIN}/ListLaunchPlans", common_pb2.ResourceListRequest, launch_plan_pb2.LaunchPlanList)
UPDATE_LAUNCH_PLAN = Rpc(
    f"{_ADMIN}/UpdateLaunchPlan",
    launch_plan_pb2.LaunchPlanUpdateRequest,
    launch_plan_pb2.LaunchPlanUpdateResponse,
)

CREATE_EXECUTION = Rpc(
    f"{_ADMIN}/CreateExecution", execution_pb2.ExecutionCreateRequest, execution_pb2.ExecutionCreateResponse
)
GET_EXECUTION = Rpc(f"{_ADMIN}/GetExecution", execution_pb2.WorkflowExecutionGetRequest, execution_pb2.Execution)
GET_EXECUTION_DATA = Rpc(
    f"{_ADMIN}/GetExecutionData",
    execution_pb2.WorkflowExecutionGetDataRequest,
    execution_pb2.WorkflowExecutionGetDataResponse,
)
LIST_EXECUTIONS = Rpc(f"{_ADMIN}/ListExecutions", common_pb2.ResourceListRequest, execution_pb2.ExecutionList)
RELAUNCH_EXECUTION = Rpc(
    f"{_ADMIN}/RelaunchExecution", execution_pb2.ExecutionRelaunchRequest, execution_pb2.ExecutionCreateResponse
)
RECOVER_EXECUTION = Rpc(
    f"{_ADMIN}/RecoverExecution", execution_pb2.ExecutionRecoverRequest, execution_pb2.ExecutionCreateResponse
)
TERMINATE_EXECUTION = Rpc(
    f"{_ADMIN}/TerminateExecution",
    execution_pb2.ExecutionTerminateRequest,
    execution_pb2.ExecutionTerminateResponse,
)

GET_NODE_EXECUTION = Rpc(
    f"{_ADMIN}/GetNodeExecution",
    node_execution_pb2.NodeExecutionGetRequest,
    node_execution_pb2.NodeExecution,
)
GET_NODE_EXECUTION_DATA = Rpc(
    f"{_ADMIN}/GetNodeExecutionData",
    node_execution_pb2.NodeExecutionGetDataRequest,
    node_execution_pb2.NodeExecutionGetDataResponse,
)
LIST_NODE_EXECUTIONS = Rpc(
    f"{_ADMIN}/ListNodeExecutions",
    node_execution_pb2.NodeExecutionListRequest,
    node_execution_pb2.NodeExecutionList,
)
GET_DYNAMIC_NODE_WORKFLOW = Rpc(
    f"{_ADMIN}/GetDynamicNodeWorkflow",
    node_execution_pb2.GetDynamicNodeWorkflowRequest,
    node_execution_pb2.DynamicNodeWorkflowResponse,
)
GET_TASK_EXECUTION = Rpc(
    f"{_ADMIN}/GetTaskExecution",
    task_execution_pb2.TaskExecutionGetRequest,
    task_execution_pb2.TaskExecution,
)
LIST_TASK_EXECUTIONS = Rpc(
    f"{_ADMIN}/ListTaskExecutions",
    task_execution_pb2.TaskExecutionListRequest,
    task_execution_pb2.TaskExecutionList,
)

LIST_SIGNALS = Rpc(f"{_SIGNAL}/ListSignals", signal_pb2.SignalListRequest, signal_pb2.SignalList)
SET_SIGNAL = Rpc(f"{_SIGNAL}/SetSignal", signal_pb2.SignalSetRequest, signal_pb2.SignalSetResponse)

CREATE_UPLOAD_LOCATION = Rpc(
    f"{_DATA_PROXY}/CreateUploadLocation",
    dataproxy_pb2.CreateUploadLocationRequest,
    dataproxy_pb2.CreateUploadLocationResponse,
)
CREATE_DOWNLOAD_LOCATION = Rpc(
    f"{_DATA_PROXY}/CreateDownloadLocation",
    dataproxy_pb2.CreateDownloadLocationRequest,
    dataproxy_pb2.CreateDownloadLocationResponse,
)
