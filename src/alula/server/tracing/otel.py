"""Traces by OpenTelemetry's SDK. The only module that imports it; imported only where traces are wanted.

Where spans go, which of them are sampled, and how the service is called is said by the standard `OTEL_*` variables.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from importlib.metadata import version

from opentelemetry import propagate, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from alula.core.errors import AlulaError
from alula.core.ids import ExecutionId
from alula.core.policy.trace_context import TraceContext
from alula.server import incidents
from alula.server.log_subject import about
from alula.server.store import Store
from alula.server.traces import Attributes, Ended, FinishedSpan
from alula.server.tracing.runs import run_spans

SCOPE = "alula"
STOP_GRACE_S = 2.0
AT_ONCE = 500
"""The number of spans of a run that are told before the collector has to take them. The SDK's queue has room for 2,048,
and drops the rest."""
_OURS = frozenset(("INTERNAL", "UNKNOWN", "UNAVAILABLE", "DATA_LOSS", "UNIMPLEMENTED", "DEADLINE_EXCEEDED"))
"""Statuses of gRPC that are the server's fault."""

_log = logging.getLogger(__name__)


class OpenTelemetry:
    """`Traces` that go to a collector by OTLP over HTTP."""

    def __init__(self, store: Store, processor: SpanProcessor | None = None) -> None:
        self._store = store
        defaults = {"service.name": "alula", "service.version": version("alula")}
        resource = Resource.create(defaults).merge(OTELResourceDetector().detect())
        self._processor = processor or BatchSpanProcessor(OTLPSpanExporter())
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(self._processor)
        self._scope = InstrumentationScope(SCOPE, version("alula"))
        self._tracer = self._provider.get_tracer(SCOPE, version("alula"))
        self._one_at_a_time = asyncio.Lock()
        self._telling: set[asyncio.Task[None]] = set()

    async def stop(self) -> None:
        """Tell the remaining spans, as far as the collector takes them soon."""
        if self._telling:
            await asyncio.wait(self._telling, timeout=STOP_GRACE_S)
        for task in self._telling:
            task.cancel()
        # In a thread that nobody has to wait for: a collector that is away is tried for a long time.
        telling = threading.Thread(target=self._provider.shutdown, name="traces", daemon=True)
        telling.start()
        await asyncio.to_thread(telling.join, STOP_GRACE_S)

    @contextmanager
    def request(self, protocol: str, headers: Callable[[], Mapping[str, str]]) -> Generator[Ended]:
        parent = propagate.extract(headers())
        with self._tracer.start_as_current_span(protocol, parent, SpanKind.SERVER) as span:

            def ended(method: str, code: str) -> None:
                span.update_name(method)
                span.set_attributes(_of_request(protocol, method, code))
                if code in _OURS or code.startswith("5"):
                    span.set_status(Status(StatusCode.ERROR, code))

            yield ended

    @contextmanager
    def operation(self, name: str, attributes: Attributes) -> Generator[None]:
        # Not the current span: a stream that is read would leave it in another context than that in which it began.
        span = self._tracer.start_span(name, attributes=attributes)
        try:
            yield
        except Exception as error:
            span.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise
        finally:
            span.end()

    def committed(self, took_s: float, attributes: Attributes) -> None:
        now = time.time_ns()
        span = self._tracer.start_span("commit", attributes=attributes, start_time=now - round(took_s * 1e9))
        span.end(now)

    def current(self) -> str:
        carrier = trace.get_current_span().get_span_context()
        if not carrier.is_valid:
            return ""
        return str(TraceContext(f"{carrier.trace_id:032x}", f"{carrier.span_id:016x}", f"{carrier.trace_flags:02x}"))

    def ended(self, run: ExecutionId) -> None:
        task = asyncio.create_task(self._tell(run))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _tell(self, run: ExecutionId) -> None:
        try:
            told = 0
            async for span in run_spans(self._store, run):
                self._processor.on_end(self._readable(span))
                told += 1
                if told % AT_ONCE == 0:
                    async with self._one_at_a_time:  # threads are few, and a collector may take its time
                        await asyncio.to_thread(self._processor.force_flush)
        except AlulaError as error:
            _log.warning("the spans of %s are not told: %s", run, error, extra=about(run))
        except Exception as error:  # noqa: BLE001  (the run has ended, and nobody else waits for this)
            incidents.report(error, f"while the spans of {run} were told", run)

    def _readable(self, span: FinishedSpan) -> ReadableSpan:
        context = span.context
        return ReadableSpan(
            name=span.name,
            context=_context(context, context.span_id, is_remote=False),
            parent=_context(context, span.parent_id, is_remote=True),
            resource=self._provider.resource,
            attributes=span.attributes,
            kind=SpanKind.INTERNAL,
            status=Status(StatusCode.ERROR, span.error) if span.error else Status(StatusCode.UNSET),
            start_time=span.started_at * 1000,
            end_time=max(span.started_at, span.ended_at) * 1000,
            instrumentation_scope=self._scope,
        )


def _context(of: TraceContext, span_id: str, *, is_remote: bool) -> SpanContext:
    return SpanContext(int(of.trace_id, 16), int(span_id, 16), is_remote, TraceFlags(int(of.flags, 16)))


def _of_request(protocol: str, method: str, code: str) -> dict[str, str | int]:
    """The attributes of a request by OpenTelemetry's conventions."""
    if protocol == "grpc":
        service, _, rpc = method.partition("/")
        return {"rpc.system": "grpc", "rpc.service": service, "rpc.method": rpc, "alula.grpc.status": code}
    verb, _, route = method.partition(" ")
    status: dict[str, str | int] = {"http.response.status_code": int(code)} if code.isdigit() else {}
    return {"http.request.method": verb, "http.route": route, **status}
