"""Runs attempts on an executor and collects what it reports."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from flyteidl.core import literals_pb2, tasks_pb2

from alula.core.ids import AttemptId, ExecutionId
from alula.server.executor import AttemptSpec, AttemptUpdate, Executor

END_TIMEOUT_S = 30


class Harness:
    """An executor that is running, and every update that it gave."""

    def __init__(self, executor: Executor, data: Path) -> None:
        self.executor = executor
        self.data = data
        self.updates: list[AttemptUpdate] = []
        self._changed = asyncio.Event()

    def sink(self, update: AttemptUpdate) -> None:
        self.updates.append(update)
        self._changed.set()

    async def until(self, condition: Callable[[], object], *, timeout_s: float = END_TIMEOUT_S) -> None:
        """Wait for updates until the condition holds."""
        async with asyncio.timeout(timeout_s):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    def of(self, spec: AttemptSpec, phase: str | None = None) -> list[AttemptUpdate]:
        return [each for each in self.updates if each.id == spec.id and phase in (None, each.phase)]

    def end_of(self, spec: AttemptSpec) -> AttemptUpdate | None:
        ends = [each for each in self.of(spec) if each.phase in ("SUCCEEDED", "FAILED")]
        return ends[-1] if ends else None

    async def run(self, spec: AttemptSpec) -> AttemptUpdate:
        self.executor.submit(spec)
        await self.until(lambda: self.end_of(spec))
        end = self.end_of(spec)
        assert end is not None
        return end

    def log(self, spec: AttemptSpec) -> str:
        return (Path(spec.output_prefix) / "log.txt").read_text()


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
        cpu_millicores=cpu_millicores,
        memory_bytes=memory_bytes,
        memory_limit_bytes=memory_limit_bytes,
        interpreter=interpreter,
        interpreter_host=interpreter_host,
    )


def eventually(condition: Callable[[], object], *, timeout_s: float = 10.0) -> None:
    """Poll until the condition holds; for what no update tells (other processes)."""
    until = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < until, "the condition did not come true in time"
        time.sleep(0.005)
