"""The turns of the runner's loop: take in all that has arrived, commit it at once, then do what follows from it.

Updates of attempts, timers, answers of the catalog and messages from the inbox arrive. While a commit is under way more
arrives, so that commits grow with the load.

An attempt is cancelled when its execution's log says that it must not run, and not before: until then another runner
may have taken over the execution and be running the same attempt. An attempt that a runner only lets go of is released.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence

from alula.core.engine import events as facts
from alula.core.engine.actions import Action, CancelAttempt, StartAttempt
from alula.core.engine.events import Event
from alula.core.engine.records import ExecutionPhase
from alula.core.errors import AlulaError, TaskError
from alula.core.ids import AttemptId, ExecutionId
from alula.server import incidents
from alula.server.blob import Blobs
from alula.server.executor import AttemptUpdate, Executor
from alula.server.measures import Reading
from alula.server.runner import batches
from alula.server.runner.children import Children
from alula.server.runner.definitions import Definitions
from alula.server.runner.dispatch import Dispatch
from alula.server.runner.effects import Effects
from alula.server.runner.errands import Errands
from alula.server.runner.lease import Lease
from alula.server.runner.measures import RunnerMeasures
from alula.server.runner.opening import Opening
from alula.server.runner.owned import Owned
from alula.server.runner.ownership import Ownership
from alula.server.runner.updates import event_of, progress_of
from alula.server.services.runnable import Runnable
from alula.server.store import Store
from alula.server.traces import Traces
from alula.server.trouble import passes

STORE_RETRY_S = 0.5
STARTED_WAIT_S = 0.02
"""The time that the start of an attempt may wait for other news, in seconds: most short attempts end meanwhile, and
both are committed at once."""
GATHER_S = 0.005
"""The time that a turn waits for more to arrive, in seconds, while executors have enough to do without it."""
GATHER_ATTEMPTS = 16
"""The number of attempts in flight that are enough to do."""

logger = logging.getLogger(__name__)


class Turns:
    """Holds the readings of `ownership` (a `Holder`). All methods are called on the event loop's thread."""

    def __init__(
        self,
        *,
        store: Store,
        executor: Executor,
        blobs: Blobs,
        children: Children,
        clock: Callable[[], int],
        lease: Lease,
        traces: Traces,
        runnable: Runnable,
    ) -> None:
        self._store = store
        self._executor = executor
        self._clock = clock
        self._lease = lease
        self._busy: dict[ExecutionId, Owned] = {}
        """Executions that have attempts in flight, and some that had."""
        self._dirty: dict[ExecutionId, Owned] = {}
        """Executions with something to commit."""
        self._arrived: list[tuple[ExecutionId, Event]] = []
        self._woken: set[ExecutionId] = set()
        """Executions that may have messages."""
        self._to_do: deque[tuple[Owned, Action]] = deque()
        """Committed actions that are not done yet: some are left only if the store failed on the way."""
        self._measures = RunnerMeasures(traces)
        self._wake = asyncio.Event()
        self._wake_later: asyncio.TimerHandle | None = None
        definitions = Definitions(store)
        opening = Opening(lease.owner, blobs, definitions, clock)
        self.ownership = Ownership(store=store, lease=lease, opening=opening, holder=self, clock=clock)
        self._owned = self.ownership.readings
        self.errands = Errands(self.ownership.broke)
        self.dispatch = Dispatch(
            executor=executor,
            blobs=blobs,
            definitions=definitions,
            clock=clock,
            owned=self._owned,
            arrive=self.arrive,
            errands=self.errands,
            lease=lease,
        )
        self.effects = Effects(
            store=store,
            owner=lease.owner,
            blobs=blobs,
            children=children,
            definitions=definitions,
            clock=clock,
            owned=self._owned,
            arrive=self.arrive,
            finished=self.ownership.finished,
            usage=executor.usage,
            runnable=runnable,
            errands=self.errands,
        )

    async def stop(self) -> None:
        """Leave all that is under way beside the loop, which has ended."""
        await self.errands.stop()
        self.effects.stop()
        if self._wake_later is not None:
            self._wake_later.cancel()

    def measure(self) -> Iterable[Reading]:
        """Readings of the commits, and of the present state."""
        queues = {
            "claimed": self.ownership.unread,
            "arrived": len(self._arrived),
            "mail": len(self._woken),
            "uncommitted": len(self._dirty),
            "actions": len(self._to_do),
            "beside": self.errands.under_way,
        }
        return self._measures.read(self._owned.values(), queues, lease_s=self._lease.left_s)

    # Arrivals, at any time

    def wake(self) -> None:
        """Have a turn soon."""
        self._wake.set()

    def notify(self, execution: ExecutionId) -> None:
        """Note that there may be messages for an execution, or something to claim."""
        if execution in self._owned:
            self._woken.add(execution)
        else:
            self.ownership.notify(execution)
        self._wake.set()

    def arrive(self, execution: ExecutionId, event: Event) -> None:
        """Take in an event of an execution."""
        self._arrived.append((execution, event))
        self._wake.set()

    def attempt_updated(self, update: AttemptUpdate) -> None:
        """Take in an update of an attempt from the executor."""
        owned = self._owned.get(update.id.execution)
        place = owned.attempts.get(update.id) if owned is not None else None
        if owned is not None and place is not None:
            if update.phase == "TAKEN":
                owned.lose(update.id, update.claim)
                self.ownership.doubt(owned)
                self._wake.set()
                return
            try:
                self._take_update(owned, update, place)
            except Exception as error:  # noqa: BLE001 - as in `_step`
                self.ownership.end_by(error, owned, "while news of an attempt was taken in")

    def _take_update(self, owned: Owned, update: AttemptUpdate, place: tuple[int, int]) -> None:
        progress = progress_of(update, place)
        if progress is not None:
            self._take_progress(update.id.execution, progress)
        if update.futures is not None:
            owned.take_end(update.id)
            work = self.effects.expand(owned, update, update.futures, place)
            self.errands.spawn(owned.record.id, "while the graph that a task made was compiled", work)
            return
        event = event_of(update, place)
        if event is None:
            return
        owned.take_end(update.id)
        if update.asides:
            work = self.effects.keep(update.asides, update.id.execution, event)
            self.errands.spawn(owned.record.id, "while large outputs were kept", work)
        else:
            self.arrive(update.id.execution, event)

    def _take_progress(self, execution: ExecutionId, progress: facts.AttemptProgressed) -> None:
        self._arrived.append((execution, progress))
        if progress.handle:  # until it is durable, a crash makes the executor begin anew
            self._wake.set()
        elif self._wake_later is None:
            self._wake_later = asyncio.get_running_loop().call_later(STARTED_WAIT_S, self._wake.set)

    # The loop

    async def run(self) -> None:
        """Have a turn whenever something has arrived, for ever. Raises only errors that belong to no execution."""
        while True:
            await self._wake.wait()
            if self._attempts_in_flight() >= GATHER_ATTEMPTS:
                await asyncio.sleep(GATHER_S)
            self._wake.clear()
            if self._wake_later is not None:
                self._wake_later.cancel()
                self._wake_later = None
            try:
                await self._turn()
            except AlulaError as error:
                if not passes(error):
                    raise
                # Reads and writes that failed are tried again; nothing was dispatched for them.
                self._measures.troubles += 1
                logger.warning("the store can't be used, trying again: %s", error)
                await asyncio.sleep(STORE_RETRY_S)
                self._wake.set()

    def _attempts_in_flight(self) -> int:
        """The number of attempts in flight. Costs as much as that, however many executions wait for something else."""
        for id, owned in list(self._busy.items()):
            if not owned.attempts or self._owned.get(id) is not owned:
                del self._busy[id]
        return sum(len(owned.attempts) for owned in self._busy.values())

    async def _turn(self) -> None:
        await self._settle()
        await self.ownership.claim()
        await self.ownership.end_condemned()
        await self._read_mail()
        self._step_arrived()
        await self._commit()
        await self._settle()

    async def begin(self) -> list[tuple[Owned, Action]]:
        """Take over the open executions, and commit that. Returns the actions that follow, for the caller to do."""
        await self.ownership.claim()
        await self.ownership.end_condemned()
        await self._commit()
        to_do = list(self._to_do)
        self._to_do.clear()
        return to_do

    async def _settle(self) -> None:
        """Do the actions that follow from commits. One that the store interrupts comes first in the next turn."""
        while self._to_do or self._lease.has_lapsed():  # work beside the loop may wait for the lease, too
            if self._lease.has_lapsed():
                await self.ownership.make_sure()
                continue
            owned, action = self._to_do[0]
            is_done = True
            if still_holds(owned, action):
                try:
                    is_done = await self._do(owned, action)
                except Exception as error:  # noqa: BLE001 - as in `_step`
                    self.ownership.end_by(error, owned, f"while {type(action).__name__} was carried out")
            if is_done:
                self._to_do.popleft()
        await self.ownership.make_sure()

    async def _do(self, owned: Owned, action: Action) -> bool:
        """Carry out any action. False if the lease has lapsed meanwhile: then it is to be done later, if at all."""
        if isinstance(action, StartAttempt):
            return await self.dispatch.start(owned, action)
        self.do_at_once(owned, action)
        return True

    def do_at_once(self, owned: Owned, action: Action) -> None:
        """Carry out any action but `StartAttempt`."""
        if isinstance(action, CancelAttempt):
            self.dispatch.cancel(owned, action)
        else:
            self.effects.do(owned, action)

    # Messages

    async def _read_mail(self) -> None:
        if not self._woken:
            return
        woken, self._woken = self._woken, set()
        try:
            mail = await batches.messages(self._store, sorted(woken), self.ownership.broke)
        except AlulaError:
            self._woken |= woken
            raise
        for message, event in mail:
            owned = self._owned.get(message.execution)
            if owned is not None and owned.is_held:
                self._woken.add(message.execution)
                if isinstance(event, facts.AbortRequested):
                    self.ownership.read_again(owned)
                continue
            # An abort that comes before an end is durable stays unread: the store refuses that end then.
            if owned is not None and not (isinstance(event, facts.AbortRequested) and owned.ends_unwritten):
                owned.consume(message.number)
                self._step(owned, event)

    # Steps and commits

    def _step_arrived(self) -> None:
        arrived, self._arrived = self._arrived, []
        for execution, event in arrived:
            owned = self._owned.get(execution)
            if owned is not None and owned.is_held:
                self._arrived.append((execution, event))
            elif owned is not None:
                self._step(owned, event)

    def _step(self, owned: Owned, event: Event) -> None:
        self._dirty[owned.record.id] = owned
        try:
            owned.step(event, self._clock())
            self.effects.set_timers(owned)
        except Exception as error:  # noqa: BLE001 - as in `ending`, which is too much for each event
            self.ownership.end_by(error, owned, f"while {type(event).__name__} was taken in")

    async def _commit(self) -> None:
        dirty = [owned for owned in self._dirty.values() if owned.is_dirty]
        if not dirty:
            self._dirty.clear()
            return
        dirty = [owned for owned in dirty if self._has_kept_values(owned)]
        if not dirty:
            return
        commits = [owned.commit(self._lease.owner) for owned in dirty]
        began_s = time.perf_counter()
        kept = await batches.commit(self._store, commits, self.ownership.broke)
        self._measures.committed(commits, kept, time.perf_counter() - began_s)
        for owned in dirty:
            self._dirty.pop(owned.record.id, None)
        for owned, is_kept in zip(dirty, kept, strict=True):
            if is_kept:
                self._committed(owned)
            else:
                self.ownership.doubt(owned)

    def _committed(self, owned: Owned) -> None:
        id = owned.record.id
        self.effects.released(owned.released)
        self._executor.acknowledge(owned.ends)
        self._to_do.extend((owned, action) for action in owned.committed())
        self._busy[id] = owned
        if owned.state.phase.is_terminal:
            self.ownership.has_ended(id)

    def _has_kept_values(self, owned: Owned) -> bool:
        """True if all objects of its commit are written. That is done beside the loop: others do not wait for it."""
        if owned.asides and not owned.is_held:
            owned.is_held = True
            self.errands.beside(self._keep_values(owned))
        return not owned.is_held

    async def _keep_values(self, owned: Owned) -> None:
        try:
            await self.effects.keep_asides(owned)
        except Exception as error:  # noqa: BLE001 - it ends the execution, as whatever escapes
            if self._owned.get(owned.record.id) is owned:
                self.ownership.broke(owned.record.id, error, "while its values were put aside")
        self._wake.set()

    # The holder of the readings

    def succeed(self, reading: Owned, before: Owned | None) -> None:
        """Go on from an earlier reading of the same execution, whose commit was refused."""
        if before is None:
            return
        reading.state.graphs.update(before.state.graphs)
        unwanted, ended = reading.take_attempts(before)
        for attempt in unwanted:
            self._executor.cancel(attempt, incarnation=reading.state.created.incarnation, claim=reading.claim)
        self._executor.acknowledge(ended)
        for event in before.uncommitted():
            self.arrive(reading.record.id, event)

    def opened(self, reading: Owned, broken: TaskError | None) -> None:
        """Work with a reading from now on; if `broken`, to end it by that."""
        id = reading.record.id
        self._dirty[id] = self._busy[id] = reading
        self.effects.set_timers(reading, again=True)
        self._woken.add(id)
        if broken is not None:
            self.arrive(id, facts.PlatformFailed(self._clock(), broken))

    def dropped(self, reading: Owned) -> None:
        """Let go of a reading and of all that it has in flight."""
        id = reading.record.id
        self._dirty.pop(id, None)
        self.effects.forget(id)
        try:
            self._executor.release(reading.unsettled)
        except Exception as error:  # noqa: BLE001  (the rest of it is let go of all the same)
            incidents.report(error, f"while attempts of {id} were released", id)

    def broken(self, execution: ExecutionId) -> None:
        """Forget the events of an execution: one of them may have broken it."""
        self._arrived = [(id, event) for id, event in self._arrived if id != execution]

    def ended(self, execution: ExecutionId, attempts: Sequence[AttemptId]) -> None:
        """Count an execution that has failed without the engine, and stop these attempts."""
        self._measures.ended(execution, ExecutionPhase.FAILED)
        for attempt in attempts:
            self._executor.cancel(attempt)


def still_holds(owned: Owned, action: Action) -> bool:
    """True if a committed action is to be done. An attempt that must not run must not run for any owner."""
    return not owned.is_dropped or isinstance(action, CancelAttempt)
