"""A simulated world of triggers: processes on one store, runs that end and start each other, people, and faults.

    python -m tests.simulation.triggers [SEEDS [FROM]] [--failures N]

It is the world of `schedules`, with another duty. Who waits for whom is drawn, loops included. People launch runs, and
deactivate triggers and activate them again. Senders send signed messages until each was taken, and somebody sends again
what was sent, under other names.

* I24: each end of a run fires each trigger that waits for it once: at most, and at least if the trigger was active all
  the time. What was started and what was refused as a loop is worked out here a second time.
* I25: each message starts one run.
* I18: nothing is done under a lease that another has been given since.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import sys
from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Any

import msgspec
from flyteidl.admin import launch_plan_pb2
from google.protobuf import struct_pb2
from tests import flyte_specs as specs
from tests.simulation.duties import Fenced
from tests.simulation.host import Port
from tests.simulation.schedules import ADA, SchedulesWorld, main, outliving

from alula.core.engine.records import ExecutionPhase
from alula.core.errors import AlreadyExists, AlulaError
from alula.core.ids import EntityId, ExecutionId
from alula.core.policy.signing import signature
from alula.server.delivery import Delivery, Subscription
from alula.server.leadership import Duty
from alula.server.scheduler.run_ends import RunEnds
from alula.server.services.activation import update_launch_plan
from alula.server.services.launch import create_execution
from alula.server.services.platform import Platform
from alula.server.services.register import Registrant, create_launch_plan, create_task, create_workflow
from alula.server.services.trigger_options import TriggerOptions, WebhookSecret
from alula.server.services.webhooks import Envelope, receive
from alula.server.store.outbox import Consumer
from alula.server.store.query import Query
from alula.server.store.schedules import Launch
from alula.server.store.trigger_records import FiringRecord, FiringState
from alula.server.store.triggers import RUN_ENDS, Fired
from alula.server.trouble import passes

ALL = Query(limit=100_000)
PLANS = ("a", "b", "c", "d")
HOOKED = "hooked"
"""The plan that messages start."""
KEY, KEY_IS_IN = "a key", "ALULA_SIMULATED_KEY"
SETTLE_S = 900.0
RECHECK_S = 5.0


class Firings:
    """The triggers of the store. Each start is checked, and may come late."""

    def __init__(self, world: TriggersWorld) -> None:
        self._world = world

    def __getattr__(self, name: str) -> Any:
        return getattr(self._world.raw.triggers, name)

    async def fire(self, firing: FiringRecord, *, launch: Launch | None = None) -> Fired:
        world = self._world

        async def arrive() -> Fired:
            await world.perhaps_late()
            outcome = await world.raw.triggers.fire(firing, launch=launch)
            if outcome is Fired.DONE:
                world.fired(firing, launch)
            return outcome

        return await outliving(arrive())


class Watched:
    """The store as all reach it in the end."""

    def __init__(self, world: TriggersWorld) -> None:
        self._raw = world.raw
        self.leases = world.leases
        self.outbox = Fenced(world.raw.outbox, world.leases)
        self.triggers = Firings(world)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)


class TriggersWorld(SchedulesWorld):
    run_s = (1.0, 10.0, 60.0)

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        shape = Random(f"triggers-{seed}")
        self.waits_for = {plan: shape.choice((*PLANS, HOOKED)) for plan in PLANS if shape.random() < 0.8}
        """The plan for whose runs each waits that has a trigger."""
        self.phases = {plan: shape.choice((("SUCCEEDED",), ("FAILED",), ("SUCCEEDED", "FAILED"))) for plan in PLANS}
        self._fail = shape.choice((0.0, 0.1, 0.5))
        self._fickle = shape.random() < 0.3
        """People deactivate triggers."""
        self.shaky: set[str] = set()
        """Plans whose triggers were not active all the time."""
        self.started_by: dict[ExecutionId, ExecutionId] = {}
        """The run whose end has started a run."""
        self.messages: set[str] = set()
        """The ids of those that were taken."""
        self._sent: list[Envelope] = []
        self._taken: list[Envelope] = []
        self.store = Watched(self)
        os.environ[KEY_IS_IN] = KEY

    def duty(self, platform: Platform) -> Duty:
        ends = RunEnds(platform)
        subscription = Subscription(Consumer(RUN_ENDS), ends.hear, ends.is_wanted, ends.concerns)
        return Delivery(platform.store.outbox, subscription, recheck_s=RECHECK_S)

    def fired(self, firing: FiringRecord, launch: Launch | None) -> None:
        """A firing was kept."""
        if launch is None:
            return
        run, cause = launch.execution.id, firing.by_run
        if cause is None:
            return
        twice = [each for each, by in self.started_by.items() if by == cause and self._plan_of(each) == firing.plan]
        if twice:
            self.violated(f"I24: {run} is started after {twice} for the end of {cause}")
        self.started_by[run] = cause

    def _plan_of(self, run: ExecutionId) -> EntityId:
        return self.raw.runs[run].record.launch_plan

    async def _register(self) -> None:
        platform = self.platform(self.raw, lambda: self.now_us)
        await self.raw.start()
        await create_task(platform, ADA, specs.task("t"), Registrant())
        await create_workflow(platform, ADA, specs.workflow("w", "t"))
        for plan in PLANS:
            request = specs.launch_plan(plan, "w", fixed=specs.literal_map(x=specs.integer(1)))
            if plan in self.waits_for:
                declared = struct_pb2.Struct()
                declared.update({"kind": "run", "launch_plan": self.waits_for[plan], "phases": list(self.phases[plan])})
                request.spec.entity_metadata.launch_conditions.Pack(declared)
            await create_launch_plan(platform, ADA, request)
            await self._set(platform, plan, launch_plan_pb2.ACTIVE)
        hooked, declared = specs.launch_plan(HOOKED, "w"), struct_pb2.Struct()
        declared.update({"kind": "webhook", "secret": "s", "inputs": {"x": "body"}})
        hooked.spec.entity_metadata.launch_conditions.Pack(declared)
        await create_launch_plan(platform, ADA, hooked)
        await self._set(platform, HOOKED, launch_plan_pb2.ACTIVE)

    async def _set(self, platform: Platform, plan: str, state: Any) -> None:
        id = specs.launch_plan(plan, "w").id
        await update_launch_plan(platform, ADA, launch_plan_pb2.LaunchPlanUpdateRequest(id=id, state=state))

    def platform(self, store: Any, clock: Any) -> Platform:
        options = TriggerOptions(secrets=(WebhookSecret("s", (f"env:{KEY_IS_IN}",)),))
        return dataclasses.replace(super().platform(store, clock), triggers=options)

    async def _people(self) -> None:
        """People, and programs that send messages."""
        senders = [asyncio.create_task(self._send(f"m{number}")) for number in range(self.random.randint(0, 12))]
        await asyncio.gather(self._launch(), *senders)

    async def _send(self, id: str) -> None:
        """Send a message until it was taken, and perhaps replay one that was sent."""
        await asyncio.sleep(self.random.uniform(0, self.faults.until_s))
        while id not in self.messages:
            envelope = self._signed(id)
            self._sent.append(envelope)
            copies = [envelope] * self.random.choice((1, 1, 2))
            if self._taken and self.random.random() < 0.3:
                replayed = self.random.choice(self._taken)
                copies.append(msgspec.structs.replace(replayed, id=self.random.choice(("", "new", id))))
            work = [asyncio.create_task(self._receive(each)) for each in copies]
            if self.hit("crash", times=5):
                await asyncio.sleep(self.random.uniform(0, 0.1))
                for each in work:
                    each.cancel()  # the process that had it died
            outcomes = await asyncio.gather(*work, return_exceptions=True)
            if outcomes[0] is True:
                self.messages.add(id)
            await asyncio.sleep(self.random.uniform(1, 30))

    def _signed(self, id: str) -> Envelope:
        at = self.now_us // 1_000_000
        return Envelope(id, at, signature(KEY, at, id[1:].encode()))

    async def _receive(self, envelope: Envelope) -> bool:
        """True if the message was taken, now or before. Of a message that was replayed the body is as it was."""
        body = next(each.id for each in self._sent if each.signature == envelope.signature)[1:].encode()
        platform = self.platform(Port(self.store, None, self, "store"), lambda: self.now_us)  # type: ignore[arg-type]
        try:
            with contextlib.suppress(AlreadyExists):
                await receive(platform, (specs.PROJECT, specs.DOMAIN, HOOKED), envelope, body)
        except AlulaError as error:
            if not passes(error):
                self.violated(f"I25: {envelope} is refused: {error}")
            return False
        self._taken.append(envelope)
        return True

    async def _launch(self) -> None:
        platform = self.platform(self.raw, lambda: self.now_us)
        number = 0
        while self.faulty:
            await asyncio.sleep(self.random.uniform(5, 60))
            if self._fickle and self.waits_for and self.random.random() < 0.3:
                plan = self.random.choice(list(self.waits_for))
                self.shaky.add(plan)
                await self._set(platform, plan, launch_plan_pb2.INACTIVE)
                await asyncio.sleep(self.random.uniform(0, 60))
                await self._set(platform, plan, launch_plan_pb2.ACTIVE)
                continue
            number += 1
            target = specs.launch_plan(self.random.choice(PLANS), "w").id
            await create_execution(platform, ADA, specs.execution(f"by-hand-{number}", target))

    async def _runs(self) -> None:
        """Runs end in their time, and the outbox tells so."""
        while True:
            await asyncio.sleep(2.0)
            now_s = asyncio.get_running_loop().time()
            for id, run in list(self.raw.runs.items()):
                if run.record.phase.is_terminal or now_s < self._ends.setdefault(
                    id, now_s + self.random.choice(self.run_s)
                ):
                    continue
                phase = ExecutionPhase.FAILED if self.random.random() < self._fail else ExecutionPhase.SUCCEEDED
                run.record.phase = phase
                self.raw.outbox.tell(run.record, [("run", "", int(phase), self.now_us)])

    async def _settle(self) -> None:
        await asyncio.sleep(self.faults.until_s + SETTLE_S)

    async def _check(self) -> None:
        """I24 and I25."""
        found = await self.raw.triggers.firings(ALL)
        firings = {(each.plan.name, each.by_run): each for each in found if each.by_run is not None}
        await self._check_messages([each for each in found if each.by_run is None])
        expected = set[tuple[str, ExecutionId]]()
        for id, run in self.raw.runs.items():
            if not run.record.phase.is_terminal:
                self.violated(f"I24: {id} has not ended, as if runs started each other for ever")
            for plan, awaited in self.waits_for.items():
                if run.record.launch_plan.name == awaited and run.record.phase.name in self.phases[plan]:
                    expected.add((plan, id))
                    self._check_firing(plan, id, firings.get((plan, id)))
        if extra := firings.keys() - expected:
            self.violated(f"I24: nothing was to fire for {extra}")
        for record in await self.raw.triggers.page(ALL):
            known = Counter(each.state for each in found if each.plan.name == record.plan.name)
            counts = (record.started, record.refused)
            if record.plan.name not in self.shaky and counts != (
                known[FiringState.STARTED],
                known[FiringState.REFUSED],
            ):
                self.violated(f"I24: {record} has fired {known}")

    async def _check_messages(self, firings: Sequence[FiringRecord]) -> None:
        runs = sorted(id.name for id, run in self.raw.runs.items() if run.record.launch_plan.name == HOOKED)
        if len(runs) != len(self.messages) or sorted(each.run for each in firings if each.run) != runs:
            self.violated(f"I25: the messages {sorted(self.messages)} have started {runs}, and {firings} says so")

    def _check_firing(self, plan: str, id: ExecutionId, firing: FiringRecord | None) -> None:
        if firing is None:
            if plan not in self.shaky:
                self.violated(f"I24: the end of {id} has not fired the trigger of {plan}")
            return
        before = list[str]()
        run: ExecutionId | None = id
        while run is not None:
            before.append(self._plan_of(run).name)
            run = self.started_by.get(run)
        is_loop = plan in before
        if is_loop != (firing.state is FiringState.REFUSED):
            self.violated(f"I24: after {before}, {firing}")
        started = self.raw.runs.get(id._replace(name=firing.run)) if firing.run else None
        if not is_loop and (started is None or self.started_by.get(started.record.id) != id):
            self.violated(f"I24: {firing} says otherwise than was started")


if __name__ == "__main__":
    sys.exit(main(TriggersWorld))
