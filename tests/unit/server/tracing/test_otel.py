"""Spans of requests, operations and runs, as OpenTelemetry's SDK exports them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from flyteidl.admin import execution_pb2
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from tests.contract.store.records import audit, commit, execution
from tests.present import present

from alula.core.engine.records import (
    AttemptPhase,
    AttemptRecord,
    Changes,
    ExecutionChange,
    ExecutionPhase,
    ItemRecord,
    NodePhase,
    NodeRecord,
)
from alula.core.errors import TaskError
from alula.core.policy.trace_context import parse, span_id
from alula.server.stores.memory.adapter import MemoryStore
from alula.server.tracing.otel import OpenTelemetry

pytestmark = pytest.mark.anyio
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
GIVEN = f"00-{TRACE}-{SPAN}-01"


class Traced:
    """Traces over a store in memory."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self._exporter = InMemorySpanExporter()
        self.traces = OpenTelemetry(self.store, SimpleSpanProcessor(self._exporter))

    def spans(self) -> dict[str, Any]:
        return {span.name: span for span in self._exporter.get_finished_spans()}


@pytest.fixture
async def traced(anyio_backend: str) -> AsyncIterator[Traced]:
    traced = Traced()
    yield traced
    await traced.traces.stop()


def ids(span: ReadableSpan) -> tuple[str, str, str]:
    """Of the trace, the span and its parent."""
    assert span.context is not None
    parent = "" if span.parent is None else f"{span.parent.span_id:016x}"
    return f"{span.context.trace_id:032x}", f"{span.context.span_id:016x}", parent


async def test_a_request_goes_on_with_the_trace_of_its_client(traced: Traced) -> None:
    with traced.traces.request("grpc", lambda: {"traceparent": GIVEN}) as ended:
        current = parse(traced.traces.current())
        with traced.traces.operation("object put", {}):
            pass
        ended("flyteidl.service.AdminService/CreateExecution", "OK")
    spans = traced.spans()
    request, operation = spans["flyteidl.service.AdminService/CreateExecution"], spans["object put"]
    assert ids(request)[0] == TRACE and ids(request)[2] == SPAN
    assert current is not None and (current.trace_id, current.span_id) == ids(request)[:2]
    assert ids(operation)[0] == TRACE and ids(operation)[2] == ids(request)[1]
    assert request.attributes["rpc.method"] == "CreateExecution"
    assert traced.traces.current() == ""


async def test_a_failure_of_the_platform_is_an_error_and_a_refusal_is_none(traced: Traced) -> None:
    for protocol, method, code in (("http", "GET /a", "500"), ("http", "GET /b", "404"), ("grpc", "S/C", "INTERNAL")):
        with traced.traces.request(protocol, dict) as ended:
            ended(method, code)
    status = {name: span.status.status_code for name, span in traced.spans().items()}
    assert status == {"GET /a": StatusCode.ERROR, "GET /b": StatusCode.UNSET, "S/C": StatusCode.ERROR}


def node(id: str, parent: str, began: int, ended: int, **more: Any) -> NodeRecord:
    given: dict[str, Any] = {"phase": NodePhase.SUCCEEDED, "spec_node_id": id.rpartition("-")[2], **more}
    return NodeRecord(node_id=id, parent_id=parent, updated_at=9, created_at=began, ended_at=ended, **given)


async def run(traced: Traced, traceparent: str) -> Any:
    spec = execution_pb2.ExecutionSpec()
    spec.annotations.values["traceparent"] = traceparent
    record = execution("e0", spec=spec.SerializeToString(), incarnation="i0", created_at=1_000_000)
    assert await traced.store.executions.create(record, b"created", audit())
    boom = TaskError("Boom", "no")
    nodes = [
        node("n0", "", 2_000_000, 5_000_000),
        node("n0-n1", "n0", 3_000_000, 4_000_000, phase=NodePhase.FAILED, error=boom),
        node("n2", "", 3_500_000, 4_000_000, is_array=True),
    ]
    failed = AttemptRecord("n0-n1", 0, AttemptPhase.RETRYABLE_FAILED, 9, created_at=3_000_000, error=boom)
    failed.started_at, failed.ended_at = 3_100_000, 3_200_000
    again = AttemptRecord("n0-n1", 1, AttemptPhase.SUCCEEDED, 9, created_at=3_300_000, ended_at=3_900_000)
    attempts = [failed, again]
    items = [ItemRecord("n2", 4, 0, AttemptPhase.SUCCEEDED, 9, started_at=3_600_000, ended_at=3_700_000)]
    ended = ExecutionChange(ExecutionPhase.FAILED, 6_000_000, ended_at=6_000_000, error=boom)
    changes = Changes(execution=ended, nodes=nodes, attempts=attempts, items=items)
    assert await traced.store.log.commit([commit(record.id, 1, b"event", changes=changes)]) == [True]
    traced.traces.ended(record.id)
    await traced.traces.stop()
    return record


async def test_a_run_is_told_with_its_nodes_and_attempts_when_it_has_ended(traced: Traced) -> None:
    record = await run(traced, GIVEN)
    exported = list(traced._exporter.get_finished_spans())
    by_id = {ids(span)[1]: span for span in exported}
    assert len(by_id) == len(exported) == 7
    assert {ids(span)[0] for span in exported} == {TRACE}
    of_run, of_node = by_id[span_id("i0")], by_id[span_id("i0", "n0-n1")]
    assert of_run.name == f"run {record.workflow.name}" and ids(of_run)[2] == SPAN
    assert (of_run.start_time, of_run.end_time) == (1_000_000_000, 6_000_000_000)
    assert of_run.status.status_code is StatusCode.ERROR and of_run.status.description == "Boom: no"
    assert ids(by_id[span_id("i0", "n0")])[2] == span_id("i0")
    assert ids(of_node)[2] == span_id("i0", "n0")
    first, second = (by_id[span_id("i0", "n0-n1", attempt, -1)] for attempt in (0, 1))
    assert ids(first)[2] == ids(second)[2] == span_id("i0", "n0-n1")
    assert (first.start_time, first.end_time) == (3_100_000_000, 3_200_000_000)
    assert first.status.status_code is StatusCode.ERROR and second.status.status_code is StatusCode.UNSET
    item = by_id[span_id("i0", "n2", 0, 4)]
    assert present(item.attributes)["alula.index"] == 4 and ids(item)[2] == span_id("i0", "n2")


@pytest.mark.parametrize("traceparent", ["", f"00-{TRACE}-{SPAN}-00"])
async def test_a_run_that_is_not_traced_or_not_sampled_is_not_told(traced: Traced, traceparent: str) -> None:
    await run(traced, traceparent)
    assert traced.spans() == {}
