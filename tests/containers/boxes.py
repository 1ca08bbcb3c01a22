"""The world of attempts that are containers of this machine, which all platforms share."""

from __future__ import annotations

import shlex
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import msgspec
from tests.attempts.harness import Harness
from tests.attempts.specs import attempt
from tests.containers.engine import BUSYBOX, Podman

from alula.core.ids import AttemptId, ExecutionId
from alula.server.blob import Blobs
from alula.server.blobs.file import FileBlobs
from alula.server.executor import AttemptSpec, Executor, Sink
from alula.server.executors.container.executor import ContainerExecutor
from alula.server.executors.container.naming import KEY, key_of
from alula.server.executors.container.options import ContainerOptions


class OnFiles(ContainerExecutor):
    """An executor that starts its objects with it. Its platform is one of its test's own, as all share one runtime."""

    def __init__(self, folder: Path, options: ContainerOptions, blobs: FileBlobs, mark: str) -> None:
        super().__init__(folder, options, blobs)
        self._files = blobs
        self._mark = mark

    async def start(self, sink: Sink) -> None:
        await self._files.start()
        await super().start(sink)

    async def reconcile(
        self, expected: Collection[AttemptSpec], *, owner: str, spared: Collection[AttemptId] = ()
    ) -> None:
        await super().reconcile(expected, owner=f"{owner}-{self._mark}", spared=spared)


class Boxes:
    """Attempts that are containers. Each test has a run of its own, as all share one runtime."""

    hands_over = True
    shares_results = True
    keeps_claims = True

    def __init__(self, folder: Path, podman: Podman) -> None:
        self.folder = folder
        self.podman = podman
        self._mark = f"t{uuid4().hex[:12]}"
        self.options = ContainerOptions(socket=podman.socket, kill_grace_s=1, cpu_millicores=16_000, network="none")

    def close(self) -> None:
        """Remove what the test has left, as its platforms would in their next lives."""
        if left := self.left():
            self.podman("rm", "-f", "-t", "0", *left)

    def left(self) -> list[str]:
        """The containers of the test that are there."""
        return self._listed()

    def _listed(self, *more: str) -> list[str]:
        return self.podman("ps", "-aq", "--filter", f"label=test={self._mark}", *more).split()

    def executor(self, platform: str) -> OnFiles:
        objects = self.folder / "objects"
        objects.mkdir(exist_ok=True)
        blobs = FileBlobs(objects, self.folder / f"{platform}.key")
        return OnFiles(self.folder / platform, self.options, blobs, self._mark)

    @asynccontextmanager
    async def elsewhere(self, objects: Blobs) -> AsyncIterator[Harness]:
        """An executor whose platform keeps its objects elsewhere."""
        executor = ContainerExecutor(self.folder / "elsewhere", self.options, objects)
        harness = Harness(executor)
        await executor.start(harness.sink)
        try:
            await executor.reconcile([], owner=f"elsewhere-{self._mark}")
            yield harness
        finally:
            await executor.stop()

    async def crash(self, executor: Executor, platform: str) -> None:
        await executor.stop()

    def succeeds(self, node: str, *, outputs: bytes = b"") -> AttemptSpec:
        return self.script(node, "", outputs)

    def fails(self, node: str) -> AttemptSpec:
        return self.script(node, "exit 3")

    def dies(self, node: str) -> AttemptSpec:
        return self.script(node, "sh -c 'kill -KILL $$'; exit $?")

    def waits(self, node: str, *, outputs: bytes = b"") -> AttemptSpec:
        return self.script(node, "until [ -e {{.outputPrefix}}/finish ]; do sleep 0.05; done", outputs)

    def finish(self, spec: AttemptSpec) -> None:
        folder = Path(spec.output_prefix)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "finish").touch()

    def burns(self, node: str, *, cpu_s: float) -> AttemptSpec:
        return self.script(node, f"i=0; while [ $i -lt {round(cpu_s * 100_000)} ]; do i=$((i + 1)); done")

    def holds(self, node: str, *, memory_bytes: int) -> AttemptSpec:
        return self.script(node, f"dd if=/dev/zero of=/dev/null bs={memory_bytes} count=1")

    def writes(self, node: str, *, written_bytes: int) -> AttemptSpec:
        return self.script(node, f"dd if=/dev/zero of=/written bs={written_bytes} count=1")

    def starts(self, spec: AttemptSpec) -> int:
        pids = Path(spec.output_prefix, "pids")
        return len(pids.read_text().split()) if pids.exists() else 0

    def runs(self, spec: AttemptSpec) -> bool:
        key = f"label={KEY}={key_of(spec.id, spec.incarnation)}"
        return bool(self._listed("--filter", key, "--filter", "status=running"))

    def script(self, node: str, does: str, outputs: bytes = b"", memory_limit_bytes: int = 0) -> AttemptSpec:
        given = shlex.quote("".join(f"\\{byte:03o}" for byte in outputs))
        give = f"printf {given} > {{{{.outputPrefix}}}}/outputs.pb" if outputs else ""
        script = f"echo $$ >> {{{{.outputPrefix}}}}/pids\n{does}\n{give}"
        spec = attempt(
            self.folder, node=node, outputs=bool(outputs), image=BUSYBOX, memory_limit_bytes=memory_limit_bytes
        )
        spec.task.container.command.extend(["sh", "-c", script])
        execution = ExecutionId("p", "d", self._mark)
        return msgspec.structs.replace(spec, id=spec.id._replace(execution=execution), labels={"test": self._mark})
