"""Specifications of attempts, and the values that they take and give."""

from __future__ import annotations

from pathlib import Path

import msgspec
from flyteidl.core import literals_pb2, tasks_pb2, types_pb2

from alula.core.ids import AttemptId, ExecutionId
from alula.core.policy.resources import Amounts, Resources
from alula.server.blob import Blobs
from alula.server.executor import AttemptSpec


def literal_map(**values: int) -> literals_pb2.LiteralMap:
    return literals_pb2.LiteralMap(
        literals={
            name: literals_pb2.Literal(scalar=literals_pb2.Scalar(primitive=literals_pb2.Primitive(integer=value)))
            for name, value in values.items()
        }
    )


def attempt(
    data: Path,
    *args: str,
    node: str = "n0",
    number: int = 0,
    index: int = -1,
    outputs: bool = False,
    environment: dict[str, str] | None = None,
    cpu_millicores: int = 0,
    memory_bytes: int = 0,
    memory_limit_bytes: int = 0,
    image: str = "",
    interpreter: str = "",
    interpreter_host: str = "",
) -> AttemptSpec:
    """An attempt of a task with this command."""
    task = tasks_pb2.TaskTemplate(type="raw-container")
    task.id.name = "tests.task"
    task.container.args.extend(args)
    task.container.image = image
    if outputs:
        task.interface.outputs.variables["o0"].type.simple = types_pb2.INTEGER
    folder = data / "objects/metadata/p-d-run" / node / "data"
    item = folder / f"0/n{index}" if index >= 0 else folder
    return AttemptSpec(
        id=AttemptId(ExecutionId("p", "d", "run"), node, number, index),
        task=task,
        inputs=literal_map(a=1).SerializeToString(),
        input_uri=str(folder / "inputs.pb"),
        output_prefix=str(item / str(number)),
        raw_prefix=str(data / "objects/data/aa" / f"{node}-{index}-{number}"),
        checkpoint_prefix=str(data / "objects/data/aa" / f"{node}-{index}-{number}/_flytecheckpoints"),
        previous_checkpoint_prefix="",
        environment=environment or {},
        resources=Resources(Amounts(cpu_millicores, memory_bytes), Amounts(memory_bytes=memory_limit_bytes)),
        interpreter=interpreter,
        interpreter_host=interpreter_host,
    )


def elsewhere(spec: AttemptSpec, data: Path, blobs: Blobs) -> AttemptSpec:
    """The attempt with objects of this store in the place of those of a data folder."""

    def moved(path: str) -> str:
        return path.replace(f"{data}/objects", blobs.uri(), 1)

    return msgspec.structs.replace(
        spec,
        input_uri=moved(spec.input_uri),
        output_prefix=moved(spec.output_prefix),
        raw_prefix=moved(spec.raw_prefix),
        checkpoint_prefix=moved(spec.checkpoint_prefix),
    )


def filling(memory_bytes: int) -> str:
    """A script of the shell that takes at least so much memory. It does so in its own code: what a call of the kernel
    takes beyond a limit may fail the call, and not end the process."""
    doublings = max(0, (memory_bytes - 1).bit_length() - 4)
    return f"x=0123456789abcdef; i=0; while [ $i -lt {doublings} ]; do x=$x$x; i=$((i + 1)); done"
