"""Whatever goes wrong at whatever step of an attempt: it ends, once, and gives back what it had."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.attempts.bundle import task_command
from tests.attempts.specs import attempt

from alula.core.errors import InvalidInput
from alula.server.executor import AttemptSpec, AttemptUpdate
from alula.server.executors.admission import NOTHING
from alula.server.executors.process import ends, files
from alula.server.executors.process import executor as executor_module
from alula.server.executors.process.bundles import Code
from alula.server.executors.process.driver import ServerEvents, ServerKey, Verdict
from alula.server.executors.process.environments import Environment
from alula.server.executors.process.executor import ProcessExecutor
from alula.server.executors.process.memory import Group
from alula.server.executors.process.options import ProcessOptions
from alula.server.executors.process.wire import Ended, Run, Started

ERRORS = (ValueError, OSError, RecursionError, OverflowError, KeyError, MemoryError)


class Faults:
    """Raises something now and then, wherever it is asked."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.are_on = False

    def here(self, *_args: object, **_kwargs: object) -> None:
        if self.are_on and self.random.random() < 0.1:
            error = self.random.choice([*ERRORS, None])
            raise InvalidInput("BadThing", "it is bad") if error is None else error("injected")

    def before(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def called(*args: Any, **kwargs: Any) -> Any:
            self.here()
            return function(*args, **kwargs)

        return called


class FakeServer:
    """A fork server that does what the test says."""

    def __init__(self, pool: FakePool, key: ServerKey) -> None:
        self.pool = pool
        self.key = key
        self.verdict: Verdict | None = None
        self.waiting: list[Callable[..., None]] = []
        self.running: list[int] = []
        self.killed: set[int] = set()

    def when_known(self, callback: Callable[..., None]) -> None:
        self.pool.faults.here()
        if self.verdict is None:
            self.waiting.append(callback)
        else:
            callback(self.verdict, self)

    def run(self, frame: Run) -> None:
        self.pool.faults.here()
        self.running.append(frame.id)

    def kill(self, number: int, **_: object) -> None:
        self.killed.add(number)

    def decide(self, verdict: Verdict) -> None:
        self.verdict = verdict
        waiting, self.waiting = self.waiting, []
        for each in waiting:
            each(verdict, self)

    def end(self, number: int) -> None:
        self.running.remove(number)
        self.pool.events.ended(Ended(id=number, code=0, started_at=1, ended_at=2))

    def lose(self) -> None:
        lost, self.running = tuple(self.running), []
        self.pool.servers.pop(self.key)
        self.decide(Verdict(False, "it is gone"))
        self.pool.events.lost("mark", lost)


class FakePool:
    """Fork servers that are fakes."""

    faults: Faults
    last: FakePool

    def __init__(self, events: ServerEvents, *_: object, **__: object) -> None:
        self.events = events
        self.servers: dict[ServerKey, FakeServer] = {}
        FakePool.last = self

    def unfit(self, key: ServerKey) -> None:
        self.faults.here(key)

    def get(self, key: ServerKey) -> FakeServer:
        self.faults.here()
        return self.servers.setdefault(key, FakeServer(self, key))

    async def close(self) -> None: ...


class FakeBundles:
    """Code that is there at once, or later."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.taken = 0

    def take_known(self, uri: str) -> Code | None:
        self.faults.here()
        if self.faults.random.random() < 0.5:
            return None
        self.taken += 1
        return Code(uri)

    async def take(self, uri: str) -> Code:
        for _ in range(self.faults.random.randrange(4)):
            await asyncio.sleep(0)
        self.faults.here()
        self.taken += 1
        return Code(uri)

    def give_back(self, code: Code) -> None:
        self.taken -= 1
        self.faults.here(code)


class FakeCgroups:
    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.made = 0

    def make(self, name: str, limit_bytes: int) -> Group:
        self.faults.here()
        self.made += 1
        return Group(name, "", "", str(limit_bytes), "")

    def remove(self, _group: Group) -> None:
        self.made -= 1
        self.faults.here()

    def close(self) -> None: ...


class Scene:
    """An executor without processes, and what it was asked and said."""

    def __init__(self, folder: Path, faults: Faults) -> None:
        self.random = faults.random
        self.faults = faults
        self.folder = folder
        self.executor: Any = ProcessExecutor(folder, ProcessOptions(cpu_millicores=3000, memory_control="sampled"))
        self.preparation = self.executor._preparation
        self.bundles = self.preparation._bundles = FakeBundles(faults)
        self.specs: list[AttemptSpec] = []
        self.cancelled: set[object] = set()
        self.ends: dict[object, list[str]] = {}

    async def start(self) -> None:
        await self.executor.start(self.sink)
        self.cgroups = self.executor._cgroups = FakeCgroups(self.faults)
        folders = self.preparation._folders
        self.preparation._environments.known = self.environment
        folders.take = self.faults.before(folders.take)
        folders._make = self.faults.before(folders._make)

    def environment(self, _wanted: object) -> Environment | None:
        self.faults.here()
        return Environment("/bin/python", "fake")

    def sink(self, update: AttemptUpdate) -> None:
        if update.phase in ("SUCCEEDED", "FAILED"):
            self.ends.setdefault(update.id, []).append(update.phase)

    def new(self, *command: str) -> AttemptSpec:
        spec = attempt(
            self.folder,
            *(command or self.random.choice([("sh", "x"), task_command("/code", "x"), ("echo", "{{.nonsense}}"), ()])),
            node=f"n{len(self.specs)}",
            cpu_millicores=self.random.choice([500, 1000, 3000, 4000, -1]) if not command else 3000,
            memory_limit_bytes=self.random.choice([0, 1]),
            environment=self.random.choice([{}, {"A": "b"}, {"A=B": "c"}]) if not command else {},
        )
        self.specs.append(spec)
        return spec

    def act(self) -> None:
        """Something happens."""
        servers = list(FakePool.last.servers.values())
        running = [(each, number) for each in servers for number in each.running]
        what = self.random.randrange(8)
        if what <= 2 or not self.specs:
            self.executor.submit(self.new())
        elif what == 3:
            self.executor.submit(self.random.choice(self.specs))
        elif what == 4:
            id = self.random.choice(self.specs).id
            self.cancelled.add(id)
            self.executor.cancel(id)
        elif what == 5 and servers:
            server = self.random.choice(servers)
            verdict = Verdict(self.random.random() < 0.7, "why", missing_entry=self.random.random() < 0.1)
            server.decide(verdict) if self.random.random() < 0.8 else server.lose()
        elif running:
            server, number = self.random.choice(running)
            if what == 6:
                FakePool.last.events.started(Started(number, 1, 1))
            else:
                server.end(number)

    async def settle(self) -> None:
        """Let all end that has to end."""
        for _ in range(100):
            await asyncio.sleep(0)
            await asyncio.gather(*self.executor._tasks)
            for server in list(FakePool.last.servers.values()):
                server.decide(Verdict(True))
                for number in list(server.running):
                    server.end(number)


def fake(patch: pytest.MonkeyPatch, faults: Faults) -> None:
    FakePool.faults = faults
    patch.setattr(executor_module, "ServerPool", FakePool)
    patch.setattr(executor_module, "end_marked", faults.here)
    patch.setattr(ends, "cut_log", faults.here)
    patch.setattr(ends, "update_of", faults.before(ends.update_of))
    for name in ("earlier_end", "launch_of"):
        patch.setattr(executor_module, name, faults.before(getattr(executor_module, name)))
    patch.setattr(files.Files, "prepare", lambda *_: (faults.here(), faults.random.random() < 0.8)[1])
    patch.setattr(files.Files, "write_template", faults.here)
    patch.setattr(files.Files, "clear", faults.here)


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_every_attempt_ends_and_gives_back_what_it_had(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    random = Random(seed)
    faults = Faults(random)
    scene = Scene(tmp_path_factory.mktemp("data"), faults)

    async def scenario() -> None:
        await scene.start()
        faults.are_on = True
        for _ in range(60):
            scene.act()
            for _ in range(random.randrange(4)):
                await asyncio.sleep(0)
        faults.are_on = False
        await scene.settle()
        executor = scene.executor
        assert (executor._attempts, executor._by_number, executor._wanted_again) == ({}, {}, {})
        assert (executor._admission.used, executor._admission.waiting(), scene.bundles.taken) == (NOTHING, [], 0)
        assert (scene.cgroups.made, scene.preparation._folders._code) == (0, {})
        assert not [spec.id for spec in scene.specs if not scene.ends.get(spec.id) and spec.id not in scene.cancelled]
        good = scene.new("sh", "x")
        executor.submit(good)
        await scene.settle()
        assert scene.ends[good.id]
        await executor.stop()

    with pytest.MonkeyPatch.context() as patch:
        fake(patch, faults)
        asyncio.run(scenario())
