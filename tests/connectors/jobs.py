"""The world of attempts that are jobs of a served connector."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import msgspec
from tests.attempts.specs import attempt

from alula.server.blobs.file import FileBlobs
from alula.server.executor import AttemptSpec, Executor, Sink
from alula.server.executors.connector.executor import ConnectorExecutor
from alula.server.executors.connector.options import ConnectorOptions, Endpoint
from alula.server.executors.process.leftovers import process


class OnFiles(ConnectorExecutor):
    """An executor that starts its objects with it."""

    def __init__(self, blobs: FileBlobs, options: ConnectorOptions) -> None:
        super().__init__(blobs, options)
        self._files = blobs

    async def start(self, sink: Sink) -> None:
        await self._files.start()
        await super().start(sink)


class Jobs:
    """Scripts that the connector at an address runs. Platforms share them."""

    hands_over = True
    shares_results = True
    keeps_claims = False

    def __init__(self, folder: Path, address: str) -> None:
        self._folder = folder
        self.options = ConnectorOptions((Endpoint("scripts", address),), poll_min_s=0.02, poll_max_s=0.2)

    def executor(self, platform: str) -> Executor:
        objects = self._folder / "objects"
        objects.mkdir(exist_ok=True)
        return OnFiles(FileBlobs(objects, self._folder / f"{platform}.key"), self.options)

    async def crash(self, executor: Executor, platform: str) -> None:
        await executor.stop()

    def succeeds(self, node: str, *, outputs: bytes = b"") -> AttemptSpec:
        return self.script(node, "", outputs)

    def fails(self, node: str) -> AttemptSpec:
        return self.script(node, "exit 3")

    def dies(self, node: str) -> AttemptSpec:
        return self.script(node, "kill -KILL $$")

    def waits(self, node: str, *, outputs: bytes = b"") -> AttemptSpec:
        return self.script(node, f"until [ -e {self._said(node, 'finish')} ]; do sleep 0.02; done", outputs)

    def finish(self, spec: AttemptSpec) -> None:
        self._said(spec.id.node_id, "finish").touch()

    def burns(self, node: str, *, cpu_s: float) -> AttemptSpec:
        return self._python(node, f"import time\nwhile time.process_time() < {cpu_s}: pass")

    def holds(self, node: str, *, memory_bytes: int) -> AttemptSpec:
        return self._python(node, f"x = b'x' * {memory_bytes}")

    def writes(self, node: str, *, written_bytes: int) -> AttemptSpec:
        return self._python(node, f"open('f', 'wb').write(b'x' * {written_bytes})")

    def starts(self, spec: AttemptSpec) -> int:
        return len(self._pids(spec))

    def runs(self, spec: AttemptSpec) -> bool:
        return any(process(pid) is not None for pid in self._pids(spec))

    def script(self, node: str, does: str, outputs: bytes = b"") -> AttemptSpec:
        gives = self._said(node, "outputs")
        gives.write_bytes(outputs)
        give = f"cp {shlex.quote(str(gives))} {{{{.outputPrefix}}}}/outputs.pb"
        script = f"echo $$ >> {shlex.quote(str(self._said(node, 'pids')))}\n{does}\n{give}"
        spec = attempt(self._folder, "sh", "-c", script, node=node, outputs=bool(outputs))
        spec.task.type = "script"
        return msgspec.structs.replace(spec, incarnation="i")

    def _said(self, node: str, what: str) -> Path:
        return self._folder / f"{node}.{what}"

    def _pids(self, spec: AttemptSpec) -> list[int]:
        path = self._said(spec.id.node_id, "pids")
        return [int(each) for each in path.read_text().split()] if path.exists() else []

    def _python(self, node: str, does: str) -> AttemptSpec:
        return self.script(node, shlex.join([sys.executable, "-S", "-c", does]))
