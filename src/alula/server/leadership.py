"""Leadership: of the processes that share a store, one does a duty, and another takes over when it is gone.

The process that leads holds the lease of the duty's name, and renews it a few times in its length.

* The first that claims the lease leads. The others claim it again when it would end, and a few times before: a leader
  that stops lets go of it.
* A leader ends its work before others may begin. It counts from the moment at which it *asked* for the lease, by its
  monotonic clock, and leaves a margin.
* A process that stands still does not notice that its lease ends. So a duty's changes name the lease, and the store
  refuses them when another has been given the lease since (`LeaseLost`).
* Trouble of the store passes and is waited out. An error of a duty is an incident, and the duty is tried again: it
  concerns no run, and ends neither the leadership nor the process.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterable

from alula.core.errors import AlulaError
from alula.server import incidents
from alula.server.measures import Metric, Reading
from alula.server.store.leases import Lease, Leases, is_lost
from alula.server.trouble import passes

LEASE_MARGIN = 10
"""The part of a lease before its end in which its holder does nothing any more."""
RENEWALS = 3
"""The number of renewals in the length of a lease."""
RETRY_S = 1.0
"""The wait after trouble of the store, and before a process that has lost the lease claims it again."""
INCIDENT_RETRY_S = 60.0
"""The wait after an error of the duty."""
LEADS = Metric("alula_leads", "gauge", "1 if this process does a duty for all processes of the store.", ("duty",))

Duty = Callable[[Lease], Awaitable[float]]
"""Does the work that is due. Returns the seconds until something is due again."""

logger = logging.getLogger(__name__)


class _Lost(Exception):
    """The lease is another's, or nobody's, by now."""


class Leadership:
    """The part of one process in the choice of a leader for a duty. `holder` is this life of the process."""

    def __init__(self, leases: Leases, holder: str, name: str, duty: Duty, *, lease_us: int) -> None:
        self._leases = leases
        self._holder = holder
        self._name = name
        self._duty = duty
        self._lease_us = lease_us
        self._renew_every_s = lease_us / 1_000_000 / RENEWALS
        self._lease: Lease | None = None
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def lease(self) -> Lease | None:
        """The one under which this process leads; None if it does not."""
        return self._lease

    def start(self) -> None:
        """Take part, on this event loop."""
        self._task = asyncio.create_task(self._run(), name=f"leadership-{self._name}")

    def wake(self) -> None:
        """Have the duty look again what is due, if this process does it."""
        self._woken.set()

    async def stop(self) -> None:
        """End the work, and let another process lead at once."""
        task, self._task = self._task, None
        if task is None:
            return
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        with contextlib.suppress(AlulaError):  # then others wait for the end of the lease
            await self._leases.release(self._holder, self._name)

    async def wait(self) -> None:
        """Block until it ends by an error that is a bug, and raise that."""
        assert self._task is not None, "it has been started"
        await asyncio.shield(self._task)

    def measure(self) -> Iterable[Reading]:
        """The figure that is 1 if this process leads."""
        yield Reading(LEADS, {(self._name,): int(self._lease is not None)})

    async def _run(self) -> None:
        while True:
            try:
                await self._lead(*await self._elected())
            except AlulaError as error:
                if not passes(error):
                    raise
                logger.warning("can't say which process does the %s, trying again: %s", self._name, error)
                await asyncio.sleep(RETRY_S)

    async def _elected(self) -> tuple[Lease, float]:
        """Wait for the lease. Returns it with the time until which it may be relied on."""
        while True:
            asked_s = _now_s()
            lease = await self._leases.claim(self._name, self._holder, lease_us=self._lease_us)
            end_s = _end_s(asked_s, lease)
            if lease.holder == self._holder and _now_s() < end_s:
                return lease, end_s
            await asyncio.sleep(min(self._renew_every_s, lease.left_us / 1_000_000))

    async def _lead(self, lease: Lease, end_s: float) -> None:
        logger.info("does the %s from now on", self._name)
        self._lease = lease
        try:
            async with asyncio.timeout_at(end_s) as end, asyncio.TaskGroup() as group:
                group.create_task(self._renew(lease, end))
                group.create_task(self._work(lease))
        except* (_Lost, TimeoutError):
            logger.warning("does the %s no longer: its lease has ended", self._name)
        finally:
            self._lease = None
        await asyncio.sleep(RETRY_S)

    async def _renew(self, lease: Lease, end: asyncio.Timeout) -> None:
        while True:
            await asyncio.sleep(self._renew_every_s)
            asked_s = _now_s()
            try:
                renewed = await self._leases.renew(lease, lease_us=self._lease_us)
            except AlulaError as error:
                if not passes(error):
                    raise
                logger.warning("could not renew the lease of the %s: %s", self._name, error)
                continue
            if renewed is None:
                raise _Lost
            end.reschedule(_end_s(asked_s, renewed))

    async def _work(self, lease: Lease) -> None:
        while True:
            self._woken.clear()
            due_s = await self._done(lease)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(due_s):
                    await self._woken.wait()

    async def _done(self, lease: Lease) -> float:
        try:
            return await self._duty(lease)
        except Exception as error:
            if is_lost(error):
                raise _Lost from error
            if passes(error):
                logger.warning("the %s has to wait: %s", self._name, error)
                return RETRY_S
            incidents.report(error, f"in the {self._name}")
            return INCIDENT_RETRY_S


def _end_s(asked_s: float, lease: Lease) -> float:
    """The time at which others may take it over, less the margin, if the store had answered at once."""
    return asked_s + lease.left_us * (1 - 1 / LEASE_MARGIN) / 1_000_000


def _now_s() -> float:
    return asyncio.get_running_loop().time()
