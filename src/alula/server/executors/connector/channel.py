"""Calls of one server of connectors, one try each, as Flyte's services `AsyncAgentService` and its kin have them.

The only module of the executors that knows gRPC. A server that can't be reached, is overloaded or does not answer is
`Away`; all else that it says is `Refused`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import grpc.aio
from flyteidl.admin import agent_pb2
from google.protobuf.message import Message

from alula.core.errors import FailedPrecondition
from alula.server.executors.calls import CallFailed
from alula.server.executors.connector.handle import Handle
from alula.server.executors.connector.options import ConnectorOptions, Endpoint

_SERVICES = "/flyteidl.service"
_RECONNECT_MAX_S = 5
_SILENCE_S = 310
"""The silence after which a connection is asked for a sign of life. Servers by default refuse that before 300 s."""
_PASSING = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.DEADLINE_EXCEEDED)
_TOO_LARGE = "message larger than max"
"""How both sides say that a message has too many bytes. It has the status of an overload, and never passes."""
_grpc: Any = grpc  # the stubs leave the type parameters of its factories open
_Answer = TypeVar("_Answer", bound=Message)


class Away(CallFailed):
    """The server can't be reached, is overloaded, or did not answer."""

    def __init__(self, message: str, *, may_have_acted: bool) -> None:
        super().__init__(message)
        self.may_have_acted = may_have_acted
        """True if it may have done what it was asked for, and the answer was lost."""


class Refused(CallFailed):
    """Another status of the server, with its own words."""

    def __init__(self, status: str, message: str) -> None:
        super().__init__(f"{message} ({status})" if message else status)
        self.status = status
        """As gRPC names it, such as `INVALID_ARGUMENT`."""

    @property
    def passes(self) -> bool:
        return False


class Channel:
    """A connection to one server, which is made when it is needed; used on one event loop, until it is closed."""

    def __init__(self, endpoint: Endpoint, options: ConnectorOptions) -> None:
        """Raises `FailedPrecondition` for certificates that can't be read."""
        self._address = endpoint.address
        self._timeout_s = options.timeout_s
        settings = [
            ("grpc.max_receive_message_length", options.result_limit_bytes),
            ("grpc.max_send_message_length", -1),
            ("grpc.initial_reconnect_backoff_ms", 200),
            ("grpc.max_reconnect_backoff_ms", _RECONNECT_MAX_S * 1000),
            ("grpc.keepalive_time_ms", _SILENCE_S * 1000),
        ]
        if endpoint.tls:
            credentials = _grpc.ssl_channel_credentials(_certificates(endpoint.ca_file))
            self._channel: Any = grpc.aio.secure_channel(endpoint.address, credentials, options=settings)
        else:
            self._channel = grpc.aio.insecure_channel(endpoint.address, options=settings)

    async def close(self) -> None:
        await self._channel.close()

    async def create(self, request: agent_pb2.CreateTaskRequest) -> bytes:
        """The connector's name of the job that it has made."""
        answer = await self._call("AsyncAgentService/CreateTask", request, agent_pb2.CreateTaskResponse)
        return answer.resource_meta

    async def get(self, job: Handle, output_prefix: str) -> agent_pb2.Resource:
        request = agent_pb2.GetTaskRequest(
            task_type=job.task_type,
            resource_meta=job.meta,
            task_category=_category(job),
            output_prefix=output_prefix,
        )
        return (await self._call("AsyncAgentService/GetTask", request, agent_pb2.GetTaskResponse)).resource

    async def delete(self, job: Handle) -> None:
        request = agent_pb2.DeleteTaskRequest(
            task_type=job.task_type, resource_meta=job.meta, task_category=_category(job)
        )
        await self._call("AsyncAgentService/DeleteTask", request, agent_pb2.DeleteTaskResponse)

    async def list(self) -> Sequence[agent_pb2.Agent]:
        """The connectors that it has."""
        answer = await self._call(
            "AgentMetadataService/ListAgents", agent_pb2.ListAgentsRequest(), agent_pb2.ListAgentsResponse
        )
        return answer.agents

    async def execute(self, request: agent_pb2.CreateTaskRequest) -> agent_pb2.Resource:
        """The result of a task whose work the call itself does. It takes as long as that."""
        header = agent_pb2.CreateRequestHeader(
            template=request.template,
            output_prefix=request.output_prefix,
            task_execution_metadata=request.task_execution_metadata,
        )
        parts = (
            agent_pb2.ExecuteTaskSyncRequest(header=header),
            agent_pb2.ExecuteTaskSyncRequest(inputs=request.inputs),
        )
        await self._connected()
        method = self._channel.stream_stream(
            f"{_SERVICES}.SyncAgentService/ExecuteTaskSync",
            request_serializer=agent_pb2.ExecuteTaskSyncRequest.SerializeToString,
            response_deserializer=agent_pb2.ExecuteTaskSyncResponse.FromString,
        )
        resource = agent_pb2.Resource()
        call = method(parts)
        try:
            with _reported():
                async for part in call:
                    if part.HasField("header"):
                        resource.MergeFrom(part.header.resource)
                    else:
                        resource.outputs.MergeFrom(part.outputs)
        finally:
            call.cancel()
        return resource

    async def _call(self, method: str, request: Message, answer: type[_Answer]) -> _Answer:
        await self._connected()
        call = self._channel.unary_unary(
            f"{_SERVICES}.{method}",
            request_serializer=type(request).SerializeToString,
            response_deserializer=answer.FromString,
        )
        with _reported():
            return await call(request, timeout=self._timeout_s)

    async def _connected(self) -> None:
        """Wait for the connection, so that a server that is not there has surely not heard of the call."""
        states = grpc.ChannelConnectivity
        try:
            async with asyncio.timeout(self._timeout_s):
                while (state := self._channel.get_state(try_to_connect=True)) is not states.READY:
                    if state in (states.TRANSIENT_FAILURE, states.SHUTDOWN):
                        break
                    await self._channel.wait_for_state_change(state)
                else:
                    return
        except TimeoutError:
            pass
        raise Away(f"there is no connection to {self._address}", may_have_acted=False)


def _category(job: Handle) -> agent_pb2.TaskCategory:
    return agent_pb2.TaskCategory(name=job.task_type, version=job.version)


def _certificates(path: str) -> bytes | None:
    try:
        return Path(path).read_bytes() if path else None
    except OSError as error:
        raise FailedPrecondition(
            "CertificatesNotRead", f"the certificates in {path} can't be read: {error.strerror}"
        ) from error


@contextlib.contextmanager
def _reported() -> Generator[None]:
    """Raise what a server says as an error of ours."""
    try:
        yield
    except grpc.aio.AioRpcError as error:
        status, message = error.code(), error.details() or ""
        if status in _PASSING and _TOO_LARGE not in message:
            is_refusal = status is grpc.StatusCode.RESOURCE_EXHAUSTED
            raise Away(f"{message} ({status.name})", may_have_acted=not is_refusal) from error
        raise Refused(status.name, message) from error
