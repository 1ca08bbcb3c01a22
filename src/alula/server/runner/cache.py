"""Questions to the catalog: whether a result is known, whether it is still there, and which node computes it.

An entry that names an object which is gone is a miss: the node runs again. A result that must be reserved is waited for
while another node has it. The commits of this process wake the nodes that wait, and these look from time to time for
those of other processes.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine, Iterable
from typing import TypeAlias

from flyteidl.core import literals_pb2

from alula.core.engine.actions import LookUpCache
from alula.core.engine.events import CacheAwaited, CacheHit, CacheMissed
from alula.core.engine.records import Released
from alula.core.errors import AlulaError
from alula.core.ids import ExecutionId
from alula.core.literals.uris import uris
from alula.core.policy.cache_key import CacheKey, nearest
from alula.server import incidents
from alula.server.blob import Blobs
from alula.server.log_subject import about
from alula.server.runner.again import again
from alula.server.store import Store
from alula.server.store.query import Filter, Query

RECHECK_S = 1.0
RECHECK_MAX_S = 10.0
NEAR_MAX = 10
"""Newest entries of a task among which the one is looked for that differs least."""

Answer: TypeAlias = CacheHit | CacheMissed | CacheAwaited

logger = logging.getLogger(__name__)


class Lookups:
    """All look-ups of the runner `owner`."""

    def __init__(self, store: Store, blobs: Blobs, clock: Callable[[], int], *, owner: str = "") -> None:
        self._owner = owner
        self._store = store
        self._blobs = blobs
        self._clock = clock
        self._waiting: dict[str, list[asyncio.Event]] = {}
        """The nodes that wait for a result, by the digest of its key, in the order in which they came."""

    async def answer(self, of: ExecutionId, action: LookUpCache, is_wanted: Callable[[], bool]) -> Answer | None:
        """The answer to a look-up of a run; None once the node does not want it any more.

        A catalog that can't answer never fails a node.
        """
        if action.wait:
            return await self._wait(of, action, is_wanted)
        try:
            return await self._reserve(of, action, is_wanted) if action.holder else await self._look(action)
        except Exception as error:  # noqa: BLE001  (an entry that can't be read must not fail all that look at it)
            if isinstance(error, AlulaError):
                logger.warning("cache look-up of %s failed: %s", action.key.task, error, extra=about(of))
            else:
                incidents.report(error, f"in the cache look-up of {action.key.task}", of)
            # It may have been reserved all the same, with the answer lost: to let go of what is not ours does no harm.
            reserved = bool(action.holder)
            return CacheMissed(self._clock(), action.scope, action.node, failed=True, reserved=reserved)

    def released(self, reservations: Iterable[Released]) -> None:
        """Wake the nodes that wait for these reservations, whose end is durable."""
        for each in reservations:
            for waiter in self._waiting.get(each.key.digest, ()):
                waiter.set()

    async def _next_release(self, digest: str, timeout_s: float) -> None:
        release = asyncio.Event()
        self._waiting.setdefault(digest, []).append(release)
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(timeout_s):
                    await release.wait()
        finally:
            self._waiting[digest].remove(release)
            if not self._waiting[digest]:
                del self._waiting[digest]

    async def _look(self, action: LookUpCache) -> Answer:
        hit = await self._hit(action)
        if hit is not None:
            return hit
        why, source = await self._differences(action.key)
        return CacheMissed(self._clock(), action.scope, action.node, why=why, nearest=source)

    async def _reserve(self, of: ExecutionId, action: LookUpCache, is_wanted: Callable[[], bool]) -> Answer | None:
        hit = await self._hit(action)
        if hit is not None:
            return hit
        holder = await self._store.reservations.take(action.key, action.holder, owner=self._owner)
        if holder:
            return CacheAwaited(self._clock(), action.scope, action.node, holder)
        hit = await self._hit(action)  # the holder before it may have ended in between
        if hit is None and is_wanted():
            return CacheMissed(self._clock(), action.scope, action.node, reserved=True)
        await self._let_go(of, action)
        return hit

    async def _wait(self, of: ExecutionId, action: LookUpCache, is_wanted: Callable[[], bool]) -> Answer | None:
        delay_s = RECHECK_S
        while is_wanted():
            try:
                holder = await self._store.reservations.holder(action.key)
                hit = await self._hit(action)
                if hit is not None or holder in ("", action.holder):
                    return hit or CacheMissed(self._clock(), action.scope, action.node)
            except AlulaError as error:
                told = "it can't be told yet who computes %s: %s"
                logger.warning(told, action.key.task, error, extra=about(of))
            await self._next_release(action.key.digest, delay_s)
            delay_s = min(2 * delay_s, RECHECK_MAX_S)
        return None

    async def _let_go(self, of: ExecutionId, action: LookUpCache) -> None:
        def release() -> Coroutine[object, object, None]:
            return self._store.reservations.release(action.key, action.holder, owner=self._owner)

        await again(release, of, every_s=RECHECK_S)

    async def _hit(self, action: LookUpCache) -> CacheHit | None:
        entry = await self._store.catalog.get(action.key)
        if entry is None or await self._lost(entry.outputs):
            return None
        return CacheHit(self._clock(), action.scope, action.node, entry.outputs, entry.source)

    async def _lost(self, outputs: bytes) -> bool:
        root = f"{self._blobs.uri()}/"
        named = [uri for uri in uris(literals_pb2.LiteralMap.FromString(outputs)) if uri.startswith(root)]
        return bool(named) and not all(await asyncio.gather(*map(self._blobs.exists, named)))

    async def _differences(self, key: CacheKey) -> tuple[str, str]:
        """The differences from the nearest known run, and the attempt that made that; empty if there is none."""
        given = (("project", key.project), ("domain", key.domain), ("task", key.task))
        filters = tuple(Filter(field, "eq", (value,)) for field, value in given)
        known = await self._store.catalog.page(Query(limit=NEAR_MAX, filters=filters))
        place, differences = nearest([entry.key for entry in known], key)
        if place < 0:
            return "", ""
        return "; ".join(differences) or "its files are gone", known[place].source
