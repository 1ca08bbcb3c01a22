"""What is read of a run, and how often."""

from __future__ import annotations

from collections import Counter
from typing import Any

from flyteidl.admin import execution_pb2, node_execution_pb2, task_execution_pb2, workflow_pb2
from google.protobuf.message import Message

from alula.core.engine.records import NodePhase
from alula.core.ids import ExecutionId
from alula.sdk.client.connection import Connection
from alula.sdk.client.rpcs import (
    GET_EXECUTION,
    GET_WORKFLOW,
    LIST_NODE_EXECUTIONS,
    LIST_TASK_EXECUTIONS,
    Rpc,
)
from alula.sdk.client.run_view import RunReader

ID = ExecutionId("p", "d", "e")


class Platform(Connection):
    """Answers as a platform with one run of many nodes would; counts the questions. It has no channel."""

    def __init__(self, phases: list[NodePhase]) -> None:
        self.phases = phases
        self.asked: Counter[str] = Counter()

    def call(self, rpc: Rpc, request: Message, **_: object) -> Any:
        self.asked[rpc.path] += 1
        if rpc is LIST_NODE_EXECUTIONS:
            found = node_execution_pb2.NodeExecutionList()
            for number, phase in enumerate(self.phases):
                node = found.node_executions.add()
                node.id.node_id = f"n{number}"
                node.closure.phase = int(phase)  # pyright: ignore[reportAttributeAccessIssue]  stubs call a protobuf enum its own class
            return found
        if rpc is LIST_TASK_EXECUTIONS:
            assert isinstance(request, task_execution_pb2.TaskExecutionListRequest)
            found = task_execution_pb2.TaskExecutionList()
            found.task_executions.add().id.node_execution_id.CopyFrom(request.node_execution_id)
            return found
        return {GET_EXECUTION: execution_pb2.Execution(), GET_WORKFLOW: workflow_pb2.Workflow()}[rpc]


def test_attempts_of_ended_nodes_are_read_once() -> None:
    platform = Platform([NodePhase.SUCCEEDED, NodePhase.RUNNING])
    reader = RunReader(platform, ID)
    for _ in range(3):
        assert [len(node.attempts) for node in reader.read().nodes] == [1, 1]
    assert platform.asked[LIST_TASK_EXECUTIONS.path] == 1 + 3


def test_of_a_large_run_only_some_attempts_are_read_and_those_that_failed() -> None:
    platform = Platform([NodePhase.SUCCEEDED] * 50 + [NodePhase.FAILED])
    reader = RunReader(platform, ID, attempts_max=10)
    for _ in range(2):
        read = [node.node_id for node in reader.read().nodes if node.attempts]
        assert read == [*(f"n{number}" for number in range(10)), "n50"]
    assert platform.asked[LIST_TASK_EXECUTIONS.path] == 11
