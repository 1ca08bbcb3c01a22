"""Traces of a real platform, as a collector gets them; and none of it where nobody wants any."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from tests.integration.platform import Platforms

CLI = "from alula.cli.main import main; main()"
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
FLOW = """
import os
from alula import LaunchPlan, task, workflow

@task
def where(x: int) -> str:
    return os.environ.get("TRACEPARENT", "")

@workflow
def inner(x: int = 1) -> str:
    return where(x=x)

@workflow
def outer(x: int = 1) -> tuple[str, str]:
    return where(x=x), LaunchPlan.get_or_create(inner)(x=x)
"""
OFF = """
import asyncio, sys
from alula.server.main import serve
from alula.server.settings.loading import load_settings

async def main():
    stop = asyncio.Event()
    settings = load_settings({"data": sys.argv[1], "grpc_port": 0, "http_port": 0}, {})
    await serve(settings, ready=lambda _: stop.set(), stop=stop)

asyncio.run(main())
print(sorted(name for name in sys.modules if name.partition(".")[0] in ("opentelemetry", "prometheus_client")))
"""


class Collector:
    """An OTLP receiver over HTTP that keeps all spans."""

    def __init__(self) -> None:
        self._requests: list[ExportTraceServiceRequest] = []
        requests = self._requests

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                requests.append(ExportTraceServiceRequest.FromString(body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: Any) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def resources(self) -> list[Any]:
        return [each for request in self._requests for each in request.resource_spans]

    def spans(self) -> list[Any]:
        return [span for each in self.resources() for scope in each.scope_spans for span in scope.spans]


@pytest.fixture
def collector() -> Iterator[Collector]:
    collector = Collector()
    yield collector
    collector.close()


def launched(folder: Path, data: Path, workflow: str, **variables: str) -> str:
    (folder / "flow.py").write_text(FLOW)
    command = [sys.executable, "-c", CLI, "run", "--remote", "--wait", "flow.py", workflow]
    environment = {"PATH": "/usr/bin:/bin", "ALULA_DATA": str(data), "HOME": str(folder), **variables}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_run_is_part_of_the_trace_of_its_client_down_to_user_code(collector: Collector, tmp_path: Path) -> None:
    variables = {"ALULA_TRACES": "otlp", "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_SERVICE_NAME": "mine"}
    platforms = Platforms(tmp_path, environment=variables)
    try:
        running = platforms.start()
        told = launched(tmp_path, running.data, "outer", TRACEPARENT=f"00-{TRACE}-{SPAN}-01")
        assert running.stop() == 0
    finally:
        platforms.close()
    assert all(
        {"service.name": "mine"}.items() <= {a.key: a.value.string_value for a in each.resource.attributes}.items()
        for each in collector.resources()
    )
    spans = {span.span_id.hex(): span for span in collector.spans() if span.trace_id.hex() == TRACE}

    def up(span: Any) -> Iterator[str]:
        """Names from a span to the client's."""
        yield span.name
        parent = span.parent_span_id.hex()
        if parent == SPAN:
            yield "client"
        else:
            yield from up(spans[parent])

    ways = {tuple(name.split(" ")[0] for name in up(span)) for span in spans.values()}
    request = "flyteidl.service.AdminService/CreateExecution"
    first = ("attempt", "node", "run", request, "client")
    child = ("attempt", "node", "run", "node", "run", request, "client")
    assert {first, child} <= ways, ways
    assert all(span.start_time_unix_nano <= span.end_time_unix_nano for span in spans.values())
    attempts = {f"00-{TRACE}-{id}-01" for id, span in spans.items() if span.name.startswith("attempt ")}
    assert len(attempts) == 2 and all(each in told for each in attempts)
    names = {span.name for span in collector.spans()}
    assert {"commit", "object upload", "PUT /objects/{path:path}"} <= names


def test_a_collector_that_is_away_holds_up_nothing(tmp_path: Path) -> None:
    variables = {"ALULA_TRACES": "otlp", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
    platforms = Platforms(tmp_path, environment=variables)
    try:
        running = platforms.start()
        launched(tmp_path, running.data, "inner")
        assert running.stop() == 0
    finally:
        platforms.close()


def test_without_traces_and_scrapes_neither_library_is_imported(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", OFF, str(tmp_path / "data")], capture_output=True, text=True, check=False, timeout=120
    )
    assert ran.stdout.strip() == "[]", ran.stderr


def test_attempts_of_a_platform_without_traces_get_no_trace(platforms: Platforms, tmp_path: Path) -> None:
    running = platforms.start()
    told = launched(tmp_path, running.data, "inner", TRACEPARENT=f"00-{TRACE}-{SPAN}-01")
    assert TRACE not in told
