"""Runs, their nodes and attempts by the names of flytekit's classes, for programs that come from there."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import Any, TypeVar, overload

from flyteidl.admin import execution_pb2, node_execution_pb2, task_execution_pb2
from flyteidl.core import identifier_pb2

from alula.core.engine.records import AttemptPhase, ExecutionPhase, NodePhase
from alula.core.errors import FailedPrecondition, TaskError
from alula.sdk.absent_members import lacks_members
from alula.sdk.client.connection import Connection
from alula.sdk.client.remote import Run
from alula.sdk.client.rpcs import GET_EXECUTION_DATA, GET_NODE_EXECUTION_DATA
from alula.sdk.client.run_view import NodeView, to_execution_id
from alula.sdk.client.upload import RemoteStore
from alula.sdk.client.values import values_of

Value = TypeVar("Value")


class Values(dict[str, object]):
    """Inputs or outputs by name."""

    @overload
    def get(self, key: str, default: object = None, /) -> Any: ...
    @overload
    def get(self, key: str, default: object = None, /, *, as_type: type[Value]) -> Value: ...
    def get(self, key: str, default: object = None, /, *, as_type: type[Value] | None = None) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]  # flytekit's `as_type` beside
        """A value. `as_type` is for type checkers: values have the types of the interface already."""
        return super().get(key, default)


class FlyteTaskExecution:
    """An attempt, as it was when its node was looked at."""

    def __init__(self, message: task_execution_pb2.TaskExecution) -> None:
        self.message = message
        """The FlyteIDL message of the attempt."""
        self.id: identifier_pb2.TaskExecutionIdentifier = message.id
        self.closure: task_execution_pb2.TaskExecutionClosure = message.closure

    @property
    def is_done(self) -> bool:
        """True if it had ended."""
        return AttemptPhase(self.closure.phase).is_terminal

    @property
    def error(self) -> TaskError | None:
        """The error of one that failed; None for any other."""
        return _error(self.closure)


class FlyteNodeExecution:
    """A node of a run that has begun, as it was when the run was looked at."""

    def __init__(self, connection: Connection, view: NodeView, message: node_execution_pb2.NodeExecution) -> None:
        self._connection = connection
        self._view = view
        self.message = message
        """The FlyteIDL message of the node."""
        self.id: identifier_pb2.NodeExecutionIdentifier = message.id
        self.closure: node_execution_pb2.NodeExecutionClosure = message.closure
        self.metadata: node_execution_pb2.NodeExecutionMetaData = message.metadata

    @property
    def is_done(self) -> bool:
        """True if it had ended."""
        return NodePhase(self.closure.phase).is_terminal

    @property
    def error(self) -> TaskError | None:
        """The error of one that failed; None for any other."""
        return _error(self.closure)

    @property
    def inputs(self) -> Values:
        """The inputs by name; a dataclass is the dict of its fields."""
        return Values(values_of(self._data.full_inputs.literals, self._store))

    @property
    def outputs(self) -> Values:
        """The outputs in the same form. Raises `FailedPrecondition` unless it has succeeded."""
        phase = NodePhase(self.closure.phase)
        if phase not in (NodePhase.SUCCEEDED, NodePhase.RECOVERED):
            raise FailedPrecondition("NoOutputs", f"node `{self.id.node_id}` is {phase.name} and has no outputs")
        return Values(values_of(self._data.full_outputs.literals, self._store))

    @property
    def task_executions(self) -> list[FlyteTaskExecution]:
        """Its attempts, by number."""
        return [FlyteTaskExecution(attempt) for attempt in self._view.attempts]

    @property
    def subworkflow_node_executions(self) -> dict[str, FlyteNodeExecution]:
        """The nodes inside it that have begun, by id."""
        return _begun(self._connection, self._view.children)

    @property
    def executions(self) -> list[FlyteTaskExecution] | list[FlyteNodeExecution]:
        """Its attempts, or else the nodes inside it."""
        return self.task_executions or list(self.subworkflow_node_executions.values())

    @cached_property
    def _data(self) -> node_execution_pb2.NodeExecutionGetDataResponse:
        return self._connection.call(
            GET_NODE_EXECUTION_DATA, node_execution_pb2.NodeExecutionGetDataRequest(id=self.id)
        )

    @property
    def _store(self) -> RemoteStore:
        run = self.id.execution_id
        return RemoteStore(self._connection, project=run.project, domain=run.domain)


class FlyteWorkflowExecution(Run):
    """A run, by flytekit's names."""

    @property
    def is_done(self) -> bool:
        """True if it had ended when it was last looked at."""
        return self.phase.is_terminal

    @property
    def is_successful(self) -> bool:
        """True if it had succeeded by then."""
        return self.phase is ExecutionPhase.SUCCEEDED

    @property
    def spec(self) -> execution_pb2.ExecutionSpec:
        """The request that it came from, as a FlyteIDL message."""
        return self.message.spec

    @property
    def closure(self) -> Any:
        """What the platform says of it, as a FlyteIDL message."""
        return self.message.closure

    @property
    def inputs(self) -> Values:
        """The inputs by name, defaults filled in; a dataclass is the dict of its fields."""
        connection = self._remote.connection
        request = execution_pb2.WorkflowExecutionGetDataRequest(id=to_execution_id(self.id))
        literals = connection.call(GET_EXECUTION_DATA, request).full_inputs.literals
        return Values(values_of(literals, RemoteStore(connection, project=self.id.project, domain=self.id.domain)))

    @property
    def outputs(self) -> Values:
        """The outputs by name. Raises `FailedPrecondition` unless it has succeeded."""
        return Values(super().outputs)

    @property
    def node_executions(self) -> dict[str, FlyteNodeExecution]:
        """Its nodes that have begun, by id, as they are now."""
        return _begun(self._remote.connection, self.view().nodes)

    def sync(self, sync_nodes: bool = False) -> FlyteWorkflowExecution:
        """Look at it now. Nodes are read when `node_executions` asks for them."""
        self.refresh()
        return self

    def wait(  # pyright: ignore[reportIncompatibleMethodOverride]  # flytekit's name of the limit
        self,
        timeout: timedelta | float | None = None,
        poll_interval: timedelta | float | None = None,
        sync_nodes: bool = True,
    ) -> FlyteWorkflowExecution:
        """Until it has ended. Raises `Unavailable` code `WaitTimeout`. The platform tells of the end at once, so the
        poll interval means nothing."""
        super().wait(timeout.total_seconds() if isinstance(timeout, timedelta) else timeout)
        return self


_PLAIN = {"to_flyte_idl": "take `message`", "promote_from_model": "fetch the run, which has its nodes"}
lacks_members(FlyteTaskExecution, {**_PLAIN, **dict.fromkeys(("inputs", "outputs", "task"), "take those of its node")})
lacks_members(
    FlyteNodeExecution,
    {
        **_PLAIN,
        "input_uri": "take `message.input_uri`",
        "workflow_executions": "fetch the run that `closure.workflow_node_metadata` names",
        "interface": "`inputs` and `outputs` have the values by name",
    },
)
lacks_members(
    FlyteWorkflowExecution,
    {
        **_PLAIN,
        "flyte_workflow": "fetch the workflow that `closure.workflow_id` names",
        "execution_url": "`alula describe execution RUN` shows a run",
    },
)


def _begun(connection: Connection, nodes: list[NodeView]) -> dict[str, FlyteNodeExecution]:
    return {
        node.node_id: FlyteNodeExecution(connection, node, node.execution)
        for node in nodes
        if node.execution is not None
    }


def _error(
    closure: node_execution_pb2.NodeExecutionClosure | task_execution_pb2.TaskExecutionClosure,
) -> TaskError | None:
    return TaskError(closure.error.code, closure.error.message) if closure.error.code else None
