"""Records an execution: runs a scenario on a real platform, and takes its log and graphs from database and objects.

The names of this machine and its folders are replaced by others, so that a recording says nothing of where it was made.
"""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import msgspec
from flyteidl.core import compiler_pb2, identifier_pb2
from google.protobuf.json_format import MessageToJson, Parse
from tests import flyte_specs as specs
from tests.crash_points.records import Records
from tests.crash_points.scene import answer_of
from tests.integration.api.clients import Client
from tests.integration.platform import Platforms, RunningPlatform, alula
from tests.integration.processes import children
from tests.replay.recording import Recording
from tests.replay.scenarios import Scenario

from alula.core.engine import events as facts

PATIENCE_S = 60.0
LOOK_S = 0.002
NAME = "recorded"


def record(scenario: Scenario) -> Recording:
    with tempfile.TemporaryDirectory(prefix="alula-replay-") as folder:
        platforms = Platforms(Path(folder))
        try:
            platform = platforms.start()
            _launch(scenario, platform, Path(folder) / "ledger")
            _run(scenario, platforms, platform)
        finally:
            platforms.close()
        return _taken(Path(folder) / "data")


def _launch(scenario: Scenario, platform: RunningPlatform, ledger: Path) -> None:
    registered = alula("register", str(scenario.file), "--version", "v1", "--data", str(platform.data))
    assert registered.returncode == 0, registered.stderr
    plan = specs.identifier(identifier_pb2.LAUNCH_PLAN, f"{scenario.file.stem}.{scenario.workflow}")
    inputs = specs.literal_map(**{name: specs.integer(value) for name, value in scenario.inputs.items()})
    request = specs.execution(NAME, plan, inputs, max_parallelism=scenario.max_parallelism)
    request.spec.envs.values.add(key="LEDGER", value=str(ledger))
    with Client(platform.grpc) as client:
        client.CreateExecution(request)


def _run(scenario: Scenario, platforms: Platforms, platform: RunningPlatform) -> None:
    """To the end, with all that befalls it on the way."""
    records, answered = Records(platform.data), set[str]()
    befalls = sorted(
        [*((count, "kill") for count in scenario.kill_at)]
        + [(count, what) for count, what in ((scenario.lose_at, "lose"), (scenario.abort_at, "abort")) if count]
    )
    deadline = time.monotonic() + PATIENCE_S
    while not ((phase := records.phase(NAME)) and phase.is_terminal and not records.open()):
        assert time.monotonic() < deadline, f"{scenario.workflow} does not end"
        if befalls and len(records.log(NAME)) >= befalls[0][0]:
            platform = _befall(befalls.pop(0)[1], platforms, platform)
        for signal_id in set(records.asks(NAME)) & scenario.answers.keys() - answered:
            answered.add(signal_id)
            with Client(platform.grpc) as client:
                client.SetSignal(answer_of(NAME, signal_id, scenario.answers[signal_id]))
        time.sleep(LOOK_S)
    records.close()


def _befall(what: str, platforms: Platforms, platform: RunningPlatform) -> RunningPlatform:
    """The platform that runs from now on."""
    match what:
        case "kill":
            platform.kill()
            return platforms.start()
        case "lose":
            (server,) = [child for child in children(platform.process.pid) if "forkserver" in child.command]
            os.kill(server.pid, signal.SIGKILL)
        case _:
            aborted = alula("abort", NAME, "--cause", "enough", "--data", str(platform.data))
            assert aborted.returncode == 0, aborted.stderr
    return platform


def _taken(data: Path) -> Recording:
    events = Records(data).log(NAME)
    with closing(sqlite3.connect(data / "alula.sqlite")) as database:
        (workflow,) = database.execute(
            "SELECT closure FROM entities JOIN executions ON entities.kind = 'workflow'"
            " AND entities.name = workflow_name AND entities.version = workflow_version WHERE executions.name = ?",
            (NAME,),
        ).fetchone()
    uris = [event.closure_uri for event in events if isinstance(event, facts.GraphReturned)]
    graphs = {_elsewhere(uri, data): _closure(Path(uri).read_bytes(), data) for uri in uris}
    return Recording(_closure(workflow, data), graphs, [_event(event, data) for event in events])


def _event(event: facts.Event, data: Path) -> bytes:
    text = msgspec.json.encode(event).decode()
    return facts.encode(msgspec.json.decode(_elsewhere(text, data), type=facts.Event))


def _closure(closure: bytes, data: Path) -> bytes:
    text = _elsewhere(MessageToJson(compiler_pb2.CompiledWorkflowClosure.FromString(closure)), data)
    return Parse(text, compiler_pb2.CompiledWorkflowClosure()).SerializeToString(deterministic=True)


def _elsewhere(text: str, data: Path) -> str:
    """With neutral names for the folders and the host."""
    for name, instead in (
        (str(data), "/data"),
        (sys.prefix, "/venv"),
        (sys.base_prefix, "/python"),
        (str(Path(__file__).parents[2]), "/project"),
        (socket.gethostname(), "host"),
    ):
        text = text.replace(name, instead)
    return text
