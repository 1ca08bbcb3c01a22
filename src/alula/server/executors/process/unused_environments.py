"""Removal of environments that nothing has used for long.

An environment's mark of being whole (`READY`) has the time of its last use. One that goes gets another name at once, so
that whoever wants it again makes it anew, and is emptied beside the event loop.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import fcntl
import logging
import os
import time
from collections.abc import Callable, Container, Iterator
from pathlib import Path

from alula.server.removal import remove_tree

READY = ".alula-ready"
"""Marks an environment that is whole."""
LOOK_EVERY_S = 3600.0
"""The interval at which unused ones are looked for, and the precision of the time of the last use."""
DAY_S = 86400.0
_GOING = ".going-"
"""Begins the name of one that is being removed."""

logger = logging.getLogger(__name__)


class UnusedEnvironments:
    """The environments of a folder, with their uses. All but the emptying happens on the event loop, as does the choice
    of an environment for an attempt."""

    def __init__(
        self, folder: Path, *, keep_s: float, forget: Callable[[], None], clock: Callable[[], float] = time.time
    ) -> None:
        """`keep_s` is the time without use for which one is kept; 0 is for ever. `forget` is called when some are no
        longer there."""
        self._folder = folder
        self._keep_s = keep_s
        self._forget = forget
        self._clock = clock
        self._users: collections.Counter[str] = collections.Counter()
        self._noted: dict[str, float] = {}
        """When the use of an environment was noted last."""

    def take(self, python: str) -> str:
        """Count a user of the environment of a Python more, until `give_back` of what this returns."""
        name = self._name_of(python)
        if name:
            self._users[name] += 1
            self._note(name)
        return name

    def give_back(self, name: str) -> None:
        """Count one less."""
        if name:
            self._note(name)
            self._users[name] -= 1
            if not self._users[name]:
                del self._users[name]

    async def run(self, making: Container[Path]) -> None:
        """Remove what is due, now and from time to time, without end. Those in `making` stay."""
        while True:
            try:
                await self.remove(making)
            except OSError as error:
                logger.warning("environments that nothing uses can't be removed: %s", error)
            await asyncio.sleep(LOOK_EVERY_S)

    async def remove(self, making: Container[Path]) -> None:
        """Remove what is due. Raises OSError."""
        for each in list(self._due(making)):
            self._put_aside(each)
        for each in self._folder.glob(f"{_GOING}*"):  # those of a process that has died, too
            await asyncio.to_thread(remove_tree, each)

    def _due(self, making: Container[Path]) -> Iterator[Path]:
        if not self._keep_s or not self._folder.is_dir():
            return
        before = self._clock() - self._keep_s
        for entry in self._folder.iterdir():
            if entry.name.startswith(".") or not entry.is_dir() or entry in making or entry.name in self._users:
                continue
            if _last_use(entry) < before:
                yield entry

    def _put_aside(self, folder: Path) -> None:
        with open(folder.with_name(f".{folder.name}.lock"), "w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:  # another process makes it
                return
            folder.rename(folder.with_name(f"{_GOING}{folder.name}"))
        self._noted.pop(folder.name, None)
        self._forget()
        logger.info("removes environment %s, which nothing has used for %g days", folder.name, self._keep_s / DAY_S)

    def _note(self, name: str) -> None:
        now = self._clock()
        if now - self._noted.get(name, 0) >= LOOK_EVERY_S:
            self._noted[name] = now
            with contextlib.suppress(FileNotFoundError):  # somebody removes it by hand
                os.utime(self._folder / name / READY, (now, now))

    def _name_of(self, python: str) -> str:
        """The name of the environment that a Python belongs to; empty for a Python that was not made here."""
        parent, _, name = python.rpartition("/bin/")[0].rpartition("/")
        return name if parent == str(self._folder) else ""


def _last_use(folder: Path) -> float:
    """The time of the last use of an environment, or at which it was begun if it was never whole."""
    mark = folder / READY
    return (mark if mark.exists() else folder).stat().st_mtime
