"""Runs scenarios on an executor of this machine, with real processes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from flyteidl.core import literals_pb2
from tests.attempts.harness import Harness

from alula.server.executor import AttemptSpec
from alula.server.executors.process.executor import ProcessExecutor
from alula.server.executors.process.leftovers import process
from alula.server.executors.process.options import ProcessOptions

T = TypeVar("T")


def on_executor(data: Path, scenario: Callable[[Harness], Awaitable[T]], **options) -> T:
    """Run a scenario on an executor that is started and stopped round it; nothing may be left after."""

    async def run():
        executor = ProcessExecutor(data, ProcessOptions(**options))
        harness = Harness(executor)
        await executor.start(harness.sink)
        try:
            return await scenario(harness)
        finally:
            await executor.stop()

    result = asyncio.run(run())
    assert list((data / "work/attempts").iterdir()) == []
    assert list((data / "work/servers").iterdir()) == []
    return result


def run_one(data: Path, spec: AttemptSpec, **options):
    return on_executor(data, lambda harness: harness.run(spec), **options)


def log_of(spec: AttemptSpec) -> str:
    return (Path(spec.output_prefix) / "log.txt").read_text()


def alive(pid: int) -> bool:
    return process(pid) is not None


def value(outputs: bytes | None) -> int:
    literals = literals_pb2.LiteralMap.FromString(outputs or b"").literals
    return literals["o0"].scalar.primitive.integer
