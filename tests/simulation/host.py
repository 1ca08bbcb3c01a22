"""A machine on which a runner lives, and all through which it touches the world: that is where faults strike.

Each life of a runner is one `Life`. When it ends by a crash its tasks are cancelled and its ports are dead: whatever
its code still does reaches nothing.
"""

from __future__ import annotations

import asyncio
import contextvars
import functools
from collections.abc import Awaitable, Callable, Collection, Coroutine, Generator, Sequence
from random import Random
from typing import TYPE_CHECKING, Any, TypeVar

from tests.attempts.cluster import ClusterExecutor
from tests.concerns import CONCERNS
from tests.simulation.duties import Apart, begin_duties
from tests.simulation.executor import FarAway, Machine, NearBy

from alula.core.engine.usage import Usage
from alula.core.errors import ResourceExhausted, Unavailable
from alula.core.ids import AttemptId, ExecutionId
from alula.server.access import EverybodyMay
from alula.server.executor import AttemptSpec, Sink
from alula.server.logs.objects import ObjectLogs
from alula.server.runner.children import Children
from alula.server.runner.lease import LEASE_US
from alula.server.runner.runner import Runner
from alula.server.services.platform import Platform
from alula.server.services.watch import Hub
from alula.server.store.log import Commit

if TYPE_CHECKING:
    from tests.simulation.world import World

T = TypeVar("T")

ENDS_FAIL = 5
"""How many times as often a commit fails in which an execution ends: there is most to get wrong."""
STALL_S = 60.0
PAUSE_S = LEASE_US / 1_000_000 * 1.5
OWNER: contextvars.ContextVar[Life | None] = contextvars.ContextVar("OWNER", default=None)
"""Whose tasks are being made."""


def task_factory(
    loop: asyncio.AbstractEventLoop,
    work: Coroutine[Any, Any, T] | Generator[Any, None, T],
    *,
    context: contextvars.Context | None = None,
) -> asyncio.Task[T]:
    """Makes tasks, and notes for each life of a runner which are its own: they die with it."""
    task = asyncio.Task(work, loop=loop, context=context)
    life = OWNER.get() if context is None else context.get(OWNER)
    if life is not None:
        life.tasks.append(task)
    return task


class Life:
    """One life of a runner, from its start to its crash."""

    def __init__(self, host: Host, number: int) -> None:
        self.host = host
        self.name = f"{host.name}-{number}"
        self.alive = True
        self.tasks: list[asyncio.Task[Any]] = []
        self.died: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.executor: ClusterExecutor | None = None
        self.released: set[AttemptId] = set()
        """Attempts that another runner may have gone on with."""
        self.resume_at = 0.0
        """Until this time the process stands still."""

    def die(self) -> None:
        self.alive = False
        if not self.died.done():
            self.died.set_result(None)

    async def reach(self, what: str) -> None:
        """An effect is about to be done, or was: this is where the process may die or stand still."""
        world = self.host.world
        self.strike(what)
        await self.goes_on()
        world.check()

    async def goes_on(self) -> None:
        """Wait while the process stands still, and for ever when it is dead."""
        loop = asyncio.get_running_loop()
        while self.alive and loop.time() < self.resume_at:
            await asyncio.sleep(self.resume_at - loop.time())
        if not self.alive:
            await asyncio.Event().wait()  # for ever: until the task is cancelled

    def strike(self, what: str) -> None:
        """Perhaps die or be stopped, here and now."""
        world = self.host.world
        if not self.alive or not world.faulty:
            return
        if world.hit("crash"):
            world.note(f"{self.name} dies at {what}")
            self.die()
        elif world.hit("pause"):
            self.stand_still(what)

    def stand_still(self, what: str) -> None:
        """Stop for longer than a lease: what was sent before arrives all the same."""
        self.host.world.note(f"{self.name} stands still at {what}")
        self.resume_at = asyncio.get_running_loop().time() + PAUSE_S


class Port:
    """Store or blobs as a process reaches them: late, and not always."""

    def __init__(
        self,
        target: Any,
        reach: Callable[[str], Awaitable[None]] | None,
        world: World | Apart,
        kind: str,
        *,
        concern: str = "",
    ) -> None:
        self._target = target
        self._reach = reach
        self._world = world
        self._kind = kind
        self._concern = concern

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._target, name)
        if name in CONCERNS:
            concern = Port(method, self._reach, self._world, self._kind, concern=f"{name}.")
            setattr(self, name, concern)
            return concern
        if not asyncio.iscoroutinefunction(method):
            return method
        call = functools.partial(self._call, self._concern + name, method)
        setattr(self, name, call)  # found at once from now on
        return call

    async def _call(self, name: str, method: Callable[..., Awaitable[Any]], *args: Any, **named: Any) -> Any:
        world, what = self._world, f"{self._kind}.{name}"
        if not world.faulty:  # most of the time is spent so, waiting for what has a limit
            await asyncio.sleep(0)
            if self._reach is not None:
                await self._reach(what)
            return await method(*args, **named)
        await self._pass(f"before {what}")
        ends = _ends_in(args[0]) if name == "log.commit" else []
        times = ENDS_FAIL if ends else 1
        if self._kind == "store" and world.outage.is_on(world):
            raise Unavailable("StoreUnreachable", "nobody answers")
        if world.hit(f"{self._kind}_refuses" if self._kind == "store" else "blob_fails", times=times):
            world.note(f"{what} refuses")
            world.end_refused(ends)
            raise self._error()
        if self._kind == "blob":
            if world.hit("object_stalls"):
                await asyncio.sleep(world.random.uniform(0, STALL_S))
            if world.object_fails(args[0]):
                world.note(f"{what} fails for {args[0]}")
                raise self._error()
        if self._reach is not None:
            world.breaking.call(name, args)
        result = await method(*args, **named)
        await self._pass(f"after {what}")
        if self._kind == "store" and world.hit("store_unknown", times=times):
            world.note(f"{what} was done, and fails")
            raise Unavailable("StoreUnreachable", "the connection broke")
        return result

    async def _pass(self, what: str) -> None:
        await asyncio.sleep(self._world.random.uniform(0, self._world.faults.latency_s))
        if self._reach is not None:
            await self._reach(what)

    def _error(self) -> Exception:
        if self._world.random.random() < 0.3:
            if self._kind == "store":
                return ResourceExhausted("StoreDiskFull", "there is no room")
            return ResourceExhausted("DiskFull", "there is no room")
        return Unavailable("StoreUnreachable", "nobody answers")


def _ends_in(commits: Sequence[Commit]) -> list[ExecutionId]:
    """The executions that come to their end."""
    return [one.execution for one in commits if (of := one.changes.execution) is not None and of.phase.is_terminal]


class ExecutorPort:
    """The host's executor as one life of its runner has it."""

    def __init__(self, life: Life) -> None:
        self._life = life
        shared = life.host.world.faults.shared
        self._executor = ClusterExecutor(life.host.cluster, FarAway(life) if shared else NearBy(life))

    async def start(self, sink: Sink) -> None:
        context = contextvars.copy_context()
        await self._executor.start(lambda update: context.copy().run(sink, update))
        self._life.executor = self._executor

    async def stop(self) -> None:
        await self._executor.stop()

    def submit(self, spec: AttemptSpec) -> None:
        self._life.strike(f"before submit {spec.id}")
        if self._life.alive:
            self._life.host.world.breaking.pass_by("submit", [spec.id.execution])
            self._executor.submit(spec)
            self._life.strike(f"after submit {spec.id}")

    def cancel(
        self, attempt: AttemptId, *, incarnation: str = "", claim: int = 0, executor: str = "", handle: bytes = b""
    ) -> None:
        self._life.strike(f"before cancel {attempt}")
        if self._life.alive:
            world = self._life.host.world
            if not world.must_not_run(attempt):
                world.violated(f"I15: {attempt} was cancelled by {self._life.name}, and its log lets it run")
            self._executor.cancel(attempt, incarnation=incarnation, claim=claim, executor=executor, handle=handle)

    @property
    def names_jobs(self) -> bool:
        return self._executor.names_jobs

    async def end_job(self, attempt: AttemptId, *, incarnation: str, executor: str, handle: bytes) -> None:
        await self._life.reach(f"before end of the job of {attempt}")
        world = self._life.host.world
        if not world.must_not_run(attempt):
            world.violated(f"I15: the job of {attempt} was ended by {self._life.name}, and its log lets it run")
        await self._executor.end_job(attempt, incarnation=incarnation, executor=executor, handle=handle)

    def release(self, attempts: Collection[AttemptId]) -> None:
        for attempt in attempts:
            self._life.strike(f"before release {attempt}")
            if self._life.alive:
                self._life.released.add(attempt)
                self._executor.release([attempt])

    def acknowledge(self, attempts: Collection[AttemptId]) -> None:
        for attempt in attempts:
            self._life.strike(f"before acknowledge {attempt}")
            if self._life.alive:
                world = self._life.host.world
                if not world.is_known_to_have_ended(attempt):
                    world.violated(f"I5: the end of {attempt} was acknowledged and is not durable")
                self._executor.acknowledge([attempt])

    def usage(self, attempt: AttemptId) -> Usage | None:
        return self._executor.usage(attempt)

    async def reconcile(
        self, expected: Collection[AttemptSpec], *, owner: str, spared: Collection[AttemptId] = ()
    ) -> None:
        assert owner == self._life.host.name
        self._life.strike("before reconcile")
        if not self._life.alive:
            await asyncio.Event().wait()  # for ever: until the task is cancelled
        self._life.host.world.breaking.pass_by("reconcile", [spec.id.execution for spec in expected])
        await self._executor.reconcile(expected, owner=owner, spared=spared)
        await self._life.reach("after reconcile")


class Host:
    """Starts its runner again and again, for as long as the world lasts."""

    def __init__(self, world: World, number: int) -> None:
        self.world = world
        self.name = f"host{number}"
        self.random = Random(f"{world.seed}-{number}")
        self.skew_us = 0
        self.machine = Machine(world, None if world.faults.shared else self)
        self.cluster = world.cluster if world.cluster is not None else self.machine.cluster()
        self.life: Life | None = None
        self.runner: Runner | None = None
        self.restarts = 0

    def clock(self) -> int:
        return self.world.now_us + self.skew_us

    async def live(self) -> None:
        while True:
            self.life = life = Life(self, self.restarts)
            self.restarts += 1
            if self.world.faults.hosts == 1:
                self.skew_us = 0  # a machine that starts sets its clock
            context = contextvars.copy_context()
            context.run(OWNER.set, life)
            work = asyncio.create_task(self._serve(life), name=life.name, context=context)
            await asyncio.wait((work, life.died), return_when=asyncio.FIRST_COMPLETED)
            if work.done() and life.alive and (error := work.exception()) is not None:
                self.world.violated("the runner ended", error)
            life.die()
            if life.executor is not None:
                await life.executor.stop()
            if not self.world.faults.shared:
                self.machine.host_died(self.cluster)
            for task in life.tasks:
                task.cancel()
            await asyncio.gather(*life.tasks, return_exceptions=True)
            await asyncio.sleep(self.world.random.uniform(0, self.world.faults.down_s))

    async def _serve(self, life: Life) -> None:
        world = self.world
        world.started_s = asyncio.get_running_loop().time()
        store = Port(world.store, life.reach, world, "store")
        blobs = Port(world.blobs, life.reach, world, "blob")
        platform = Platform(
            store=store,  # type: ignore[arg-type]
            blobs=blobs,  # type: ignore[arg-type]
            logs=ObjectLogs(blobs),  # type: ignore[arg-type]
            access=EverybodyMay(),
            hub=Hub(),
            clock=self.clock,
            random_bytes=self.random.randbytes,
            domains=("d",),
            max_parallelism=world.max_parallelism,
            inline_max_bytes=world.inline_max_bytes,
        )

        runner = Runner(
            store=store,  # type: ignore[arg-type]
            executor=ExecutorPort(life),
            blobs=blobs,  # type: ignore[arg-type]
            children=Children(platform),
            clock=self.clock,
            runner_id=life.name,
            platform_id=self.name,
        )
        try:
            if world.faults.hosts == 1:
                await store.ownership.release()
            await runner.start()
            apart = Apart(world, f"duties-{life.name}")
            await begin_duties(life, Port(world.store, lambda _what: life.goes_on(), apart, "store"), apart)
        except (Unavailable, ResourceExhausted) as error:
            world.note(f"{life.name} can't start: {error}")
            return
        self.runner = runner
        world.note(f"{life.name} runs")
        await runner.wait()
