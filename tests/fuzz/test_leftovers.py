"""What tasks leave behind: whatever it is, each run ends, and the platform answers, stops and starts."""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from urllib.request import urlopen

import grpc
import pytest
from flyteidl.admin import common_pb2, execution_pb2, node_execution_pb2, task_execution_pb2
from flyteidl.core import execution_pb2 as core_execution_pb2
from flyteidl.core import identifier_pb2
from tests import flyte_specs as specs
from tests.fuzz.cases import Cases, cases
from tests.integration.api.clients import Client
from tests.integration.platform import Platforms, RunningPlatform

LEAVE = Path(__file__).with_name("leave.py")
AT_ONCE, END_TIMEOUT_S = 12, 120.0
WORKFLOW, NODE = core_execution_pb2.WorkflowExecution, identifier_pb2.NodeExecutionIdentifier
ENDS = (WORKFLOW.SUCCEEDED, WORKFLOW.FAILED, WORKFLOW.ABORTED, WORKFLOW.TIMED_OUT)
ALLOWED = (grpc.StatusCode.NOT_FOUND,)


@pytest.fixture
def platforms(tmp_path: Path) -> Iterator[Platforms]:
    platforms = Platforms(tmp_path)
    yield platforms
    platforms.close()


def test_leftovers_end_no_platform(platforms: Platforms) -> None:
    """Whatever tasks leave, each run ends and the platform goes on, also after it was killed."""
    numbered = cases("leftovers")
    platform, last = platforms.start(), 0
    with Client(platform.grpc) as client:
        command = (sys.executable, str(LEAVE), numbered.seed, "{{.inputs.x}}", "{{.outputPrefix}}")
        client.CreateTask(specs.task("leave", command=command))
        for portion in portions(numbered):
            with numbered.told(*portion):
                run(client, platform, portion)
            last = portion[-1]
    assert "Traceback" not in platform.log(), platform.log()[:20_000]
    platform.kill()
    again = platforms.start()
    with Client(again.grpc) as client:
        read(client, again, name_of(last))
        run(client, again, [last + 1])
    assert "Traceback" not in again.log(), again.log()[:20_000]
    assert again.stop() == 0


def portions(numbered: Cases) -> Iterator[list[int]]:
    """Cases that run at the same time."""
    numbers = (number for number, _ in numbered)
    while portion := list(itertools.islice(numbers, AT_ONCE)):
        yield portion


def name_of(number: int) -> str:
    return f"case{number}"


def run(client: Client, platform: RunningPlatform, numbers: Sequence[int]) -> None:
    task = specs.identifier(identifier_pb2.TASK, "leave")
    for number in numbers:
        client.CreateExecution(specs.execution(name_of(number), task, specs.literal_map(x=specs.integer(number))))
    until = time.monotonic() + END_TIMEOUT_S
    for number in numbers:
        request = execution_pb2.WorkflowExecutionGetRequest(id=id_of(name_of(number)))
        while client.GetExecution(request).closure.phase not in ENDS:
            assert time.monotonic() < until, f"{name_of(number)} does not end"
            time.sleep(0.02)
        read(client, platform, name_of(number))
    page = common_pb2.ResourceListRequest(limit=100)
    page.id.project, page.id.domain = specs.PROJECT, specs.DOMAIN
    assert client.ListExecutions(page).executions


def id_of(name: str) -> identifier_pb2.WorkflowExecutionIdentifier:
    return identifier_pb2.WorkflowExecutionIdentifier(project=specs.PROJECT, domain=specs.DOMAIN, name=name)


def read(client: Client, platform: RunningPlatform, name: str) -> None:
    """All that a client can read of a run."""
    execution = id_of(name)
    client.GetExecutionData(execution_pb2.WorkflowExecutionGetDataRequest(id=execution))
    nodes = client.ListNodeExecutions(
        node_execution_pb2.NodeExecutionListRequest(workflow_execution_id=execution, limit=100)
    )
    for node in nodes.node_executions:
        tolerant(lambda id=node.id: client.GetNodeExecution(node_execution_pb2.NodeExecutionGetRequest(id=id)))
        tolerant(lambda id=node.id: client.GetNodeExecutionData(node_execution_pb2.NodeExecutionGetDataRequest(id=id)))
        attempts = client.ListTaskExecutions(
            task_execution_pb2.TaskExecutionListRequest(node_execution_id=node.id, limit=100)
        )
        for attempt in attempts.task_executions:
            client.GetTaskExecution(task_execution_pb2.TaskExecutionGetRequest(id=attempt.id))
            for log in attempt.closure.logs:
                with urlopen(log.uri, timeout=30) as answer:
                    assert answer.status == 200
                    answer.read()


def tolerant(call: Callable[[], object]) -> None:
    try:
        call()
    except grpc.RpcError as error:
        assert error.code() in ALLOWED, error
