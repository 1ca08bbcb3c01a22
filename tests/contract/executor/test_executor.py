"""What every executor must do. Real processes; a task here is a small program that writes its result itself."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.contract.executor.harness import Harness, attempt, literal_map

from alula.server.executors.process.executor import ProcessExecutor


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-S", "-c", code)


async def with_executor(data: Path, scenario, **options):
    executor = ProcessExecutor(data)
    harness = Harness(executor, data)
    await executor.start(harness.sink)
    try:
        return await scenario(harness)
    finally:
        await executor.stop()


def test_a_command_that_writes_outputs_succeeds_with_them(tmp_path):
    spec = attempt(tmp_path, "sh", "-c", "echo hello; pwd; env; exit 0")

    async def scenario(harness: Harness):
        return await harness.run(spec), harness.log(spec), [each.phase for each in harness.of(spec)]

    end, log, phases = asyncio.run(with_executor(tmp_path, scenario))
    print(end, log)
    assert end.phase == "SUCCEEDED"
    assert phases == ["RUNNING", "SUCCEEDED"]
