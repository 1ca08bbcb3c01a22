"""What connectors are told of attempts."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from flyteidl.core import tasks_pb2
from tests.attempts.specs import attempt

from alula.core.errors import InvalidInput
from alula.core.policy.resources import Amounts, Resources
from alula.core.policy.security import RunAs
from alula.server.executor import AttemptSpec
from alula.server.executors.connector.requests import request_of


def spec(*args: str, **changes) -> AttemptSpec:
    return msgspec.structs.replace(attempt(Path("/d"), *args), **changes)


def test_the_command_is_filled_in_and_the_task_stays_as_it_is():
    of = spec("--to", "{{.outputPrefix}}", "--a={{.inputs.a}}")
    request = request_of(of)
    assert [*request.template.container.args] == ["--to", of.output_prefix, "--a=1"]
    assert [*of.task.container.args] == ["--to", "{{.outputPrefix}}", "--a={{.inputs.a}}"]


def test_a_task_without_a_container_is_told_as_it_is():
    of = spec()
    of.task.ClearField("container")
    of.task.custom.update({"query": "{{.inputs.a}}"})
    assert request_of(of).template == of.task


def test_the_attempt_is_told_with_its_surroundings():
    of = spec(
        environment={"A": "1"},
        labels={"team": "ml"},
        annotations={"why": "so"},
        interruptible=True,
        run_as=RunAs("role", "robot"),
        resources=Resources(Amounts(500, 1024), Amounts(gpu=1)),
    )
    of.task.metadata.retries.retries = 2
    told = request_of(of).task_execution_metadata
    assert (dict(told.environment_variables), dict(told.labels), dict(told.annotations)) == (
        {"A": "1"},
        {"team": "ml"},
        {"why": "so"},
    )
    assert (told.namespace, told.k8s_service_account, told.identity.iam_role) == ("p-d", "robot", "role")
    assert (told.interruptible, told.max_attempts) == (True, 3)
    entries = tasks_pb2.Resources
    asked = told.overrides.resources
    assert [(each.name, each.value) for each in asked.requests] == [(entries.CPU, "500m"), (entries.MEMORY, "1024")]
    assert [(each.name, each.value) for each in asked.limits] == [(entries.GPU, "1")]


def test_items_of_an_array_have_ids_of_their_own():
    ids = [
        request_of(
            attempt(Path("/d"), "x", index=index)
        ).task_execution_metadata.task_execution_id.node_execution_id.node_id
        for index in (-1, 0, 1)
    ]
    assert ids == ["n0", "n0-n0", "n0-n1"]


@pytest.mark.parametrize(
    "odd",
    [
        {"environment": {"A": "\0"}},
        {"resources": Resources(Amounts(gpu=-1))},
        {"resources": Resources(limits=Amounts(-1))},
    ],
)
def test_what_can_not_be_is_refused(odd):
    with pytest.raises(InvalidInput):
        request_of(spec("x", **odd))
