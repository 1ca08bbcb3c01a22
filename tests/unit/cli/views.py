"""Runs as a client sees them, in as few words as a test needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from flyteidl.admin import execution_pb2, node_execution_pb2, task_execution_pb2
from flyteidl.core import execution_pb2 as phases_pb2

from alula.core.engine.records import AttemptPhase, CacheStatus, NodePhase
from alula.sdk.client.run_view import NodeView, RunView


def node(
    node_id: str,
    name: str,
    phase: NodePhase,
    *,
    started: int = 1_000_000,
    took: float | None = None,
    attempts: int = 1,
    children: Iterable[NodeView] = (),
    cache: CacheStatus = CacheStatus.DISABLED,
    items: Sequence[AttemptPhase] = (),
    code: str = "",
) -> NodeView:
    closure = node_execution_pb2.NodeExecutionClosure(phase=phases_pb2.NodeExecution.Phase.Name(phase))
    closure.started_at.FromSeconds(started)
    if took is not None:
        closure.duration.FromMilliseconds(int(took * 1000))
    closure.task_node_metadata.cache_status = int(cache)  # pyright: ignore[reportAttributeAccessIssue]  stubs call a protobuf enum its own class
    closure.error.code = code
    view = NodeView(node_id, name, node_execution_pb2.NodeExecution(closure=closure), children=list(children))
    for number in range(attempts):
        attempt = task_execution_pb2.TaskExecution()
        attempt.id.retry_attempt = number
        for index, item in enumerate(items):
            attempt.closure.metadata.external_resources.add(
                index=index, phase=phases_pb2.TaskExecution.Phase.Name(item)
            )
        view.attempts.append(attempt)
    view.is_array = bool(items)
    return view


def run(*nodes, phase=phases_pb2.WorkflowExecution.RUNNING):
    execution = execution_pb2.Execution()
    execution.id.name = "r1"
    execution.spec.launch_plan.name = "flows.pipeline"
    execution.closure.phase = phase
    execution.closure.created_at.FromSeconds(1_000_000)
    return RunView(execution, list(nodes))
