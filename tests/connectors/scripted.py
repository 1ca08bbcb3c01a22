"""A server of connectors in this process, which keeps jobs and fails as a test says. Only the test ends its jobs."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc.aio
from flyteidl.admin import agent_pb2
from flyteidl.core import execution_pb2
from google.protobuf.message import Message
from tests.connectors.serving import reserved_port

_grpc: Any = grpc  # the stubs leave the type parameters of its factories open
Status = grpc.StatusCode
Fault = Status | Callable[[], Awaitable[Status | None]]
"""A status in place of an answer, or what is done before that is known; None for no fault after all."""
Phase = execution_pb2.TaskExecution
ASYNC = agent_pb2.Agent(name="async", supported_task_categories=[agent_pb2.TaskCategory(name="script")])
SYNC = agent_pb2.Agent(
    name="sync", is_sync=True, supported_task_categories=[agent_pb2.TaskCategory(name="at-once", version=1)]
)


class ScriptedConnector:
    """The server. It has jobs of type `script`, and does the work of type `at-once` in the call."""

    def __init__(self) -> None:
        self.agents = [ASYNC, SYNC]
        self.jobs: dict[bytes, agent_pb2.Resource] = {}
        self.created: list[agent_pb2.CreateTaskRequest] = []
        self.deleted: list[bytes] = []
        self.executed: list[agent_pb2.CreateRequestHeader] = []
        self.result = agent_pb2.Resource(phase=Phase.SUCCEEDED)
        """Of what is done in the call."""
        self.name_of_jobs = b"job"
        self.faults: dict[str, list[Fault]] = defaultdict(list)
        """By method: each is for one call."""
        self.lost: dict[str, int] = defaultdict(int)
        """By method: so many calls are done and not answered."""
        self.calls: list[str] = []
        self.under_way = self.most_under_way = 0
        self._reserved = reserved_port()
        self.port: int = self._reserved.getsockname()[1]
        self._server: Any = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def start(self) -> None:
        self._server = grpc.aio.server()
        for service, handlers in self._handlers().items():
            self._server.add_generic_rpc_handlers((_grpc.method_handlers_generic_handler(service, handlers),))
        assert self._server.add_insecure_port(self.address)
        await self._server.start()

    async def stop(self) -> None:
        await self._server.stop(None)

    def close(self) -> None:
        self._reserved.close()

    def end(self, job: bytes, resource: agent_pb2.Resource | None = None) -> None:
        self.jobs[job] = resource or agent_pb2.Resource(phase=Phase.SUCCEEDED)

    def _handlers(self) -> dict[str, dict[str, Any]]:
        def unary(method: Callable[[Any], Message], request: type[Message]) -> Any:
            name = method.__name__.lstrip("_")

            async def handle(asked: Message, context: Any) -> Message:
                return await self._answer(name, method, asked, context)

            return _grpc.unary_unary_rpc_method_handler(
                handle,
                request_deserializer=request.FromString,
                response_serializer=lambda answer: answer.SerializeToString(),
            )

        sync = _grpc.stream_stream_rpc_method_handler(
            self._execute,
            request_deserializer=agent_pb2.ExecuteTaskSyncRequest.FromString,
            response_serializer=lambda answer: answer.SerializeToString(),
        )
        return {
            "flyteidl.service.AsyncAgentService": {
                "CreateTask": unary(self._create, agent_pb2.CreateTaskRequest),
                "GetTask": unary(self._get, agent_pb2.GetTaskRequest),
                "DeleteTask": unary(self._delete, agent_pb2.DeleteTaskRequest),
            },
            "flyteidl.service.AgentMetadataService": {"ListAgents": unary(self._list, agent_pb2.ListAgentsRequest)},
            "flyteidl.service.SyncAgentService": {"ExecuteTaskSync": sync},
        }

    async def _answer(self, name: str, method: Callable[[Any], Message], asked: Message, context: Any) -> Message:
        self.calls.append(name)
        self.under_way += 1
        self.most_under_way = max(self.under_way, self.most_under_way)
        try:
            await self._fail(name, context)
            answer = method(asked)
            if self.lost[name]:
                self.lost[name] -= 1
                await context.abort(Status.UNAVAILABLE, "the connection is lost")
            return answer
        finally:
            self.under_way -= 1

    async def _fail(self, name: str, context: Any) -> None:
        if self.faults[name]:
            fault = self.faults[name].pop(0)
            status = fault if isinstance(fault, Status) else await fault()
            if status is not None:
                await context.abort(status, f"no {name} now")

    def _create(self, request: agent_pb2.CreateTaskRequest) -> Message:
        self.created.append(request)
        job = self.name_of_jobs + str(len(self.created)).encode()
        self.jobs[job] = agent_pb2.Resource(phase=Phase.RUNNING)
        return agent_pb2.CreateTaskResponse(resource_meta=job)

    def _get(self, request: agent_pb2.GetTaskRequest) -> Message:
        assert request.task_category.name == "script"
        return agent_pb2.GetTaskResponse(resource=self.jobs[request.resource_meta])

    def _delete(self, request: agent_pb2.DeleteTaskRequest) -> Message:
        self.deleted.append(request.resource_meta)
        self.jobs[request.resource_meta] = agent_pb2.Resource(phase=Phase.ABORTED)
        return agent_pb2.DeleteTaskResponse()

    def _list(self, _: agent_pb2.ListAgentsRequest) -> Message:
        return agent_pb2.ListAgentsResponse(agents=self.agents)

    async def _execute(self, requests: AsyncIterator[Any], context: Any) -> AsyncIterator[Message]:
        self.executed.append((await anext(requests)).header)
        await anext(requests)
        await self._fail("execute", context)
        yield agent_pb2.ExecuteTaskSyncResponse(header=agent_pb2.ExecuteTaskSyncResponseHeader(resource=self.result))


class Gate:
    """A fault that holds a call until it is opened."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self._opened = asyncio.Event()

    async def __call__(self) -> None:
        self.reached.set()
        await self._opened.wait()

    def open(self) -> None:
        self._opened.set()
