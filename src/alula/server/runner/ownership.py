"""The executions that a runner owns: claiming, reading, doubting, ending and letting go of them.

Theory of operation. The store names the owner of an execution; this module knows how far a runner is with each that it
has claimed. An execution is taken over by a claim in the store, and by `Claimed` in its log: a commit of an owner that
another has followed is refused. So nothing here must be right at once. It must come right in the end, and until then no
execution may be harmed: no attempt starts on a lease that has lapsed, and one that may be another's is released, never
cancelled.

Each execution is at one `Stage`, and news of it move it to another as `TRANSITIONS` says; news without an entry for the
stage mean nothing any more and are ignored. A *reading* is the state in memory (`Owned`). It is kept from `READ` until
the execution is done with, taken by another runner, or broken. If the store has refused a commit of a reading, that
stays until the next one has taken over what it had in flight.

* Claimed executions are read in portions, as far as the store gives them.
* An answer of the store that was lost, and each heartbeat, leave open whether the store still agrees on the executions
  owned here. Then both are compared before anything is claimed: those that only the store names were claimed by the
  lost answer, those that it does not name are suspect.
* An execution in memory that a claim brings was another's while the claim was under way, with its attempts. So these
  are released, and asked for anew.
* The store is asked for the owner of a suspect. If that is still this runner, its log is read again: an earlier try of
  the refused commit had come through, or there is mail that it did not know of.
* A lease that has lapsed is renewed, compared and cleared of all that others took over, before it is held again.
* An execution that breaks ends by an event of its own (`PlatformFailed`), after its log was read again. One that
  breaks on that way is condemned: its rows are closed without the engine. Even if that fails, the others go on. One
  whose end was being written meanwhile is read again, for what follows from that.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Generator, Mapping, Sequence
from enum import Enum, auto
from itertools import islice
from typing import Protocol

from alula.core.errors import TaskError
from alula.core.ids import AttemptId, ExecutionId
from alula.server import incidents
from alula.server.log_subject import about
from alula.server.runner.lease import Lease
from alula.server.runner.opening import Opening
from alula.server.runner.owned import Owned
from alula.server.runner.unreadable import end_unread
from alula.server.store import Store
from alula.server.store.log import History
from alula.server.trouble import passes

CLAIM_MAX = 500
OPEN_MAX = 500
"""Executions that are read at once."""

logger = logging.getLogger(__name__)


class Stage(Enum):
    """The progress of a runner with an execution."""

    CLAIMED = auto()
    """Its log is to be read."""
    OWNED = auto()
    """In memory, and nothing speaks against that."""
    SUSPECT = auto()
    """Perhaps another runner's: see `News.DOUBT`."""
    CONDEMNED = auto()
    """To be ended without the engine."""
    STUCK = auto()
    """Left as it is, as even that failed: it stands still until the next start."""


class News(Enum):
    """An event in the life of an execution at this runner."""

    CLAIM = auto()
    """The store names it as this runner's."""
    READ = auto()
    """Its state is in memory."""
    MISSING = auto()
    """There is nothing to read."""
    DOUBT = auto()
    """A commit was refused, the store does not name it, or an executor has seen a greater claim."""
    OURS = auto()
    """The store says that it is this runner's all the same."""
    LOST = auto()
    """The store says that it is another's."""
    AGAIN = auto()
    """All that has happened since its log is not needed any more."""
    BREAK = auto()
    """An error that belongs to it came up."""
    BREAK_AGAIN = auto()
    """Another came up while it was about to be ended by the first."""
    ENDED = auto()
    """Its end is durable: by a commit that was under way when it broke."""
    END = auto()
    """All that follows from its end is done."""
    REFUSE_END = auto()
    """Its end can't be written."""


TRANSITIONS: Mapping[tuple[Stage | None, News], Stage | None] = {
    (None, News.CLAIM): Stage.CLAIMED,
    (Stage.CLAIMED, News.READ): Stage.OWNED,
    (Stage.CLAIMED, News.MISSING): None,
    (Stage.CLAIMED, News.DOUBT): Stage.SUSPECT,
    (Stage.CLAIMED, News.BREAK): Stage.CLAIMED,
    (Stage.CLAIMED, News.BREAK_AGAIN): Stage.CONDEMNED,
    (Stage.OWNED, News.DOUBT): Stage.SUSPECT,
    (Stage.OWNED, News.AGAIN): Stage.CLAIMED,
    (Stage.OWNED, News.BREAK): Stage.CLAIMED,
    (Stage.OWNED, News.BREAK_AGAIN): Stage.CONDEMNED,
    (Stage.OWNED, News.END): None,
    (Stage.SUSPECT, News.OURS): Stage.CLAIMED,
    (Stage.SUSPECT, News.LOST): None,
    (Stage.SUSPECT, News.AGAIN): Stage.CLAIMED,
    (Stage.SUSPECT, News.BREAK): Stage.CLAIMED,
    (Stage.SUSPECT, News.BREAK_AGAIN): Stage.CONDEMNED,
    (Stage.SUSPECT, News.END): None,
    (Stage.CONDEMNED, News.ENDED): Stage.CLAIMED,
    (Stage.CONDEMNED, News.END): None,
    (Stage.CONDEMNED, News.REFUSE_END): Stage.STUCK,
}


class Holder(Protocol):
    """The user of the readings, told when they come and go."""

    def succeed(self, reading: Owned, before: Owned | None) -> None:
        """Prepare for a reading that takes the place of `before`, if any. An error breaks the execution."""
        ...

    def opened(self, reading: Owned, broken: TaskError | None) -> None:
        """Work with a reading from now on; if `broken`, to end it by that."""
        ...

    def dropped(self, reading: Owned) -> None:
        """Let go of a reading and of all that it has in flight."""
        ...

    def broken(self, execution: ExecutionId) -> None:
        """Forget the events of an execution: one of them may have broken it."""
        ...

    def ended(self, execution: ExecutionId, attempts: Sequence[AttemptId]) -> None:
        """Tell of an execution that has failed without the engine, and stop these attempts."""
        ...

    def wake(self) -> None:
        """Call `claim` and `end_condemned` soon."""
        ...


class Ownership:
    """The executions of one runner: that of the `lease`."""

    def __init__(
        self, *, store: Store, lease: Lease, opening: Opening, holder: Holder, clock: Callable[[], int]
    ) -> None:
        self.readings: dict[ExecutionId, Owned] = {}
        """The executions in memory."""
        self._store = store
        self._lease = lease
        self._opening = opening
        self._holder = holder
        self._clock = clock
        self._stages: dict[ExecutionId, Stage] = {}
        self._at: dict[Stage, dict[ExecutionId, None]] = {stage: {} for stage in Stage}
        """The same by stage, in the order in which they came there."""
        self._errors: dict[ExecutionId, TaskError] = {}
        """The errors by which broken executions end."""
        self._is_scan_due = True
        """True if there may be something to claim without a notification: at the start, and after a full claim."""
        self._notified: set[ExecutionId] = set()
        """Executions that may be there to claim."""
        self._is_verified = True
        """True if the store was asked which executions this runner owns since that was last in doubt."""

    @property
    def unread(self) -> int:
        """The number of executions that are claimed and not read yet."""
        return len(self._at[Stage.CLAIMED])

    def notify(self, execution: ExecutionId) -> None:
        """Note that there may be something to claim."""
        self._notified.add(execution)

    def doubt_all(self) -> None:
        """Compare all with what the store says, when claims are made next."""
        self._is_verified = False

    def doubt(self, owned: Owned) -> None:
        """Note that a commit of this reading was refused, or an executor has seen a greater claim."""
        if self.readings.get(owned.record.id) is owned:
            self._move(owned.record.id, News.DOUBT)

    def read_again(self, owned: Owned) -> None:
        """Go back to the state of its log."""
        if self._move(owned.record.id, News.AGAIN):
            self._drop(owned.record.id)
            self._holder.wake()

    def finished(self, execution: ExecutionId) -> None:
        """Let go of an execution: its end is durable, and all that follows from it is under way."""
        self.readings.pop(execution, None)
        self._move(execution, News.END)

    def has_ended(self, execution: ExecutionId) -> None:
        """Note that its end is durable, whatever it broke on meanwhile: there is nothing to end it by any more."""
        self._errors.pop(execution, None)
        if self._move(execution, News.ENDED):
            self._holder.wake()

    async def claim(self) -> None:
        """Claim all that can be claimed, and read it."""
        while self._is_scan_due or self._notified or not self._is_verified or self._at[Stage.CLAIMED]:
            if not self._is_verified:
                await self._verify()
                await self.make_sure()
            if self._is_scan_due or self._notified:
                await self._claim()
            while self._at[Stage.CLAIMED]:
                await self._read(list(islice(self._at[Stage.CLAIMED], OPEN_MAX)))

    async def _claim(self) -> None:
        among = None if self._is_scan_due else list(self._notified)
        self._is_scan_due = self._is_verified = False
        self._notified.clear()
        claimed = await self._store.ownership.claim(
            self._lease.owner, now=self._lease.now_us, lease_us=self._lease.length_us, limit=CLAIM_MAX, among=among
        )
        self._is_verified = True
        self._is_scan_due |= len(claimed) == CLAIM_MAX
        for id in claimed:
            if id in self.readings:  # another had it meanwhile, and its attempts with it
                self._move(id, News.DOUBT)
                self._lose(id)
            self._move(id, News.CLAIM)

    async def _verify(self) -> None:
        """Compare the executions owned here with those that the store names."""
        named = dict.fromkeys(await self._store.ownership.claimed(self._lease.owner))
        self._is_verified, self._is_scan_due = True, True
        for id in named:
            self._move(id, News.CLAIM)
        for id in [id for id in self.readings if id not in named]:
            self._move(id, News.DOUBT)

    async def make_sure(self) -> None:
        """Hold the lease, and let go of all that is another's. Raises the errors of the store: then ask again."""
        while self._lease.has_lapsed():
            until_us = await self._lease.renew()
            await self._verify()
            await self._let_go()
            self._lease.hold(until_us)
        await self._let_go()

    async def _let_go(self) -> None:
        while self._at[Stage.SUSPECT]:
            id = next(iter(self._at[Stage.SUSPECT]))
            if await self._store.ownership.owner(id) == self._lease.owner:
                self._move(id, News.OURS)
                self._holder.wake()
            else:
                self._lose(id)

    def _lose(self, id: ExecutionId) -> None:
        """Let go of a suspect that another runner has taken over."""
        if self._move(id, News.LOST):
            logger.warning("execution %s was taken over by another runner", id, extra=about(id))
            self._errors.pop(id, None)
            self._drop(id)

    # Reading

    async def _read(self, ids: Sequence[ExecutionId]) -> None:
        for id, history in zip(ids, await self._histories(ids), strict=False):
            if history is not None:
                await self._open(id, history)
            elif self._move(id, News.MISSING):
                self._drop(id)

    async def _histories(self, ids: Sequence[ExecutionId]) -> Sequence[History | None]:
        """The histories of the first of these. None for one that does not exist."""
        try:
            return await self._store.log.histories(ids)
        except Exception as error:
            if passes(error):
                raise
            if len(ids) > 1:
                return await self._histories(ids[:1])
            self._break(ids[0], incidents.as_failure(error, f"while execution {ids[0]} was read", ids[0]))
            return ()

    async def _open(self, id: ExecutionId, history: History) -> None:
        try:
            reading = await self._opening.open(history)
            self._holder.succeed(reading, self.readings.get(id))
        except Exception as error:
            if passes(error):
                raise
            self._break(id, incidents.as_failure(error, f"while the log of execution {id} was read", id))
            return
        if self._move(id, News.READ):
            self.readings[id] = reading
            self._holder.opened(reading, self._errors.get(id))

    # Errors

    @contextlib.contextmanager
    def ending(self, owned: Owned, doing: str) -> Generator[None]:
        """Let an error that does not pass end this execution, and go on."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - whatever it is, it concerns this execution
            self.end_by(error, owned, doing)

    def end_by(self, error: Exception, owned: Owned, doing: str) -> None:
        """End an execution by an error that came of it; raise one that passes."""
        if passes(error):
            raise error
        self.broke(owned.record.id, error, doing)

    def broke(self, id: ExecutionId, error: Exception, doing: str) -> None:
        """Break an execution by an error that belongs to it: its state can't be trusted any more."""
        told = incidents.as_failure(error, f"{doing}, in execution {id}", id)
        if id in self.readings:
            self._break(id, told)

    def _break(self, id: ExecutionId, error: TaskError) -> None:
        """Read an execution again to end it; without the engine, if it has come to that before."""
        self._drop(id)
        self._holder.broken(id)
        self._move(id, News.BREAK_AGAIN if id in self._errors else News.BREAK)
        self._errors.setdefault(id, error)
        self._holder.wake()

    async def end_condemned(self) -> None:
        """End condemned executions without the engine. Raises the errors of the store that pass."""
        while self._at[Stage.CONDEMNED]:
            id = next(iter(self._at[Stage.CONDEMNED]))
            news = News.END
            try:
                attempts = await end_unread(
                    self._store, id, self._errors[id], runner=self._lease.owner, now=self._clock()
                )
                if attempts is not None:
                    self._holder.ended(id, attempts)
            except Exception as error:
                if passes(error):
                    raise
                incidents.report(error, f"while execution {id} was ended; it stands still until the next start", id)
                news = News.REFUSE_END
            self._errors.pop(id)
            self._move(id, news)

    # Stages

    def _move(self, id: ExecutionId, news: News) -> bool:
        """Move an execution to the stage that the news bring it to. False if they mean nothing any more."""
        before = self._stages.get(id)
        if (before, news) not in TRANSITIONS:
            return False
        after = TRANSITIONS[before, news]
        if before is not None:
            del self._at[before][id]
        if after is None:
            self._stages.pop(id, None)
        else:
            self._stages[id] = after
            self._at[after][id] = None
        return True

    def _drop(self, id: ExecutionId) -> None:
        """Go on without the reading of an execution, if there is one: nothing that it asked for is done."""
        reading = self.readings.pop(id, None)
        if reading is not None:
            reading.is_dropped = True
            self._holder.dropped(reading)
