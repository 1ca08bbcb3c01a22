"""A simulated world of schedules: schedulers on one store, runs that take their time, people who pause, and faults.

    python -m tests.simulation.schedules [SEEDS [FROM]] [--failures N]

It has no runners: runs end by themselves, or soon after their abort. So a world is small, and much happens to each
schedule. The store may do late what it was asked for, when its caller is long gone.

* I19: each slot of a schedule starts one run, is told as skipped, or waits, and none does two of these. The slots are
  worked out here a second time.
* I20: no more runs of a plan are open than may be.
* I18: nothing is done under a lease that another has been given since.
"""

from __future__ import annotations

import argparse
import asyncio
import contextvars
import dataclasses
import logging
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any, TypeVar

from flyteidl.admin import execution_pb2, launch_plan_pb2, schedule_pb2
from tests import flyte_specs as specs
from tests.objects.memory import MemoryBlobs
from tests.simulation import virtual_time
from tests.simulation.duties import Fenced, WatchedLeases
from tests.simulation.faults import Faults, draw
from tests.simulation.host import OWNER, Life, Port, task_factory
from tests.simulation.outage import Outage

from alula.core.engine.records import ExecutionPhase
from alula.core.errors import AlulaError, Unavailable
from alula.core.ids import EntityId
from alula.core.policy.schedule_rules import AT_LIMIT, CATCH_UP, ENDS, JITTER
from alula.server.access import EverybodyMay
from alula.server.identity import Caller
from alula.server.leadership import Duty, Leadership
from alula.server.logs.objects import ObjectLogs
from alula.server.runner.lease import LEASE_US
from alula.server.scheduler.scheduler import Scheduler
from alula.server.services.activation import update_launch_plan
from alula.server.services.platform import Platform
from alula.server.services.register import Registrant, create_launch_plan, create_task, create_workflow
from alula.server.services.schedules import pause_schedule, resume_schedule
from alula.server.services.watch import Hub
from alula.server.store.audits import Audit
from alula.server.store.leases import Lease
from alula.server.store.schedule_records import ScheduleRecord
from alula.server.store.schedules import Followed, Launch
from alula.server.stores.memory.adapter import MemoryStore
from alula.server.stores.memory.runs import Run

T = TypeVar("T")

MINUTE_US = 60_000_000
EPOCH_US = 28_333_333 * MINUTE_US
ADA = Caller("ada")
CATCH_UP_MAX = 4
SETTLE_S = 1800.0
"""After the last slot: a clock may have been off by as much as this when something was put off."""
LATE_S = 3 * LEASE_US / 1_000_000


@dataclass
class Plan:
    """A launch plan, with what is known of its schedule here."""

    id: EntityId
    every_us: int
    is_rate: bool
    ends_at: int
    open_max: int
    since: int = 0
    forgone: set[int] = dataclasses.field(default_factory=set[int])
    """Slots of pauses."""

    def slots(self, after: int, until: int) -> set[int]:
        """Those after one time and up to another, by counting."""
        first = self.since if self.is_rate else 0
        begin = first + ((after - first) // self.every_us + 1) * self.every_us
        return set(range(begin, min(until, self.ends_at) + 1, self.every_us))


async def outliving(arrives: Coroutine[Any, Any, T]) -> T:
    """In a context of nobody's: what is under way outlives the process that has asked for it."""
    under_way = asyncio.create_task(arrives, context=contextvars.Context())
    under_way.add_done_callback(lambda done: done.cancelled() or done.exception())  # which nobody may wait for
    return await asyncio.shield(under_way)


class Schedules:
    """The schedules of the store. Each step is checked, and may come late."""

    def __init__(self, world: SchedulesWorld) -> None:
        self._world = world
        self._fenced = Fenced(world.raw.schedules, world.leases)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._fenced, name)

    async def follow(
        self, lease: Lease, before: ScheduleRecord, after: ScheduleRecord, *, launch: Launch | None = None, **more: Any
    ) -> Followed:
        world = self._world

        async def arrive() -> Followed:
            await world.perhaps_late()
            plan = world.plans[before.plan.name]
            open_runs = world.open_runs(plan)
            outcome: Followed = await self._fenced.follow(lease, before, after, launch=launch, **more)
            if launch is not None and outcome is Followed.DONE and plan.open_max and open_runs >= plan.open_max:
                world.violated(f"I20: {launch.execution.id} starts while {open_runs} runs of {plan.id.name} are open")
            return outcome

        return await outliving(arrive())

    async def pause(self, before: ScheduleRecord, after: ScheduleRecord, audit: Audit) -> bool:
        is_done = await self._fenced.pause(before, after, audit)
        plan = self._world.plans[before.plan.name]
        if is_done:
            plan.forgone |= plan.slots(before.followed_until, after.followed_until)
        return is_done


class Watched:
    """The store as all reach it in the end."""

    def __init__(self, world: SchedulesWorld) -> None:
        self._raw = world.raw
        self.leases = world.leases
        self.schedules = Schedules(world)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)


class _Nothing:
    def call(self, name: str, args: Any) -> None: ...


class SchedulesWorld:
    """One world from a seed."""

    run_s = (1.0, 50.0, 400.0)
    """How long runs take."""
    breaking = _Nothing()
    """Of worlds with runners: what breaks on the way of an execution."""

    def end_refused(self, ids: Any) -> None: ...

    def __init__(self, seed: int) -> None:
        self.seed = seed
        shape = Random(f"schedules-{seed}")
        drawn = draw(shape)
        self.faults: Faults = dataclasses.replace(
            drawn,
            hosts=shape.choice((1, 2, 2)),
            until_s=shape.choice((300.0, 900.0)),
            clock_jump_s=min(drawn.clock_jump_s, 600.0),
            crash=drawn.crash / 2,
        )
        self.answer_late = shape.choice((0.0, 0.02, 0.2))
        self.random = Random(f"world-{seed}")
        self.violations: list[str] = []
        self.notes: list[str] = []
        self.raw = MemoryStore(clock=lambda: self.now_us)
        self.leases = WatchedLeases(self.raw, self.violated)
        self.store = Watched(self)
        self.blobs = MemoryBlobs()
        self.outage = Outage()
        self.plans = {plan.id.name: plan for plan in (self._plan(shape, number) for number in range(3))}
        self._shape = shape
        self._ends: dict[Any, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    # What lives and ports ask

    @property
    def now_us(self) -> int:
        return EPOCH_US + round(asyncio.get_running_loop().time() * 1_000_000)

    @property
    def faulty(self) -> bool:
        return asyncio.get_running_loop().time() < self.faults.until_s

    def hit(self, fault: str, *, times: float = 1) -> bool:
        likely = self.answer_late if fault == "answer_late" else getattr(self.faults, fault)
        return bool(likely) and self.faulty and self.random.random() < likely * times

    async def perhaps_late(self) -> None:
        if self.hit("answer_late"):
            await asyncio.sleep(self.random.uniform(0, LATE_S))

    def check(self) -> None: ...

    def note(self, text: str) -> None:
        self.notes.append(f"{asyncio.get_running_loop().time():12.3f} {text}")

    def violated(self, what: str, *_: object) -> None:
        self.note(f"VIOLATED {what}")
        self.violations.append(what)

    def open_runs(self, plan: Plan) -> int:
        return sum(
            not run.record.phase.is_terminal and run.record.launch_plan == plan.id for run in self.raw.runs.values()
        )

    # The course of things

    async def run(self) -> None:
        handler = _Errors(self)
        logger = logging.getLogger("alula")
        logger.addHandler(handler)
        propagates, logger.propagate = logger.propagate, False
        try:
            await self._register()
            hosts = [Host(self, number) for number in range(self.faults.hosts)]
            for work in (*(host.live() for host in hosts), self._runs(), self._people(), self._jump(hosts)):
                task = asyncio.create_task(work)
                self._tasks.add(task)
            await self._settle()
            for task in self._tasks:
                if task.done() and (error := task.exception()) is not None:
                    self.violated(f"the simulation itself failed: {error!r}")
            await self._check()
        finally:
            logger.removeHandler(handler)
            logger.propagate = propagates

    async def _settle(self) -> None:
        """Wait until nothing is to be expected any more."""
        last = max(plan.ends_at for plan in self.plans.values())
        await asyncio.sleep((last - EPOCH_US) / 1_000_000 + SETTLE_S)

    def duty(self, platform: Platform) -> Duty:
        """What hosts do."""
        return Scheduler(platform, catch_up_max=CATCH_UP_MAX)

    def _plan(self, shape: Random, number: int) -> Plan:
        every = shape.choice((1, 1, 2, 5)) * MINUTE_US
        ends_at = EPOCH_US + round(self.faults.until_s * shape.uniform(0.5, 1.5)) * 1_000_000
        return Plan(
            EntityId(specs.PROJECT, specs.DOMAIN, f"plan{number}", "v1"),
            every,
            is_rate=shape.random() < 0.4,
            ends_at=max(ends_at, EPOCH_US + 2 * every),
            open_max=shape.choice((0, 0, 1, 2)),
        )

    async def _register(self) -> None:
        platform = self.platform(self.raw, lambda: self.now_us)
        await self.raw.start()
        await create_task(platform, ADA, specs.task("t"), Registrant())
        await create_workflow(platform, ADA, specs.workflow("w", "t"))
        for plan in self.plans.values():
            request = self._launch_plan(plan)
            await create_launch_plan(platform, ADA, request)
            plan.since = self.now_us
            update = launch_plan_pb2.LaunchPlanUpdateRequest(id=request.id, state=launch_plan_pb2.ACTIVE)
            await update_launch_plan(platform, ADA, update)

    def _launch_plan(self, plan: Plan) -> launch_plan_pb2.LaunchPlanCreateRequest:
        shape = self._shape
        request = specs.launch_plan(plan.id.name, "w", fixed=specs.literal_map(x=specs.integer(1)))
        minutes, schedule = plan.every_us // MINUTE_US, request.spec.entity_metadata.schedule
        if plan.is_rate:
            schedule.rate.CopyFrom(schedule_pb2.FixedRate(value=minutes, unit=schedule_pb2.MINUTE))
        else:
            schedule.cron_schedule.schedule = f"*/{minutes} * * * *"
        request.spec.concurrency_policy.max = plan.open_max
        annotations = request.spec.annotations.values
        annotations[AT_LIMIT] = shape.choice(("skip", "queue", "replace"))
        annotations[CATCH_UP] = shape.choice(("all", "all", "last", "none"))
        if shape.random() < 0.4:
            annotations[JITTER] = f"PT{shape.choice((20, 200))}S"
        annotations[ENDS] = datetime.fromtimestamp(plan.ends_at // 1_000_000, UTC).isoformat()
        return request

    def platform(self, store: Any, clock: Any) -> Platform:
        return Platform(
            store=store,
            blobs=self.blobs,
            logs=ObjectLogs(self.blobs),
            access=EverybodyMay(),
            hub=Hub(),
            clock=clock,
            random_bytes=Random(f"names-{self.seed}").randbytes,
        )

    async def _runs(self) -> None:
        """Runs end in their time, and soon after their abort."""
        while True:
            await asyncio.sleep(5.0)
            now_s = asyncio.get_running_loop().time()
            for id, run in self.raw.runs.items():
                if run.record.phase.is_terminal:
                    continue
                until_s = self._ends.setdefault(id, now_s + self.random.choice(self.run_s))
                if run.inbox:
                    until_s = self._ends[id] = min(until_s, now_s + 5.0)
                if now_s >= until_s:
                    run.record.phase = self._end_of(run)

    def _end_of(self, run: Run) -> ExecutionPhase:
        return ExecutionPhase.SUCCEEDED

    async def _people(self) -> None:
        """Somebody pauses a schedule and resumes it."""
        platform = self.platform(self.store, lambda: self.now_us)
        while self.faulty:
            await asyncio.sleep(self.random.uniform(30, 900))
            plan = self.random.choice(list(self.plans.values()))
            for change in (pause_schedule, resume_schedule):
                try:
                    record = await change(platform, ADA, *plan.id[:3])
                    self.note(f"{change.__name__} {record}")
                except Unavailable:
                    continue
                await asyncio.sleep(self.random.uniform(0, 300))
            await resume_schedule(platform, ADA, *plan.id[:3])

    async def _jump(self, hosts: list[Host]) -> None:
        while self.faulty and self.faults.clock_jump_s:
            await asyncio.sleep(self.random.uniform(5, 300))
            host, far_s = self.random.choice(hosts), self.faults.clock_jump_s
            host.skew_us = round(self.random.uniform(-far_s, far_s) * 1_000_000)
            self.note(f"the clock of {host.name} jumps to {host.skew_us / 1e6:+.1f} s")
        for host in hosts:
            host.skew_us = 0

    async def _check(self) -> None:
        """I19."""
        started: dict[str, list[int]] = defaultdict(list)
        for run in self.raw.runs.values():
            spec = execution_pb2.ExecutionSpec.FromString(run.record.spec)
            started[run.record.launch_plan.name].append(spec.metadata.scheduled_at.ToMicroseconds())
        for plan in self.plans.values():
            record = await self.raw.schedules.of(*plan.id[:3])
            assert record is not None
            slots = plan.slots(plan.since, plan.ends_at) - plan.forgone
            dealt_with = [*started[plan.id.name], *record.waiting]
            if len(dealt_with) != len(set(dealt_with)):
                self.violated(f"I19: a slot of {plan} was dealt with twice: {sorted(dealt_with)}")
            if extra := set(dealt_with) - slots:
                self.violated(f"I19: {plan} has no slots {sorted(extra)}")
            if len(dealt_with) + record.missed != len(slots):
                self.violated(
                    f"I19: {plan} has {len(slots)} slots; {len(dealt_with)} were started or wait, and {record.missed} "
                    f"were skipped: {record}"
                )
            if record.waiting and not self.open_runs(plan):
                self.violated(f"I19: {plan} has no open run, and {record.waiting} wait")


class Host:
    """A machine on which a scheduler lives, dies and lives again."""

    def __init__(self, world: SchedulesWorld, number: int) -> None:
        self.world: Any = world
        self.name = f"host{number}"
        self.skew_us = 0

    def clock(self) -> int:
        return self.world.now_us + self.skew_us

    async def live(self) -> None:
        for number in range(1_000_000):
            life = Life(self, number)  # type: ignore[arg-type]
            context = contextvars.copy_context()
            context.run(OWNER.set, life)
            work = asyncio.create_task(self._serve(life), context=context)
            await asyncio.wait((work, life.died), return_when=asyncio.FIRST_COMPLETED)
            if work.done() and life.alive and (error := work.exception()) is not None:
                self.world.violated(f"the scheduler ended: {error!r}")
            life.die()
            for task in life.tasks:
                task.cancel()
            await asyncio.gather(*life.tasks, return_exceptions=True)
            await asyncio.sleep(self.world.random.uniform(0, self.world.faults.down_s))

    async def _serve(self, life: Life) -> None:
        store: Any = Port(self.world.store, life.reach, self.world, "store")
        platform = self.world.platform(store, self.clock)
        duty = self.world.duty(platform)
        leadership = Leadership(store.leases, life.name, "duty", duty, lease_us=LEASE_US)
        leadership.start()
        await leadership.wait()


class _Errors(logging.Handler):
    """What the platform logs as an error is a fault of its own, not of the world's."""

    def __init__(self, world: SchedulesWorld) -> None:
        super().__init__(logging.ERROR)
        self._world = world

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if not isinstance(error, AlulaError):
            self._world.violated(f"logged: {record.getMessage()} {error!r}")


def simulate(seed: int, world: Callable[[int], SchedulesWorld] = SchedulesWorld) -> SchedulesWorld:
    """One world from its beginning to its end. The same seed gives the same world."""
    made: list[SchedulesWorld] = []

    async def live() -> None:
        asyncio.get_running_loop().set_task_factory(task_factory)
        made.append(world(seed))
        await made[0].run()

    virtual_time.run(live())
    return made[0]


def main(world: Callable[[int], SchedulesWorld] = SchedulesWorld) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("seeds", type=int, nargs="?", default=500)
    parser.add_argument("first", type=int, nargs="?", default=0)
    parser.add_argument("--failures", type=int, default=sys.maxsize, help="stop after so many")
    options = parser.parse_args()
    count, first = options.seeds, options.first
    began, failed, runs = time.monotonic(), 0, 0
    for seed in range(first, first + count):
        if failed >= options.failures:
            break
        lived = simulate(seed, world)
        runs += len(lived.raw.runs)
        if lived.violations:
            failed += 1
            print(f"seed {seed}: {lived.faults}", *lived.violations, sep="\n  ", flush=True)
            if count == 1:
                print("\n".join(lived.notes[-200:]))
    print(f"{count} seeds, {runs} runs, {failed} failed, {time.monotonic() - began:.1f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
