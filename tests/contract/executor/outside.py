"""The adapters under test, each with the world in which its attempts live."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

from tests.attempts.cluster import Cluster, ClusterExecutor, Course, How, Record
from tests.attempts.harness import Harness
from tests.attempts.specs import attempt, elsewhere
from tests.connectors.jobs import Jobs
from tests.contract.executor.logged import Known, Logged
from tests.objects.memory import MemoryBlobs

from alula.core.engine.usage import Figure, Usage
from alula.core.errors import TaskError
from alula.core.ids import AttemptId
from alula.server.executor import AttemptSpec, AttemptUpdate, Executor
from alula.server.executors.process.executor import ProcessExecutor
from alula.server.executors.process.leftovers import process
from alula.server.executors.routing import Routing

WAITS = ("QUEUED", "WAITING_FOR_RESOURCES", "INITIALIZING")


class Outside(Protocol):
    """What outlives every platform: attempts, files, machines. The attempts do what the test says."""

    hands_over: bool
    """Whether platforms share attempts: who takes over an execution goes on with what runs."""
    shares_results: bool
    """Whether platforms share what attempts have left."""
    keeps_claims: bool
    """True if they can tell which platform has an attempt that several share."""

    def executor(self, platform: str) -> Executor:
        """A new life of this platform's executor."""
        ...

    async def crash(self, executor: Executor, platform: str) -> None:
        """Let the platform die: what it knew is gone, and it has told nobody."""
        ...

    def succeeds(self, node: str, *, outputs: bytes = b"") -> AttemptSpec: ...

    def fails(self, node: str) -> AttemptSpec: ...

    def dies(self, node: str) -> AttemptSpec:
        """An attempt that a signal ends."""
        ...

    def waits(self, node: str, *, outputs: bytes = b"") -> AttemptSpec:
        """An attempt that runs until `finish`, and then succeeds."""
        ...

    def finish(self, spec: AttemptSpec) -> None: ...

    def burns(self, node: str, *, cpu_s: float) -> AttemptSpec:
        """An attempt that keeps a CPU busy for so long."""
        ...

    def holds(self, node: str, *, memory_bytes: int) -> AttemptSpec:
        """An attempt that has so much memory of its own for a while."""
        ...

    def writes(self, node: str, *, written_bytes: int) -> AttemptSpec: ...

    def starts(self, spec: AttemptSpec) -> int:
        """How often it was really started, by anybody."""
        ...

    def runs(self, spec: AttemptSpec) -> bool:
        """Whether any of it runs."""
        ...


class Processes:
    """The process executor: a data folder for each platform, objects that all share, and shell scripts."""

    hands_over = False
    shares_results = True
    keeps_claims = False

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def executor(self, platform: str) -> ProcessExecutor:
        return ProcessExecutor(self._folder / platform)

    async def crash(self, executor: Executor, platform: str) -> None:
        """Its fork servers go first, so that nobody is there to record an end or to clear up."""
        for each in (self._folder / platform / "work/servers").iterdir():
            os.kill(int(each.name), signal.SIGKILL)
        await executor.stop()

    def succeeds(self, node: str, *, outputs: bytes = b"") -> AttemptSpec:
        return self._script(node, "", outputs)

    def fails(self, node: str) -> AttemptSpec:
        return self._script(node, "exit 3")

    def dies(self, node: str) -> AttemptSpec:
        return self._script(node, "kill -KILL $$")

    def waits(self, node: str, *, outputs: bytes = b"") -> AttemptSpec:
        return self._script(node, f"until [ -e {self._said(node, 'finish')} ]; do sleep 0.01; done", outputs)

    def finish(self, spec: AttemptSpec) -> None:
        self._said(spec.id.node_id, "finish").touch()

    def burns(self, node: str, *, cpu_s: float) -> AttemptSpec:
        return self._python(node, f"import time\nwhile time.process_time() < {cpu_s}: pass")

    def holds(self, node: str, *, memory_bytes: int) -> AttemptSpec:
        return self._python(node, f"import time\nx = b'x' * {memory_bytes}\ntime.sleep(0.5)")

    def writes(self, node: str, *, written_bytes: int) -> AttemptSpec:
        return self._python(node, f"open('f', 'wb').write(b'x' * {written_bytes})")

    def starts(self, spec: AttemptSpec) -> int:
        return len(self._pids(spec))

    def runs(self, spec: AttemptSpec) -> bool:
        return any(process(pid) is not None for pid in self._pids(spec))

    def _said(self, node: str, what: str) -> Path:
        return self._folder / f"{node}.{what}"

    def _pids(self, spec: AttemptSpec) -> list[int]:
        path = self._said(spec.id.node_id, "pids")
        return [int(each) for each in path.read_text().split()] if path.exists() else []

    def _python(self, node: str, does: str) -> AttemptSpec:
        return self._script(node, shlex.join([sys.executable, "-S", "-c", does]))

    def _script(self, node: str, does: str, outputs: bytes = b"") -> AttemptSpec:
        gives = self._said(node, "outputs")
        gives.write_bytes(outputs)
        give = f"cp {shlex.quote(str(gives))} {{{{.outputPrefix}}}}/outputs.pb"
        script = f"echo $$ >> {shlex.quote(str(self._said(node, 'pids')))}\n{does}\n{give}"
        return attempt(self._folder, "sh", "-c", script, node=node, outputs=bool(outputs))


class Staged(Processes):
    """The process executor with objects that are elsewhere: each platform has the files of its attempts."""

    shares_results = False

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._objects = MemoryBlobs("mem://store")

    def executor(self, platform: str) -> ProcessExecutor:
        return ProcessExecutor(self._folder / platform, objects=self._objects)

    def _script(self, node: str, does: str, outputs: bytes = b"") -> AttemptSpec:
        return elsewhere(super()._script(node, does, outputs), self._folder, self._objects)


class Clusters:
    """The executor in memory; the simulation uses it too."""

    hands_over = True
    shares_results = True
    keeps_claims = True

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._cluster = Cluster(self)
        self._courses: dict[AttemptId, Course] = {}
        self._starts: Counter[AttemptId] = Counter()

    def executor(self, platform: str) -> Executor:
        return ClusterExecutor(self._cluster)

    async def crash(self, executor: Executor, platform: str) -> None:
        await executor.stop()

    def succeeds(self, node: str, *, outputs: bytes = b"") -> AttemptSpec:
        return self._spec(node, Course(0, Record("SUCCEEDED", outputs=outputs)))

    def fails(self, node: str) -> AttemptSpec:
        return self._spec(node, Course(0, Record("FAILED", error=TaskError("ExitCode", "status 3", recoverable=True))))

    def dies(self, node: str) -> AttemptSpec:
        return self._spec(node, Course(0, Record("FAILED", error=TaskError("Killed", "SIGKILL", recoverable=True))))

    def waits(self, node: str, *, outputs: bytes = b"") -> AttemptSpec:
        return self._spec(node, Course(None, Record("SUCCEEDED", outputs=outputs)))

    def finish(self, spec: AttemptSpec) -> None:
        self._courses[spec.id].takes_s = 0
        if spec.id in self._cluster.running:
            self._cluster.end(spec.id)

    def burns(self, node: str, *, cpu_s: float) -> AttemptSpec:
        return self._uses(node, Usage(cpu_us=Figure(int(cpu_s * 1_000_000), "made-up")))

    def holds(self, node: str, *, memory_bytes: int) -> AttemptSpec:
        return self._uses(node, Usage(peak_memory_bytes=Figure(memory_bytes, "made-up")))

    def writes(self, node: str, *, written_bytes: int) -> AttemptSpec:
        return self._uses(node, Usage(written_bytes=Figure(written_bytes, "made-up")))

    def _uses(self, node: str, usage: Usage) -> AttemptSpec:
        return self._spec(node, Course(0, Record("SUCCEEDED"), usage))

    def starts(self, spec: AttemptSpec) -> int:
        return self._starts[spec.id]

    def runs(self, spec: AttemptSpec) -> bool:
        return spec.id in self._cluster.running

    def _spec(self, node: str, course: Course) -> AttemptSpec:
        spec = attempt(self._folder, "true", node=node)
        self._courses[spec.id] = course
        return spec

    # What its cluster asks

    def clock(self) -> int:
        return time.time_ns() // 1000

    def started(self, spec: AttemptSpec) -> None:
        self._starts[spec.id] += 1

    def course(self, spec: AttemptSpec) -> Course:
        return self._courses[spec.id]

    def ended(self, attempt: AttemptId, how: How) -> None:
        pass


class Routed(Clusters):
    """Several clusters behind one executor. One of them has all attempts that begin with `n`."""

    def executor(self, platform: str) -> Executor:
        return Routing({"one": ClusterExecutor(self._cluster), "other": ClusterExecutor(Cluster(self))})


class Named(Clusters):
    """The same with jobs that are found by their handles only, which platforms keep in their log."""

    keeps_claims = False

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._cluster = Cluster(self, names_jobs=True)
        self._log: dict[AttemptId, Known] = {}

    def executor(self, platform: str) -> Executor:
        return Logged(super().executor(platform), self._log, platform)


class Connectors(Jobs):
    """Jobs of a connector, whose handles platforms keep in their log."""

    def __init__(self, folder: Path, address: str) -> None:
        super().__init__(folder, address)
        self._log: dict[AttemptId, Known] = {}

    def executor(self, platform: str) -> Executor:
        return Logged(super().executor(platform), self._log, platform)


class Lives:
    """Platforms, as the tests let them live on one world."""

    def __init__(self, outside: Outside) -> None:
        self.outside = outside

    @asynccontextmanager
    async def begin(self, *expected: AttemptSpec, platform: str = "here", crashes: bool = False) -> AsyncIterator[Life]:
        """One life of a platform's executor, from its start to its stop or crash, and what it expects to run."""
        executor = self.outside.executor(platform)
        life = Life(executor)
        await executor.start(life.sink)
        try:
            await executor.reconcile(expected, owner=platform)
            yield life
        finally:
            if crashes:
                life.is_deaf = True
                await self.outside.crash(executor, platform)
            else:
                await executor.stop()
        told = len(life.updates)
        await asyncio.sleep(0)
        assert len(life.updates) == told, "a stopped executor reports nothing"


class Life(Harness):
    """A running executor, and what it has reported."""

    is_deaf = False
    """Whether its platform has died: nothing that is reported reaches anybody."""

    def sink(self, update: AttemptUpdate) -> None:
        if not self.is_deaf:
            super().sink(update)

    def phases(self, spec: AttemptSpec) -> list[str]:
        """What was reported, without what it waited for."""
        return [each.phase for each in self.of(spec) if each.phase not in WAITS]

    async def until_it_runs(self, spec: AttemptSpec) -> None:
        self.executor.submit(spec)
        await self.until(lambda: self.of(spec, "RUNNING"))
