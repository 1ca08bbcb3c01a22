"""Files of ended attempts that become objects, where the platform keeps its objects elsewhere.

Attempts write below a folder of this machine. Most leave only what the log of their run has as well, and cost the store
no request. A deck is published before the end is told, as rows refer to it; logs and long errors when the end is
durable, beside everything else. What is published is removed here. A file that the store does not take stays, and is
tried again by the next platform.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable
from functools import partial

from alula.core.errors import AlreadyExists, AlulaError
from alula.server import incidents
from alula.server.blob import Blobs
from alula.server.executors.command import TEMPLATE
from alula.server.executors.process.ending import RECORD
from alula.server.executors.process.places import Place, is_needless
from alula.server.executors.results import DECK, OUTPUTS
from alula.server.staging import Staging
from alula.server.trouble import passes
from alula.server.untrusted import Tree, Unreadable

AT_ONCE = 16
"""Files that go to the store at the same time."""
RETRY_S = 1.0
RETRY_MAX_S = 60.0
PIECE_BYTES = 1 << 20
DECK_TRIES = 3
_NO_RESULTS = ("inputs.pb", TEMPLATE, RECORD)
"""Names of files that no object needs."""

logger = logging.getLogger(__name__)


class Publisher:
    """Publishes places of ended attempts; `done` takes each when nothing of it is to be published any more."""

    def __init__(self, blobs: Blobs, staging: Staging, done: Callable[[Place], None]) -> None:
        self._blobs = blobs
        self._staging = staging
        self._tree = Tree(staging.folder)
        self._done = done
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()

    async def stop(self) -> None:
        """Leave what is under way: the next platform goes on with it."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def add(self, place: Place) -> None:
        """Publish what stays of an attempt whose end is durable, if there is anything."""
        try:
            paths = files_of(place)
        except OSError:
            paths = []
        if paths:
            self._beside(partial(self._publish, place, paths))
        else:
            self._done(place)

    async def deck(self, prefix: str) -> bool:
        """Publish the deck of an attempt; False if that can't be done, as its end must not wait for ever."""
        for number in range(DECK_TRIES):
            try:
                await self._replace(f"{prefix}/{DECK}")
            except AlulaError as error:
                logger.warning("the deck of an attempt can't be kept: %s", error)
                if not passes(error):
                    return False
                await asyncio.sleep(RETRY_S * number)
            except (OSError, Unreadable):
                return False
            else:
                return True
        return False

    async def sweep(self, spared: Collection[str], is_used: Callable[[str], bool]) -> None:
        """Publish what earlier platforms have left beside the event loop. The files that are there now count, without
        those in the spared folders, and each only if it is not used again when its turn comes."""
        found = await asyncio.to_thread(found_in, self._staging.folder, frozenset(spared))
        self._beside(partial(self._clear, found, is_used))

    async def _clear(self, paths: Iterable[str], is_used: Callable[[str], bool]) -> None:
        for path in paths:
            if is_used(path):
                continue
            with contextlib.suppress(AlreadyExists, Unreadable, OSError):  # it, or that of another start, is published
                if os.path.basename(path) not in _NO_RESULTS and os.path.getsize(path):
                    await again(partial(self._put, path))
            with contextlib.suppress(OSError):
                os.unlink(path)
                os.removedirs(os.path.dirname(path))

    async def _publish(self, place: Place, paths: Iterable[str]) -> None:
        await asyncio.gather(*map(self._publish_file, paths))
        self._done(place)

    async def _publish_file(self, path: str) -> None:
        async with self._slots:
            try:
                await again(partial(self._replace, path))
                os.unlink(path)
            except (OSError, Unreadable):
                return  # it is gone, or no file that could be an object
            except AlulaError as error:
                logger.warning("%s stays on this machine, as it can't be kept as an object: %s", path, error)

    async def _replace(self, path: str) -> None:
        """Publish a file also if an earlier start of the same attempt has published its own."""
        try:
            await self._put(path)
        except AlreadyExists:
            await self._blobs.delete(self._staging.uri(path))
            await self._put(path)

    async def _put(self, path: str) -> None:
        """Raises OSError, `Unreadable`, and the errors of the store."""
        await self._blobs.put_stream(self._staging.uri(path), self._pieces(path))

    async def _pieces(self, path: str) -> AsyncIterator[bytes]:
        file = self._tree.open(path)
        try:
            while piece := await asyncio.to_thread(os.read, file, PIECE_BYTES):
                yield piece
        finally:
            os.close(file)

    def _beside(self, work: Callable[[], Awaitable[None]]) -> None:
        async def guarded() -> None:
            try:
                await work()
            except Exception as error:  # noqa: BLE001 - what one attempt left must not hold up the others
                incidents.report(error, "while files of an attempt were published")

        task = asyncio.create_task(guarded())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def again(publish: Callable[[], Awaitable[None]]) -> None:
    """Publish something, again for as long as the trouble passes."""
    delay_s = RETRY_S
    while True:
        try:
            return await publish()
        except AlulaError as error:
            if not passes(error):
                raise
            logger.warning("a file of an attempt can't be kept as an object now: %s", error)
        await asyncio.sleep(delay_s)
        delay_s = min(2 * delay_s, RETRY_MAX_S)


def files_of(place: Place) -> list[str]:
    """The files of a place that say more than the log does. Raises OSError."""
    with os.scandir(place.path) as found:
        return [
            entry.path
            for entry in found
            if entry.is_file(follow_symlinks=False)
            and not ((entry.name != OUTPUTS or place.succeeded) and is_needless(entry))
        ]


def found_in(folder: str, spared: frozenset[str]) -> list[str]:
    """All files below a folder, without those in the spared folders."""
    found: list[str] = []
    for path, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if f"{path}/{name}" not in spared]
        found += [f"{path}/{name}" for name in names]
    return found
