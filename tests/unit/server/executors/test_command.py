"""The command line of an attempt, and which tasks have none that a process can run."""

from pathlib import Path

import pytest
from flyteidl.core import tasks_pb2, types_pb2
from tests.attempts.specs import attempt

from alula.core.errors import InvalidInput
from alula.server.executor import AttemptSpec
from alula.server.executors.process.command import command_of

DATA = Path("/data")


def raw(*args: str, inputs: str = "", outputs: str = "", folder: str = "") -> AttemptSpec:
    """A container task of another SDK, with data from Flyte's copilot."""
    spec = attempt(DATA, *args)
    spec.task.container.data_config.enabled = True
    spec.task.container.data_config.input_path = folder
    for names, variables in ((inputs, spec.task.interface.inputs), (outputs, spec.task.interface.outputs)):
        for name in names:
            variables.variables[name].type.simple = types_pb2.INTEGER
    return spec


@pytest.mark.parametrize(
    "spec",
    [
        raw("true"),
        raw("echo", "{{.inputs.a}}", inputs="a"),
        raw("echo", "a is {{ $Inputs.a }}", inputs="a", folder="/var/inputs"),
    ],
)
def test_a_container_that_reads_its_inputs_off_its_command_is_a_process(spec: AttemptSpec) -> None:
    assert command_of(spec)[-1] in ("true", "1", "a is 1")


@pytest.mark.parametrize(
    ("spec", "files"),
    [
        (raw("true", outputs="b"), "output `b`"),
        (raw("true", inputs="a"), "input `a`"),
        (raw("echo", "{{.inputs.a}}", inputs="ac", outputs="b"), "input `c`, output `b`"),
        (raw("cat {{.inputs.a}} /var/inputs/a", inputs="a", folder="/var/inputs/"), "input `a`"),
    ],
)
def test_one_that_needs_files_says_which(spec: AttemptSpec, files: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        command_of(spec)
    assert caught.value.code == "UnsupportedTask"
    assert f"for {files};" in caught.value.message


def test_a_command_full_of_beginnings_is_read_once() -> None:
    words = "{{.inputs.a" * 100_000
    assert command_of(raw("echo", words)) == ["echo", words]


def test_a_pod_is_no_process() -> None:
    spec = attempt(DATA)
    spec.task.k8s_pod.CopyFrom(tasks_pb2.K8sPod())
    with pytest.raises(InvalidInput, match="runs as a pod"):
        command_of(spec)
