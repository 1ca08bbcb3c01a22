"""Answering the gates of a run from the command line."""

from __future__ import annotations

import itertools
import json
import time

import pytest
from flyteidl.admin import launch_plan_pb2, workflow_pb2
from flyteidl.core import identifier_pb2, types_pb2
from flyteidl.core import workflow_pb2 as core_workflow_pb2
from tests import flyte_specs as specs
from tests.graphs import approval_node, signal_node, sleep_node
from tests.integration.api.clients import Client
from tests.integration.platform import RunningPlatform, alula

RUNS = itertools.count(1)
NUMBERS = types_pb2.LiteralType(collection_type=specs.INTEGER)


@pytest.fixture
def run(platform: RunningPlatform) -> str:
    """A run whose gates ask for an approval and for numbers, both at once."""
    name = f"gated-{next(RUNS)}"
    plan = specs.identifier(identifier_pb2.LAUNCH_PLAN, name)
    template = core_workflow_pb2.WorkflowTemplate(
        id=specs.identifier(identifier_pb2.WORKFLOW, name),
        nodes=[approval_node("n0"), signal_node("n1", NUMBERS), sleep_node("n2", 0)],
    )
    with Client(platform.grpc) as client:
        client.CreateWorkflow(
            workflow_pb2.WorkflowCreateRequest(id=template.id, spec=workflow_pb2.WorkflowSpec(template=template))
        )
        spec = launch_plan_pb2.LaunchPlanSpec(workflow_id=template.id)
        client.CreateLaunchPlan(launch_plan_pb2.LaunchPlanCreateRequest(id=plan, spec=spec))
        client.CreateExecution(specs.execution(name, plan))
    until = time.monotonic() + 20
    while len(signals(platform, name)) < 2:
        assert time.monotonic() < until
        time.sleep(0.05)
    return name


def signals(platform: RunningPlatform, run: str) -> dict[str, bool]:
    """Signals of the run, and whether each has its answer."""
    listed = alula("signal", "list", run, "-o", "json", "--endpoint", platform.grpc)
    assert listed.returncode == 0, listed.stderr
    return {signal["id"]["signal_id"]: "value" in signal for signal in json.loads(listed.stdout)["signals"]}


def test_a_run_goes_on_when_its_gates_are_answered(platform: RunningPlatform, run: str) -> None:
    shown = alula("signal", "list", run, "--endpoint", platform.grpc).stdout
    assert [line.split() for line in shown.splitlines()] == [
        ["SIGNAL", "ASKS", "FOR", "ANSWER"],
        ["n0-ok", "bool"],
        ["n1-value", "list[int]"],
    ]
    wrong = alula("signal", "set", run, "n1-value", '["a"]', "--endpoint", platform.grpc)
    assert (wrong.returncode, "BadValue" in wrong.stderr) == (2, True)
    assert alula("signal", "set", run, "n1-value", "[1, 2]", "--endpoint", platform.grpc).returncode == 0
    assert alula("approve", run, "n0-ok", "--endpoint", platform.grpc).returncode == 0
    watched = alula("watch", run, "--endpoint", platform.grpc)
    assert watched.returncode == 0, watched.stderr
    assert signals(platform, run) == {"n0-ok": True, "n1-value": True}


def test_a_run_fails_when_it_is_rejected(platform: RunningPlatform, run: str) -> None:
    assert alula("reject", run, "n0-ok", "--endpoint", platform.grpc).returncode == 0
    assert alula("watch", run, "--endpoint", platform.grpc).returncode == 1
    again = alula("approve", run, "n0-ok", "--endpoint", platform.grpc)
    assert (again.returncode, "ExecutionEnded" in again.stderr) == (2, True)


def test_a_signal_that_is_not_there_is_named(platform: RunningPlatform, run: str) -> None:
    for command in (("approve", run, "nothing"), ("signal", "set", run, "nothing", "1")):
        done = alula(*command, "--endpoint", platform.grpc)
        assert done.returncode == 2
        assert "error[SignalNotFound]" in done.stderr
