"""A simulated world of backfills: processes on one store, runs that fail, people who change their minds, and faults.

    python -m tests.simulation.backfills [SEEDS [FROM]] [--failures N]

It is the world of `schedules`, with another duty. People start backfills whose ranges overlap.

* I21: each slot of a backfill starts one run at most, and one if the backfill has succeeded. The slots are counted here
  a second time.
* I22: no more runs of a backfill are open than it may have, and of a launch plan as it may have.
* I23: nothing starts while a backfill is paused, or after it was cancelled.
* I18: nothing is done under a lease that another has been given since.
"""

from __future__ import annotations

import asyncio
import sys
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

from tests.simulation.duties import Fenced
from tests.simulation.schedules import ADA, EPOCH_US, Plan, SchedulesWorld, main, outliving

from alula.core.engine.records import ExecutionPhase
from alula.core.errors import FailedPrecondition, InvalidInput
from alula.core.ids import ExecutionId
from alula.core.policy.backfilling import BackfillState, Rules, SlotState, count
from alula.server.leadership import Duty
from alula.server.scheduler.backfills import Backfills
from alula.server.services.backfill_plan import Asked
from alula.server.services.backfills import cancel_backfill, pause_backfill, resume_backfill, start_backfill
from alula.server.services.platform import Platform
from alula.server.store.backfill_records import BackfillRecord
from alula.server.store.backfills import BackfillStep
from alula.server.store.leases import Lease
from alula.server.store.query import Query
from alula.server.store.schedules import Followed, Launch
from alula.server.stores.memory.runs import Run

ALL = Query(limit=1_000, sort_by="at")
SETTLE_S = 7200.0
"""How long backfills may go on when no fault comes any more."""


class Steps:
    """The backfills of the store. Each step is checked, and may come late."""

    def __init__(self, world: BackfillsWorld) -> None:
        self._world = world
        self._fenced = Fenced(world.raw.backfills, world.leases)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._fenced, name)

    async def follow(self, lease: Lease, step: BackfillStep, *, launch: Launch | None = None) -> Followed:
        world = self._world

        async def arrive() -> Followed:
            await world.perhaps_late()
            plan, open_of_plan = world.plans[step.before.plan.name], world.open_runs_of(step.before)
            open_runs = [run for run in world.launched[step.before.id].values() if run in open_of_plan]
            outcome: Followed = await self._fenced.follow(lease, step, launch=launch)
            if launch is None or outcome is not Followed.DONE:
                return outcome
            id, (slot,) = step.before.id, step.slots
            if slot.at in world.launched[id]:
                world.violated(f"I21: slot {slot.at} of {id} starts {slot.run} after {world.launched[id][slot.at]}")
            world.launched[id][slot.at] = launch.execution.id
            if len(open_runs) >= step.before.rules.at_once:
                world.violated(f"I22: {slot.run} starts while {len(open_runs)} of {id} are open")
            if plan.open_max and len(open_of_plan) >= plan.open_max:
                world.violated(f"I22: {slot.run} starts while {len(open_of_plan)} of {plan.id.name} are open")
            if id in world.held:
                world.violated(f"I23: {slot.run} starts while {id} is paused or cancelled")
            return outcome

        return await outliving(arrive())


class Watched:
    """The store as all reach it in the end."""

    def __init__(self, world: BackfillsWorld) -> None:
        self._raw = world.raw
        self.leases = world.leases
        self.backfills = Steps(world)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)


class BackfillsWorld(SchedulesWorld):
    run_s = (1.0, 20.0, 90.0)

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.launched: defaultdict[ExecutionId, dict[int, ExecutionId]] = defaultdict(dict)
        """The runs that each backfill has started, by slot."""
        self.held: set[ExecutionId] = set()
        """Backfills that are paused or cancelled, as far as people were told."""
        self._slots: dict[ExecutionId, set[int]] = {}
        self._before: dict[ExecutionId, frozenset[ExecutionId]] = {}
        """The runs that were there when a backfill was started."""
        self._wanted: dict[ExecutionId, set[int]] = {}
        """The slots that it was to run then."""
        self._fail = self.random.choice((0.0, 0.05, 0.3))
        self.store = Watched(self)

    def duty(self, platform: Platform) -> Duty:
        return Backfills(platform)

    def open_runs_of(self, record: BackfillRecord) -> set[ExecutionId]:
        return {
            id
            for id, run in self.raw.runs.items()
            if not run.record.phase.is_terminal and run.record.launch_plan == record.plan
        }

    def _end_of(self, run: Run) -> ExecutionPhase:
        if run.inbox:
            return ExecutionPhase.ABORTED
        return ExecutionPhase.FAILED if self.random.random() < self._fail else ExecutionPhase.SUCCEEDED

    async def _people(self) -> None:
        platform = self.platform(self.store, lambda: self.now_us)
        while True:
            await asyncio.sleep(self.random.uniform(1, 60))
            if self.faulty and len(self._slots) < 6:
                await self._start(platform)
            elif self._slots and (self.faulty or self.held):
                await self._change_their_minds(platform)

    async def _start(self, platform: Platform) -> None:
        plan: Plan = self.random.choice(list(self.plans.values()))
        every_s = plan.every_us // 1_000_000
        first = (EPOCH_US // plan.every_us - self.random.randint(1, 9)) * every_s
        until = min(first + self.random.randint(1, 7) * every_s, EPOCH_US // 1_000_000)
        rules = Rules(
            at_once=self.random.choice((1, 2, 4)),
            newest_first=self.random.random() < 0.5,
            reprocess=self.random.choice(("none", "failed", "all")),
            stops=self.random.random() < 0.4,
        )
        asked = Asked(
            plan.id.name, datetime.fromtimestamp(first, UTC), datetime.fromtimestamp(until, UTC), "v1", rules=rules
        )
        try:
            record = await start_backfill(platform, ADA, *plan.id[:2], asked)
        except InvalidInput:  # the range is empty
            return
        self._slots[record.id] = plan.slots(first * 1_000_000 - 1, until * 1_000_000 - 1)
        self._before[record.id] = frozenset(self.raw.runs)
        slots = await self.raw.backfills.slots(record.id, ALL)
        self._wanted[record.id] = {slot.at for slot in slots if slot.state is SlotState.WAITING}
        self.note(f"starts {record}")

    async def _change_their_minds(self, platform: Platform) -> None:
        id = self.random.choice(list(self._slots))
        change = self.random.choice((pause_backfill, resume_backfill, resume_backfill, cancel_backfill))
        if not self.faulty:  # nothing stays paused for ever
            id, change = self.random.choice(sorted(self.held)), resume_backfill
        if change is resume_backfill:
            self.held.discard(id)
        try:
            record = await change(platform, ADA, id)
        except FailedPrecondition:
            self.held.discard(id)
            return
        if record.state is not BackfillState.RUNNING:
            self.held.add(id)
        self.note(f"{change.__name__} {record}")

    async def _settle(self) -> None:
        await asyncio.sleep(self.faults.until_s)
        for _ in range(int(SETTLE_S / 10)):
            await asyncio.sleep(10)
            records = [await self.raw.backfills.get(id) for id in self._slots]
            if all(record is not None and record.state.is_terminal for record in records):
                return

    async def _check(self) -> None:
        """I21, and that each backfill has ended as its slots say."""
        for id, expected in self._slots.items():
            record = await self.raw.backfills.get(id)
            assert record is not None
            slots = await self.raw.backfills.slots(id, ALL)
            if {slot.at for slot in slots} != expected:
                self.violated(f"I21: {id} has slots {slots}, and {sorted(expected)} are expected")
            counts = count([slot.state for slot in slots])
            if counts != record.counts or counts.running or not record.state.is_terminal:
                self.violated(f"I21: {record} has slots {slots}")
            if record.state is not BackfillState.CANCELLED:
                failed = counts.failed > 0
                if failed != (record.state is BackfillState.FAILED) or (counts.waiting and not failed):
                    self.violated(f"I21: {record} has ended otherwise than its slots {slots}")
            for slot in slots:
                self._check_slot(id, slot)

    def _check_slot(self, id: ExecutionId, slot: Any) -> None:
        run = self.launched[id].get(slot.at)
        if (run is not None) != (slot.state in (SlotState.SUCCEEDED, SlotState.FAILED)):
            self.violated(f"I21: {slot} of {id} has started {run}")
        elif run is not None:
            is_right = (self.raw.runs[run].record.phase is ExecutionPhase.SUCCEEDED) == (
                slot.state is SlotState.SUCCEEDED
            )
            if run.name != slot.run or not is_right:
                self.violated(f"I21: {slot} of {id} is not as its run {self.raw.runs[run].record}")
        elif slot.state is SlotState.THERE:
            there = id._replace(name=slot.run)
            if there not in self.raw.runs or (slot.at in self._wanted[id] and there in self._before[id]):
                self.violated(f"I21: {slot} of {id} was to be run, and is not")


if __name__ == "__main__":
    sys.exit(main(BackfillsWorld))
