"""The runner: the shell round the engine. Claim, fold, step, commit; then what follows from it, see `effects.py`.

One task of the event loop does it all: it drains what has arrived (updates of attempts, timers, answers of the
catalog, mail), steps the executions concerned, commits everything in one transaction, and only then does
what the engine asked for. While a commit is under way more arrives, so that commits grow with the load.

An execution is taken over by appending `Claimed` to its log. A runner whose commit is refused has lost the
execution to another and lets go of it. What is in flight is never stored: after a crash it is read off the state.

An error that belongs to one execution, wherever it comes up, ends that one (`_broke`): its log is read again, and the
incident is one more event of it. If that doesn't work either, it ends without the engine, see `unreadable.py`. Trouble
of the stores passes, and is waited out. Any other error is a bug that no execution is to blame for; it ends the runner.

An attempt is cancelled when its execution's log says that it must not run, and not before: until then another runner
may have taken over the execution and be running the same attempt. What a runner only lets go of it releases.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from itertools import islice
from typing import ParamSpec, TypeVar

from alula.core.engine import events as facts
from alula.core.engine.actions import (
    Action,
    CancelAttempt,
    LaunchChild,
    StartAttempt,
)
from alula.core.engine.events import Event
from alula.core.engine.records import Changes, ExecutionPhase
from alula.core.engine.step import fold, outstanding, start
from alula.core.errors import AlulaError, TaskError
from alula.core.ids import AttemptId, ExecutionId
from alula.server import incidents
from alula.server.blob import Blobs
from alula.server.executor import AttemptSpec, AttemptUpdate, Executor
from alula.server.measures import Reading
from alula.server.runner.again import passes
from alula.server.runner.children import Children
from alula.server.runner.definitions import Definitions
from alula.server.runner.effects import Effects, event_of, progress_of
from alula.server.runner.measures import RunnerMeasures
from alula.server.runner.owned import Owned
from alula.server.runner.reconciling import reconcile
from alula.server.runner.timers import taken_over
from alula.server.runner.unreadable import end_unread
from alula.server.services.history import decode_log, read_named
from alula.server.store import Commit, History, InboxMessage, Store

LEASE_US = 30_000_000
"""How long others take a silent runner for alive."""
LEASE_MARGIN = 10
"""The part of a lease before its end in which nothing is begun that relies on it."""
CLAIM_MAX = 500
OPEN_MAX = 500
"""Executions that are read at once."""
IN_LINE_MAX = 2_000
"""Nodes and events together, up to which a state is made on the event loop. A larger one is made in a thread: nobody
else has it yet, and others must not wait for it."""
STORE_RETRY_S = 0.5
STARTED_WAIT_S = 0.02
"""How long the news that an attempt has started may wait for other news: most short attempts end meanwhile, and
both are committed at once."""
GATHER_S = 0.005
"""How long a turn waits for more to arrive while executors have enough to do without it."""
GATHER_ATTEMPTS = 16
"""That many attempts in flight are enough to do."""

logger = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")
Publish = Callable[[ExecutionId, ExecutionPhase], None]


class Runner:
    """Owns the open executions that it has claimed. Lives on one event loop."""

    def __init__(
        self,
        *,
        store: Store,
        executor: Executor,
        blobs: Blobs,
        children: Children,
        publish: Publish,
        clock: Callable[[], int],
        runner_id: str,
        platform_id: str,
        lease_us: int = LEASE_US,
    ) -> None:
        """`runner_id` is of this life alone; `platform_id` stays the same, and marks attempts as this platform's."""
        self._store = store
        self._executor = executor
        self._blobs = blobs
        self._children = children
        self._publish = publish
        self._clock = clock
        self._id = runner_id
        self._platform_id = platform_id
        self._lease_us = lease_us
        self._store_ahead_us = 0
        """By how much the store's clock was ahead of the monotonic one at the last beat. Leases go by that: the wall
        clocks of machines differ, and jump."""
        self._renewed_until_us = 0
        """When our lease ends, by the monotonic clock: others may take over what is owned here."""
        self._held_until_us = 0
        """The same, as far as it has not ended since ownership was last compared with the store."""
        self._measures = RunnerMeasures()
        self._definitions = Definitions(store)
        self._owned: dict[ExecutionId, Owned] = {}
        self._busy: dict[ExecutionId, Owned] = {}
        """Those that have attempts in flight, and some that had."""
        self._dirty: dict[ExecutionId, Owned] = {}
        """Those with something to commit."""
        self._arrived: list[tuple[ExecutionId, Event]] = []
        self._woken: set[ExecutionId] = set()
        self._may_claim = True
        """Whether there may be something to claim of which nobody told: at the start, and from time to time."""
        self._told: set[ExecutionId] = set()
        """What may be there to claim, as somebody told."""
        self._sure = True
        """Whether what is owned here is what the store says: not after a lost answer, and not for ever."""
        self._unopened: deque[ExecutionId] = deque()
        """Claimed, not read yet."""
        self._to_do: deque[tuple[Owned, Action]] = deque()
        """Committed, not done yet: more than nothing only where the store failed on the way."""
        self._doubtful: deque[Owned] = deque()
        """Their commit was refused, or the store does not name them as ours; it is not known yet why."""
        self._failing: dict[ExecutionId, TaskError] = {}
        """What the platform failed on: they end with this."""
        self._unreadable: deque[ExecutionId] = deque()
        """Those among them that must end without the engine."""
        self._stuck: set[ExecutionId] = set()
        """Those that can't even be ended."""
        self._wake = asyncio.Event()
        self._wake_later: asyncio.TimerHandle | None = None
        self._effects = Effects(
            store=store,
            executor=executor,
            blobs=blobs,
            children=children,
            definitions=self._definitions,
            clock=clock,
            owned=self._owned,
            arrive=self._arrive,
            broke=self._broke,
            has_lapsed=self._has_lapsed,
        )
        self._loop: asyncio.Task[None] | None = None
        self._heart: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Take over what is open, make the executor agree with it, and begin."""
        await self._executor.start(self._attempt_updated)
        self._store.on_wake_up(self._wake_up)
        await self._renew()
        self._held_until_us = self._renewed_until_us
        await self._claim()
        await self._end_unreadable()
        await self._commit()
        self._heart = asyncio.create_task(self._beat(), name="runner-lease")  # an executor may take its time
        try:
            await self._reconcile()
        except BaseException:
            self._heart.cancel()
            raise
        self._wake.set()  # there may be mail from before
        self._loop = asyncio.create_task(self._run(), name="runner")
        self._effects.beside(self._look_for_orphans())

    async def _reconcile(self) -> None:
        """Do what follows from the first commit, and make the executor agree with it."""
        expected: dict[AttemptId, tuple[Owned, AttemptSpec]] = {}
        while self._to_do:
            owned, action = self._to_do.popleft()
            if not _still_holds(owned, action):
                continue
            with self._ending(owned, f"while {type(action).__name__} was carried out"):
                if not isinstance(action, StartAttempt):
                    self._effects.do_at_once(owned, action)
                elif (spec := await self._effects.spec(owned, action)) is not None:
                    expected[spec.id] = owned, spec

        def broke(spec: AttemptSpec, error: Exception) -> None:
            owned, _ = expected[spec.id]
            if not owned.is_dropped:
                self._broke(owned.record.id, error, f"while {spec.id} was started")

        ready = {id: await self._effects.reconcilable(owned, spec) for id, (owned, spec) in expected.items()}
        while self._has_lapsed():
            await self._take_stock()
        wanted = {id: ready[id] for id, (owned, _) in expected.items() if not owned.is_dropped}
        specs = [spec for spec in wanted.values() if spec is not None]
        later = [id for id, spec in wanted.items() if spec is None]
        await reconcile(self._executor, specs, owner=self._platform_id, later=later, broke=broke)
        for id in later:
            self._effects.submit(*expected[id])

    async def wait(self) -> None:
        """Wait for ever; raises what the runner ended with, should a bug end it."""
        assert self._loop is not None and self._heart is not None, "the runner has been started"
        done, _ = await asyncio.wait((self._loop, self._heart), return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()

    async def stop(self) -> None:
        """Stop at once. What is open stays open, and whoever claims it next goes on with it."""
        running = [task for task in (self._loop, self._heart) if task is not None]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await self._effects.stop()
        if self._wake_later is not None:
            self._wake_later.cancel()
        await self._executor.stop()
        with contextlib.suppress(AlulaError):  # then others wait for the end of the lease
            await self._store.release(self._id)

    def measure(self) -> Iterable[Reading]:
        """Figures of what it has committed and of what it has now."""
        queues = {
            "claimed": len(self._unopened),
            "arrived": len(self._arrived),
            "mail": len(self._woken),
            "uncommitted": len(self._dirty),
            "actions": len(self._to_do),
            "beside": self._effects.under_way,
        }
        lease_s = max(0, self._renewed_until_us - _monotonic_us()) / 1_000_000
        return self._measures.read(self._owned.values(), queues, lease_s=lease_s)

    # Arrivals: called on the event loop's thread, at any time

    def _wake_up(self, execution: ExecutionId) -> None:
        if execution in self._owned:
            self._woken.add(execution)
        else:
            self._told.add(execution)
        self._wake.set()

    def _arrive(self, execution: ExecutionId, event: Event) -> None:
        self._arrived.append((execution, event))
        self._wake.set()

    def _attempt_updated(self, update: AttemptUpdate) -> None:
        owned = self._owned.get(update.id.execution)
        place = owned.attempts.get(update.id) if owned is not None else None
        if owned is not None and place is not None:
            try:
                self._take_update(owned, update, place)
            except Exception as error:  # noqa: BLE001 - as in `_step`
                self._end_by(error, owned, "while news of an attempt was taken in")

    def _take_update(self, owned: Owned, update: AttemptUpdate, place: tuple[int, int]) -> None:
        progress = progress_of(update, place)
        if progress is not None:
            self._take_progress(update.id.execution, progress)
        if update.futures is not None:
            owned.take_end(update.id)
            work = self._effects.expand(owned, update, update.futures, place)
            self._effects.spawn(owned.record.id, "while the graph that a task made was compiled", work)
            return
        event = event_of(update, place)
        if event is None:
            return
        owned.take_end(update.id)
        if update.asides:
            work = self._effects.keep(update.asides, update.id.execution, event)
            self._effects.spawn(owned.record.id, "while large outputs were kept", work)
        else:
            self._arrive(update.id.execution, event)

    def _take_progress(self, execution: ExecutionId, progress: facts.AttemptProgressed) -> None:
        self._arrived.append((execution, progress))
        if progress.handle:  # until it is durable, a crash makes the executor begin anew
            self._wake.set()
        elif self._wake_later is None:
            self._wake_later = asyncio.get_running_loop().call_later(STARTED_WAIT_S, self._wake.set)

    # The loop

    async def _run(self) -> None:
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
                # What could not be read or written is tried again; nothing was dispatched for it.
                self._measures.troubles += 1
                logger.warning("the store can't be used, trying again: %s", error)
                await asyncio.sleep(STORE_RETRY_S)
                self._wake.set()

    def _attempts_in_flight(self) -> int:
        """Costs as much as there is in flight, however many executions wait for something else."""
        for id, owned in list(self._busy.items()):
            if not owned.attempts or self._owned.get(id) is not owned:
                del self._busy[id]
        return sum(len(owned.attempts) for owned in self._busy.values())

    async def _turn(self) -> None:
        await self._settle()
        await self._claim()
        await self._end_unreadable()
        await self._read_mail()
        self._step_arrived()
        await self._commit()
        await self._settle()

    async def _settle(self) -> None:
        """Do what follows from commits. What the store interrupts is kept, and comes first in the next turn."""
        while self._to_do or self._has_lapsed():  # what is done beside the loop may wait for the lease, too
            if self._has_lapsed():
                await self._take_stock()
                continue
            owned, action = self._to_do[0]
            is_done = True
            if _still_holds(owned, action):
                try:
                    is_done = await self._effects.do(owned, action)
                except Exception as error:  # noqa: BLE001 - as in `_step`
                    self._end_by(error, owned, f"while {type(action).__name__} was carried out")
            if is_done:
                self._to_do.popleft()
        await self._let_go()

    async def _let_go(self) -> None:
        while self._doubtful:
            await self._refused(self._doubtful[0])
            self._doubtful.popleft()

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._lease_us / 3_000_000)
            try:
                await self._renew()
            except AlulaError as error:
                if not passes(error):
                    raise
                logger.warning("could not renew the lease: %s", error)
                continue
            self._sure = False
            self._wake.set()
            self._ask_for_children()
            self._effects.beside(self._look_for_orphans())

    async def _renew(self) -> None:
        began_us = _monotonic_us()
        self._store_ahead_us = await self._store.now() - _monotonic_us()
        await self._store.renew(self._id, now=self._lease_now(), lease_us=self._lease_us)
        self._renewed_until_us = began_us + self._lease_us - self._lease_us // LEASE_MARGIN
        if not self._has_lapsed():
            self._held_until_us = self._renewed_until_us

    def _has_lapsed(self) -> bool:
        """Whether another runner may have taken over what is owned here: this one stood still, or the store did. Until
        that is known, no attempt is started: the other may be done with it."""
        return _monotonic_us() >= self._held_until_us

    async def _take_stock(self) -> None:
        """Renew a lease that has ended, and let go of what others took over before."""
        await self._renew()
        until_us = self._renewed_until_us
        await self._compare()
        await self._let_go()
        self._held_until_us = until_us

    def _lease_now(self) -> int:
        return _monotonic_us() + self._store_ahead_us

    def _ask_for_children(self) -> None:
        """News of a child's end comes by mail; a letter that was lost is made up for here.

        Not while something is uncommitted: the state may be ahead of the log then, and have children that it has not.
        """
        for owned in list(self._owned.values()):
            if not owned.state.children or owned.is_dirty:
                continue
            with self._ending(owned, "while its children were asked for"):
                for action in outstanding(owned.state):
                    if isinstance(action, LaunchChild):
                        work = self._effects.launch_child(owned, action)
                        self._effects.spawn(owned.record.id, "while a child was launched", work)

    async def _look_for_orphans(self) -> None:
        """Abort the children whose parent does not wait for them any more, should it not have come to say so."""
        for owned in list(self._owned.values()):
            cause = ""
            try:
                with self._ending(owned, "while its parent was looked for"):
                    cause = await self._children.orphaned(owned.record, owned.spec)
            except AlulaError as error:
                logger.warning("could not look for orphans: %s", error)
                return
            if cause:
                self._arrive(owned.record.id, facts.AbortRequested(self._clock(), cause, owned.record.principal))

    async def _claim(self) -> None:
        while self._may_claim or self._told or not self._sure or self._unopened:
            if not self._sure:
                await self._make_sure()
            if self._may_claim or self._told:
                among = None if self._may_claim else list(self._told)
                self._may_claim = self._sure = False
                self._told.clear()
                claimed = await self._store.claim(
                    self._id, now=self._lease_now(), lease_us=self._lease_us, limit=CLAIM_MAX, among=among
                )
                self._sure = True
                self._may_claim |= len(claimed) == CLAIM_MAX
                self._unopened.extend(claimed)
            while self._unopened:
                some = list(islice(self._unopened, OPEN_MAX))
                for id, history in zip(some, await self._histories(some), strict=False):
                    if history is not None:
                        await self._open(id, history)
                    self._unopened.popleft()

    async def _histories(self, ids: Sequence[ExecutionId]) -> Sequence[History | None]:
        """Of the first of these. None for one that does not exist, or can't be read."""
        try:
            return await self._store.histories(ids)
        except Exception as error:
            if passes(error):
                raise
            if len(ids) > 1:
                return await self._histories(ids[:1])
            self._fail(ids[0], incidents.as_failure(error, f"while execution {ids[0]} was read"))
            return [None]

    async def _make_sure(self) -> None:
        await self._compare()
        await self._settle()

    async def _compare(self) -> None:
        """Go by what the store says: open what is ours and was not known, doubt what is not ours any more."""
        claimed = dict.fromkeys(await self._store.claimed(self._id))
        self._sure, self._may_claim = True, True
        known = {*self._owned, *self._unopened, *self._unreadable, *self._stuck}
        self._unopened.extend(id for id in claimed if id not in known)
        self._doubtful.extend(owned for id, owned in self._owned.items() if id not in claimed)

    async def _open(self, id: ExecutionId, history: History) -> None:
        """Take a claimed execution into memory, as its log says."""
        try:
            owned = await self._read(history)
            self._succeed(owned, self._owned.get(id))
        except Exception as error:
            if passes(error):
                raise
            self._fail(id, incidents.as_failure(error, f"while the log of execution {id} was read"))
            return
        self._owned[id] = self._dirty[id] = self._busy[id] = owned
        self._effects.set_timers(owned, again=True)
        self._woken.add(id)
        if id in self._failing:
            self._arrive(id, facts.PlatformFailed(self._clock(), self._failing[id]))

    async def _read(self, history: History) -> Owned:
        record, log = history.record, decode_log(history.log, history.next_seq)
        plan = await self._definitions.plan(record.workflow)
        named = await read_named(record.id, log, self._blobs)
        created = log[0]
        beside = asyncio.to_thread if len(plan.nodes) + len(log) > IN_LINE_MAX else _in_line
        if len(log) == 1 and isinstance(created, facts.Created):
            state, actions, changes = await beside(start, plan, created, named.graphs, named.recovery)
            owned = Owned(record, state, log)
            owned.add(actions, changes)
        else:
            state = await beside(fold, plan, log, named.graphs, named.recovery, named.loaded)
            owned = Owned(record, state, log)
            owned.add(taken_over(list(outstanding(owned.state)), self._clock()), Changes())
        if len(log) == 1 or not owned.state.phase.is_terminal:  # nothing follows an end
            owned.log(facts.Claimed(self._clock(), self._id))
        return owned

    def _succeed(self, owned: Owned, before: Owned | None) -> None:
        """Go on from an earlier reading of the same execution, whose commit was refused."""
        if before is None:
            return
        owned.state.graphs.update(before.state.graphs)
        unwanted, ended = owned.take_attempts(before)
        for attempt in unwanted:
            self._executor.cancel(attempt)
        self._executor.acknowledge(ended)
        for event in before.uncommitted():
            self._arrive(owned.record.id, event)

    async def _read_mail(self) -> None:
        if not self._woken:
            return
        woken, self._woken = self._woken, set()
        try:
            messages = await self._inbox(sorted(woken))
        except AlulaError:
            self._woken |= woken
            raise
        mail = [(message, event) for message in messages if (event := self._decoded(message)) is not None]
        for message, event in sorted(mail, key=lambda letter: not isinstance(letter[1], facts.AbortRequested)):
            owned = self._owned.get(message.execution)
            if owned is not None and owned.is_held:
                self._woken.add(message.execution)
                if isinstance(event, facts.AbortRequested):
                    self._read_again(owned)
                continue
            # An abort that comes before an end is durable stays unread: the store refuses that end then.
            if owned is not None and not (isinstance(event, facts.AbortRequested) and owned.ends_unwritten):
                owned.consume(message.number)
                self._step(owned, event)

    def _read_again(self, owned: Owned) -> None:
        """Go back to what its log says: what has happened since is not needed any more."""
        self._forget(owned)
        self._unopened.append(owned.record.id)
        self._wake.set()

    async def _inbox(self, ids: Sequence[ExecutionId]) -> list[InboxMessage]:
        try:
            return await self._store.inbox(ids)
        except Exception as error:
            if passes(error):
                raise
            if len(ids) > 1:
                return [message for id in ids for message in await self._inbox([id])]
            self._broke(ids[0], error, "while its mail was read")
            return []

    def _decoded(self, message: InboxMessage) -> Event | None:
        try:
            return facts.decode(message.event)
        except Exception as error:  # noqa: BLE001  (nobody knows what another version writes)
            self._broke(message.execution, error, "while its mail was read")
            return None

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
            self._effects.set_timers(owned)
        except Exception as error:  # noqa: BLE001 - as in `_ending`, which is too much for each event
            self._end_by(error, owned, f"while {type(event).__name__} was taken in")

    async def _commit(self) -> None:
        dirty = [owned for owned in self._dirty.values() if owned.is_dirty]
        if not dirty:
            self._dirty.clear()
            return
        dirty = [owned for owned in dirty if self._has_kept_values(owned)]
        if not dirty:
            return
        kept = await self._keep([owned.commit(self._id) for owned in dirty])
        for owned in dirty:
            self._dirty.pop(owned.record.id, None)
        for owned, is_kept in zip(dirty, kept, strict=True):
            if is_kept:
                self._effects.released(owned.released)
                self._executor.acknowledge(owned.ends)
                self._to_do.extend((owned, action) for action in owned.committed())
                self._busy[owned.record.id] = owned
                self._publish(owned.record.id, owned.state.phase)
                if owned.state.phase.is_terminal:
                    self._failing.pop(owned.record.id, None)
            elif owned.record.id in self._owned:
                self._doubtful.append(owned)

    def _has_kept_values(self, owned: Owned) -> bool:
        """Whether all is written that its commit refers to. That is done beside the loop: others do not wait for it."""
        if owned.asides and not owned.is_held:
            owned.is_held = True
            self._effects.beside(self._keep_values(owned))
        return not owned.is_held

    async def _keep_values(self, owned: Owned) -> None:
        try:
            await self._effects.keep_asides(owned)
        except Exception as error:  # noqa: BLE001 - it ends the execution, as whatever escapes
            if self._owned.get(owned.record.id) is owned:
                self._broke(owned.record.id, error, "while its values were put aside")
        self._wake.set()

    async def _keep(self, commits: Sequence[Commit]) -> list[bool]:
        began_us = _monotonic_us()
        try:
            kept = await self._store.commit(commits)
        except Exception as error:
            if passes(error):
                raise
            if len(commits) == 1:
                self._broke(commits[0].execution, error, "while its rows were stored")
                return [False]
        else:
            self._measures.committed(commits, kept, (_monotonic_us() - began_us) / 1_000_000)
            return kept
        return [kept for commit in commits for kept in await self._keep([commit])]

    # Incidents

    @contextlib.contextmanager
    def _ending(self, owned: Owned, doing: str) -> Generator[None]:
        """Let an error that does not pass end this execution, and go on."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - whatever it is, it concerns this execution
            self._end_by(error, owned, doing)

    def _end_by(self, error: Exception, owned: Owned, doing: str) -> None:
        """End an execution by an error that came of it; raise one that passes."""
        if passes(error):
            raise error
        self._broke(owned.record.id, error, doing)

    def _broke(self, id: ExecutionId, error: Exception, doing: str) -> None:
        """Something escaped that belongs to one execution: its state can't be trusted any more."""
        told = incidents.as_failure(error, f"{doing}, in execution {id}")
        if id in self._owned:
            self._fail(id, told)

    def _fail(self, id: ExecutionId, error: TaskError) -> None:
        """Read an execution again to end it; without the engine, if it has come to that before."""
        if (owned := self._owned.get(id)) is not None:
            self._forget(owned)
        self._arrived = [(execution, event) for execution, event in self._arrived if execution != id]
        if id in self._unreadable:
            return  # read once more before it could be ended
        if id in self._failing:
            self._unreadable.append(id)
        else:
            self._failing[id] = error
            self._unopened.append(id)
        self._wake.set()

    async def _end_unreadable(self) -> None:
        while self._unreadable:
            id = self._unreadable[0]
            error = self._failing[id]
            try:
                ended = await end_unread(self._store, id, error, runner=self._id, now=self._clock())
                if ended is not None:
                    self._measures.ended(id, ExecutionPhase.FAILED)
                    self._publish(id, ExecutionPhase.FAILED)
                    for attempt in ended:
                        self._executor.cancel(attempt)
            except Exception as broken:
                if passes(broken):
                    raise
                incidents.report(broken, f"while execution {id} was ended; it stands still until the next start")
                self._stuck.add(id)
            self._unreadable.popleft()
            del self._failing[id]

    async def _refused(self, owned: Owned) -> None:
        """A commit was refused: somebody else took the execution, an earlier try of it had come through, or it was
        an end and there is mail that it did not know of."""
        if self._owned.get(owned.record.id) is not owned:
            return
        if await self._store.owner(owned.record.id) == self._id:
            self._unopened.append(owned.record.id)
            self._wake.set()
            return
        logger.warning("execution %s is owned by another runner now", owned.record.id)
        self._forget(owned)
        self._failing.pop(owned.record.id, None)

    def _forget(self, owned: Owned) -> None:
        owned.is_dropped = True
        self._owned.pop(owned.record.id, None)
        self._dirty.pop(owned.record.id, None)
        self._effects.forget(owned.record.id)
        try:
            self._executor.release(owned.unsettled)
        except Exception as error:  # noqa: BLE001  (the rest of it is let go of all the same)
            incidents.report(error, f"while attempts of {owned.record.id} were released")


def _still_holds(owned: Owned, action: Action) -> bool:
    """Whether a committed action is to be done. An attempt that must not run must not run for any owner."""
    return not owned.is_dropped or isinstance(action, CancelAttempt)


async def _in_line(make: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
    """As `asyncio.to_thread`, without the thread."""
    return make(*args, **named)


def _monotonic_us() -> int:
    return round(asyncio.get_running_loop().time() * 1_000_000)
