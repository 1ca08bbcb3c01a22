"""The runner: the shell round the engine. Claim, fold, step, commit; then do what follows from it.

One task of the event loop does it all, turn by turn (`turns`). `ownership` knows the executions that it works on, and
the `lease` until when; `dispatch` hands attempts to the executor, `effects` does all else that the engine asks for, and
`errands` are those effects that take time. This file starts and stops them, and renews the lease.

Attempts in flight are never stored: after a crash they are read off the state.

An error that belongs to one execution, wherever it comes up, ends that one, see `ownership`. Trouble of the stores
passes, and is waited out. Any other error is a bug that no execution is to blame for; it ends the runner.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable, Sequence

from alula.core.engine import events as facts
from alula.core.engine.actions import Action, LaunchChild, StartAttempt
from alula.core.engine.step import outstanding
from alula.core.errors import AlulaError
from alula.core.ids import AttemptId
from alula.server.blob import Blobs
from alula.server.executor import AttemptSpec, Executor
from alula.server.measures import Reading
from alula.server.runner.children import Children
from alula.server.runner.jobs import UnwantedJobs
from alula.server.runner.lease import LEASE_US, Lease
from alula.server.runner.owned import Owned
from alula.server.runner.reconciling import reconcile
from alula.server.runner.turns import Turns, still_holds
from alula.server.services.runnable import Runnable
from alula.server.store import Store
from alula.server.traces import NO_TRACES, Traces
from alula.server.trouble import passes

logger = logging.getLogger(__name__)


class Runner:
    """The owner of the open executions that it has claimed. Lives on one event loop."""

    def __init__(
        self,
        *,
        store: Store,
        executor: Executor,
        blobs: Blobs,
        children: Children,
        clock: Callable[[], int],
        runner_id: str,
        platform_id: str,
        lease_us: int = LEASE_US,
        traces: Traces = NO_TRACES,
        runnable: Runnable | None = None,
    ) -> None:
        """`runner_id` is of this life alone; `platform_id` stays the same, and marks attempts as this platform's."""
        self._store = store
        self._executor = executor
        self._children = children
        self._clock = clock
        self._platform_id = platform_id
        self._lease = Lease(store, runner_id, lease_us)
        self._turns = Turns(
            store=store,
            executor=executor,
            blobs=blobs,
            children=children,
            clock=clock,
            lease=self._lease,
            traces=traces,
            runnable=runnable or Runnable(),
        )
        self._ownership, self._errands = self._turns.ownership, self._turns.errands
        self._jobs = UnwantedJobs(store.jobs, executor)
        self._loop: asyncio.Task[None] | None = None
        self._heart: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Take over the open executions, make the executor agree with them, and begin."""
        await self._executor.start(self._turns.attempt_updated)
        self._store.on_wake_up(self._turns.notify)
        self._lease.hold(await self._lease.renew())
        to_do = await self._turns.begin()
        self._heart = asyncio.create_task(self._beat(), name="runner-lease")  # an executor may take its time
        try:
            await self._reconcile(to_do)
        except BaseException:
            self._heart.cancel()
            raise
        self._turns.wake()  # there may be mail from before
        self._loop = asyncio.create_task(self._turns.run(), name="runner")
        self._clear_away()

    async def _reconcile(self, to_do: Sequence[tuple[Owned, Action]]) -> None:
        """Do what follows from the first commit, and make the executor agree with it."""
        expected: dict[AttemptId, tuple[Owned, AttemptSpec]] = {}
        dispatch = self._turns.dispatch
        for owned, action in to_do:
            if not still_holds(owned, action):
                continue
            with self._ownership.ending(owned, f"while {type(action).__name__} was carried out"):
                if not isinstance(action, StartAttempt):
                    self._turns.do_at_once(owned, action)
                elif (spec := await dispatch.spec(owned, action)) is not None:
                    expected[spec.id] = owned, spec

        def broke(spec: AttemptSpec, error: Exception) -> None:
            owned, _ = expected[spec.id]
            if not owned.is_dropped:
                self._ownership.broke(owned.record.id, error, f"while {spec.id} was started")

        ready = {id: await dispatch.reconcilable(owned, spec) for id, (owned, spec) in expected.items()}
        await self._ownership.make_sure()
        wanted = {id: ready[id] for id, (owned, _) in expected.items() if not owned.is_dropped}
        specs = [spec for spec in wanted.values() if spec is not None]
        later = [id for id, spec in wanted.items() if spec is None]
        await reconcile(self._executor, specs, owner=self._platform_id, later=later, broke=broke)
        for id in later:
            dispatch.submit(*expected[id])

    async def wait(self) -> None:
        """Wait until the runner ends. Raises the error that ended it, if a bug does."""
        assert self._loop is not None and self._heart is not None, "the runner has been started"
        done, _ = await asyncio.wait((self._loop, self._heart), return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()

    async def stop(self) -> None:
        """Stop at once. Open executions stay open, and the runner that claims them next goes on with them."""
        running = [task for task in (self._loop, self._heart) if task is not None]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await self._turns.stop()
        await self._executor.stop()
        with contextlib.suppress(AlulaError):  # then others wait for the end of the lease
            await self._store.ownership.release(self._lease.owner)

    def measure(self) -> Iterable[Reading]:
        """Readings of its commits, and of its present state."""
        return self._turns.measure()

    # The heartbeat

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._lease.renew_every_s)
            try:
                await self._lease.renew()
            except AlulaError as error:
                if not passes(error):
                    raise
                logger.warning("could not renew the lease: %s", error)
                continue
            self._ownership.doubt_all()
            self._turns.wake()
            self._ask_for_children()
            self._clear_away()

    def _clear_away(self) -> None:
        """End what nobody wants any more."""
        self._errands.beside(self._look_for_orphans())
        self._errands.beside(self._jobs.end())

    def _ask_for_children(self) -> None:
        """Ask for children that have ended, in case the mail of their end was lost.

        Not while something is uncommitted: the state may be ahead of the log then, and have children that it has not.
        """
        for owned in list(self._ownership.readings.values()):
            if not owned.state.children or owned.is_dirty:
                continue
            with self._ownership.ending(owned, "while its children were asked for"):
                for action in outstanding(owned.state):
                    if isinstance(action, LaunchChild):
                        self._turns.effects.do(owned, action)

    async def _look_for_orphans(self) -> None:
        """Abort the children whose parent does not wait for them any more, in case it has not come to do so."""
        for owned in list(self._ownership.readings.values()):
            cause = ""
            try:
                with self._ownership.ending(owned, "while its parent was looked for"):
                    cause = await self._children.orphaned(owned.record, owned.spec)
            except AlulaError as error:
                logger.warning("could not look for orphans: %s", error)
                return
            if cause:
                abort = facts.AbortRequested(self._clock(), cause, owned.record.principal)
                self._turns.arrive(owned.record.id, abort)
