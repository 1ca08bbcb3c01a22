"""The container executor: each attempt is a container of Docker or Podman on this machine.

    submit ─► find what is ours ─► admission ─► image ─► create, start ─► follow its output ─► end: results ─► update
    acknowledge, cancel, sweep ─► stop, remove

The runtime is the only record. A container is kept until the end of its attempt is durable, and is found again by its
labels. Its name says which platform it belongs to: one that takes an attempt over renames it, so that nobody else's
sweep takes it away. What is released and taken over by nobody is removed after a while.

All on the event loop's thread; each attempt has a task of its own. What changes one container is done one thing after
the other (`lanes`), and is not interrupted when its attempt is let go of.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping
from functools import partial
from pathlib import Path

from alula.core.engine.usage import Usage
from alula.core.ids import AttemptId
from alula.server import incidents
from alula.server.blob import Blobs
from alula.server.executor import AttemptSpec, AttemptUpdate, Sink
from alula.server.executors.container import measures, naming
from alula.server.executors.container.attempt import Attempt
from alula.server.executors.container.build import image_of
from alula.server.executors.container.engine import Engine, Refused
from alula.server.executors.container.folders import Folders
from alula.server.executors.container.follower import Follower
from alula.server.executors.container.images import Images
from alula.server.executors.container.machine import Machine
from alula.server.executors.container.making import Maker
from alula.server.executors.container.options import ContainerOptions
from alula.server.executors.container.raw import RawFiles
from alula.server.executors.container.refusals import refusal
from alula.server.executors.container.runtime import Runtime
from alula.server.executors.container.sockets import socket_of
from alula.server.executors.container.status import Listed
from alula.server.executors.failures import failure_of
from alula.server.executors.followed import Taken, now_us
from alula.server.executors.identity import identity_text
from alula.server.executors.lanes import Lanes
from alula.server.measures import Reading
from alula.server.staging import ATTEMPTS, Staging

NOTICE_S = 0.5
"""A wait that is over sooner is not told of: each update is an event of a log."""
RELEASED_S = 60.0
"""The time in which another platform takes over what this one has released."""


class ContainerExecutor:
    """An `Executor` on a container runtime of this machine.

    `folder` is the platform's data folder, `blobs` its objects, `variables` those by which containers reach both, and
    `environment` that of the platform, which may name the runtime's socket.
    """

    def __init__(
        self,
        folder: Path,
        options: ContainerOptions,
        blobs: Blobs,
        *,
        variables: Mapping[str, str] | None = None,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self._options = options
        self._blobs = blobs
        self._variables = dict(variables or {})
        self._environment = environment
        self._folders = Folders(folder / "containers", blobs.uri())
        self._staging = Staging.of(blobs.uri(), str(folder / ATTEMPTS))
        self._machine = Machine(options)
        self._followed: dict[AttemptId, Attempt] = {}
        self._sweeps: list[set[AttemptId]] = []
        """The attempts that each sweep under way leaves alone."""
        self._owner = ""
        self._beside: set[asyncio.Task[None]] = set()
        self._timers: set[asyncio.TimerHandle] = set()

    # The contract

    @property
    def names_jobs(self) -> bool:
        return False

    async def start(self, sink: Sink) -> None:
        """Begin. Raises `FailedPrecondition` if no container runtime is here. One that does not answer is waited
        for."""
        self._sink = sink
        self._loop = asyncio.get_running_loop()
        engine = Engine(socket_of(self._options.socket, self._environment))
        self._runtime = Runtime(engine)
        self._images = Images(engine, self._options.image_pull_policy)
        raw = RawFiles(self._folders, self._blobs, limit_bytes=self._options.result_limit_bytes)
        self._maker = Maker(
            self._runtime, self._options, self._blobs, self._folders, raw, self._machine, self._variables
        )
        self._follower = Follower(self._runtime, self._images, raw, self._options, self._blobs, self._staging)
        self._lanes = Lanes[str]()

    async def stop(self) -> None:
        for timer in self._timers:
            timer.cancel()
        tasks = [*self._beside, *(each.task for each in self._followed.values() if each.task is not None)]
        for task in self._beside:
            task.cancel()
        for attempt in self._followed.values():
            attempt.let_go()
        self._followed.clear()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._images.stop()
        await self._lanes.close()

    def submit(self, spec: AttemptSpec) -> None:
        attempt = self._followed.get(spec.id)
        if attempt is None:
            attempt = self._followed[spec.id] = Attempt(spec, self._sink)
            attempt.task = self._loop.create_task(self._run(attempt), name=f"container {attempt.key}")
        elif attempt.end is not None:
            self._loop.call_soon(attempt.tell_end_again)

    def cancel(
        self, attempt: AttemptId, *, incarnation: str = "", claim: int = 0, executor: str = "", handle: bytes = b""
    ) -> None:
        known = self._followed.get(attempt)
        if known is not None:
            incarnation = known.spec.incarnation
            self._leave(attempt)
        elif not incarnation:
            self._spawn(self._sweep(set(), only={attempt}))
        key, identity = naming.key_of(attempt, incarnation), identity_text(attempt, incarnation)
        self._lanes.add(key, lambda: self._remove(key, identity, claim=claim))

    async def end_job(self, attempt: AttemptId, *, incarnation: str, executor: str, handle: bytes) -> None:
        """Nothing: it gives no handles."""

    def release(self, attempts: Collection[AttemptId]) -> None:
        for attempt in attempts:
            self._leave(attempt)
            for spared in self._sweeps:
                spared.add(attempt)
        released = frozenset(attempts)
        if released:
            self._later(RELEASED_S, lambda: self._spawn(self._sweep(set(), only=released)))

    def acknowledge(self, attempts: Collection[AttemptId]) -> None:
        for id in attempts:
            attempt = self._followed.get(id)
            if attempt is not None and attempt.end is not None:
                self.cancel(id)

    def usage(self, attempt: AttemptId) -> Usage | None:
        known = self._followed.get(attempt)
        return known.meter.so_far if known is not None and known.end is None else None

    async def reconcile(
        self, expected: Collection[AttemptSpec], *, owner: str, spared: Collection[AttemptId] = ()
    ) -> None:
        self._owner = naming.owner_text(owner)
        wanted = {*spared, *(spec.id for spec in expected)}
        for id in [each for each in self._followed if each not in wanted]:
            self.cancel(id, claim=self._followed[id].spec.claim)
        for spec in expected:
            self.submit(spec)
        self._spawn(self._sweep(wanted))

    def measure(self) -> Iterable[Reading]:
        """Figures of its attempts."""
        return measures.read(self._followed.values())

    # Following

    def _leave(self, id: AttemptId) -> None:
        """Follow an attempt no longer."""
        attempt = self._followed.pop(id, None)
        if attempt is not None:
            attempt.let_go()

    # What becomes of an attempt

    async def _run(self, attempt: Attempt) -> None:
        try:
            end = await self._lived(attempt)
        except Taken as taken:
            end = None
            self._leave(attempt.spec.id)
            attempt.tell_taken(taken.claim)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with an attempt is its failure
            failure = refusal(error) if isinstance(error, Refused) else failure_of(error, attempt.spec.id)
            end = AttemptUpdate(attempt.spec.id, now_us(), "FAILED", error=failure)
        finally:
            self._machine.give_back(attempt)
        if end is not None:
            attempt.tell_end(end)

    async def _lived(self, attempt: Attempt) -> AttemptUpdate | None:
        """The end of an attempt, after all that comes before it; None if it was let go of."""
        troubled = partial(attempt.tell_waits, "QUEUED")
        found = await self._lanes.ask(attempt.key, lambda: self._maker.adopt(attempt, self._owner, troubled=troubled))
        if found is not None:
            self._machine.take(attempt, found.gpus)
        else:
            image = image_of(attempt.spec, self._options)
            await self._admitted(attempt)
            provide = partial(self._images.provide, image, partial(attempt.tell_waits, "INITIALIZING"))
            await self._runtime.patiently(provide, troubled=troubled)
            found = await self._lanes.ask(attempt.key, lambda: self._maker.make(attempt, self._owner))
        if found is None:
            return None
        start = partial(self._lanes.ask, attempt.key, partial(self._maker.start, attempt, found))
        return await self._follower.end_of(attempt, start, tell=attempt.tell_run)

    async def _admitted(self, attempt: Attempt) -> None:
        self._machine.ask(attempt, at=self._loop.time())
        try:
            async with asyncio.timeout(NOTICE_S):
                await attempt.admitted.wait()
        except TimeoutError:
            attempt.tell_waits("WAITING_FOR_RESOURCES", self._machine.reason(attempt))
            await attempt.admitted.wait()

    # Letting go

    async def _remove(self, key: str, identity: str, *, claim: int = 0) -> None:
        """Remove the container of an attempt, unless it has a greater claim than this, and its folder."""
        patiently = self._runtime.patiently
        found = await patiently(lambda: self._runtime.find(key, identity))
        if found is not None and claim and found.holder.claim > claim:
            return
        if found is not None:
            await patiently(lambda: self._runtime.remove(found, grace_s=self._options.kill_grace_s))
        await self._remove_folder(key)

    async def _remove_folder(self, key: str) -> None:
        await asyncio.to_thread(self._folders.remove, key)

    async def _sweep(self, spared: set[AttemptId], *, only: Collection[AttemptId] | None = None) -> None:
        """Remove what belongs to this platform, and is neither followed nor let go of meanwhile; `only` some attempts,
        whatever their incarnations."""

        def is_meant(found: Listed) -> bool:
            identity = found.identity
            if identity is None or found.holder.owner != self._owner:
                return False
            return identity.id not in self._followed and identity.id not in spared and (not only or identity.id in only)

        async def remove(key: str, id: str) -> None:
            now = await self._runtime.patiently(lambda: self._runtime.list(f"{naming.KEY}={key}"))
            for each in now:
                if each.id == id and is_meant(each):
                    await self._remove(key, each.attempt)

        self._sweeps.append(spared)
        try:
            folders = await asyncio.to_thread(self._folders.keys) if only is None else []
            listed = await self._runtime.patiently(lambda: self._runtime.list(naming.KEY))
            meant = filter(is_meant, listed)
            await asyncio.gather(*(self._lanes.ask(each.key, partial(remove, each.key, each.id)) for each in meant))
            known = {each.key for each in listed} | {each.key for each in self._followed.values()}
            for key in (each for each in folders if each not in known):
                self._lanes.add(key, partial(self._remove_folder, key))
        finally:
            self._sweeps = [each for each in self._sweeps if each is not spared]

    # Work beside

    def _later(self, seconds: float, work: Callable[[], None]) -> None:
        def do() -> None:
            self._timers.discard(timer)
            work()

        timer = self._loop.call_later(seconds, do)
        self._timers.add(timer)

    def _spawn(self, work: Coroutine[object, object, None]) -> None:
        task = self._loop.create_task(work)
        self._beside.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._beside.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            incidents.report(error, "while containers of this platform were looked for")
