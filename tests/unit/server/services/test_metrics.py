"""The span tree of a run: what it holds, and that its parts lie inside it."""

from __future__ import annotations

import pytest
from flyteidl.admin import execution_pb2
from flyteidl.core import identifier_pb2, metrics_pb2

from alula.core.engine.records import (
    AttemptPhase,
    AttemptRecord,
    Changes,
    ExecutionChange,
    ExecutionPhase,
    NodePhase,
    NodeRecord,
)
from alula.core.errors import NotFound
from alula.core.ids import EntityId, ExecutionId
from alula.server.identity import Caller
from alula.server.services.metrics import get_execution_metrics
from alula.server.services.platform import Platform
from alula.server.store.audits import Audit
from alula.server.store.executions import ExecutionRecord
from alula.server.store.log import Commit

pytestmark = pytest.mark.anyio
RUN, CHILD = ExecutionId("p", "d", "run"), ExecutionId("p", "d", "child")
WORKFLOW = EntityId("p", "d", "w", "v1")
Span = metrics_pb2.Span


def node(id: str, created: int, started: int, ended: int, *, parent: str = "", child: str | None = None) -> NodeRecord:
    return NodeRecord(
        id,
        NodePhase.SUCCEEDED,
        ended,
        parent_id=parent,
        created_at=created,
        started_at=started,
        ended_at=ended,
        child=child,
    )


def attempt(id: str, number: int, created: int, started: int, ended: int) -> AttemptRecord:
    return AttemptRecord(
        id, number, AttemptPhase.SUCCEEDED, ended, task=WORKFLOW, created_at=created, started_at=started, ended_at=ended
    )


async def keep(platform: Platform, id: ExecutionId, created: int, ended: int, changes: Changes) -> None:
    record = ExecutionRecord(id, b"", b"", b"", WORKFLOW, "task", WORKFLOW, "ada", 0, created, created)
    await platform.store.executions.create(record, b"created", Audit(1, "ada", "launch", "x"))
    changes.execution = ExecutionChange(ExecutionPhase.SUCCEEDED, ended, started_at=created, ended_at=ended)
    await platform.store.log.commit([Commit(id, 1, [b"event"], changes)])


@pytest.fixture
async def run(platform: Platform) -> Platform:
    """A node with two attempts, then a sub-workflow of one gate, then a child run without nodes."""
    changes = Changes(
        nodes=[
            node("n0", 10, 20, 60),
            node("n1", 60, 60, 80),
            node("n1-0-n0", 62, 64, 78, parent="n1"),
            node("n2", 80, 80, 100, child="child"),
        ],
        attempts=[attempt("n0", 0, 15, 20, 30), attempt("n0", 1, 40, 45, 55)],
    )
    await keep(platform, RUN, 0, 110, changes)
    await keep(platform, CHILD, 85, 95, Changes())
    return platform


async def measure(platform: Platform, caller: Caller, *, depth: int = -1, name: str = "run") -> Span:
    id = identifier_pb2.WorkflowExecutionIdentifier(project="p", domain="d", name=name)
    request = execution_pb2.WorkflowExecutionGetMetricsRequest(id=id, depth=depth)
    return (await get_execution_metrics(platform, caller, request)).span


def us(time: object) -> int:
    return time.seconds * 1_000_000 + time.nanos // 1000  # type: ignore[attr-defined]


def shown(span: Span) -> str:
    match span.WhichOneof("id"):
        case "operation_id":
            label = span.operation_id
        case "node_id":
            label = span.node_id.node_id
        case "task_id":
            label = f"attempt {span.task_id.retry_attempt}"
        case _:
            label = span.workflow_id.name
    return f"{label} {us(span.start_time)}-{us(span.end_time)}"


def tree(span: Span, depth: int = 0) -> list[str]:
    return [". " * depth + shown(span), *(line for inner in span.spans for line in tree(inner, depth + 1))]


async def test_a_run_is_divided_into_nodes_attempts_and_what_lies_between(run: Platform, caller: Caller) -> None:
    assert tree(await measure(run, caller)) == [
        "run 0-110",
        ". WORKFLOW_SETUP 0-10",
        ". n0 10-60",
        ". . NODE_SETUP 10-15",
        ". . attempt 0 15-30",
        ". . . TASK_SETUP 15-20",
        ". . . TASK_RUNTIME 20-30",
        ". . NODE_RESET 30-40",
        ". . attempt 1 40-55",
        ". . . TASK_SETUP 40-45",
        ". . . TASK_RUNTIME 45-55",
        ". . NODE_TEARDOWN 55-60",
        ". n1 60-80",
        ". . NODE_SETUP 60-62",
        ". . n1-0-n0 62-78",
        ". . . NODE_SETUP 62-64",
        ". . . NODE_IDLE 64-78",
        ". . NODE_TEARDOWN 78-80",
        ". n2 80-100",
        ". . NODE_SETUP 80-85",
        ". . child 85-95",
        ". . . WORKFLOW_SETUP 85-95",
        ". . NODE_TEARDOWN 95-100",
        ". WORKFLOW_TEARDOWN 100-110",
    ]


async def test_depth_cuts_the_tree(run: Platform, caller: Caller) -> None:
    assert tree(await measure(run, caller, depth=0)) == ["run 0-110"]
    nodes = [line for line in tree(await measure(run, caller, depth=1)) if "WORKFLOW" not in line]
    assert nodes == ["run 0-110", ". n0 10-60", ". n1 60-80", ". n2 80-100"]


async def test_a_run_that_is_under_way_ends_now(platform: Platform, caller: Caller) -> None:
    record = ExecutionRecord(RUN, b"", b"", b"", WORKFLOW, "task", WORKFLOW, "ada", 0, 0, 0)
    await platform.store.executions.create(record, b"created", Audit(1, "ada", "launch", "x"))
    running = NodeRecord("n0", NodePhase.RUNNING, 10, parent_id="", created_at=10, started_at=10)
    await platform.store.log.commit([Commit(RUN, 1, [b"event"], Changes(nodes=[running]))])
    span = await measure(platform, caller)
    assert us(span.end_time) > 1_000_000
    assert [shown(inner).split()[0] for inner in span.spans] == ["WORKFLOW_SETUP", "n0"]


async def test_a_run_that_is_not_there_has_no_metrics(platform: Platform, caller: Caller) -> None:
    with pytest.raises(NotFound):
        await measure(platform, caller, name="none")
