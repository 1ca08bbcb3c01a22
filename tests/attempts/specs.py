"""Specifications of attempts, and the values that they take and give."""

from __future__ import annotations

from pathlib import Path

from flyteidl.core import literals_pb2, tasks_pb2

from alula.core.ids import AttemptId, ExecutionId
from alula.core.policy.resources import Amounts, Resources
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
        task.interface.outputs.variables["o0"].type.simple = 1
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
