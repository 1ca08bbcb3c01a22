"""The disk of the data folder: how much is used for what, and whether there is room.

Imports nothing heavy: `alula status` reads it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from alula.core.amounts import not_amounts
from alula.core.size_text import text_of_bytes
from alula.server.measures import Metric, Reading

DATABASE = "alula.sqlite"
OBJECTS = "objects"
ENVIRONMENTS = "environments"
LOW_BYTES = 512 << 20
LOOK_EVERY_S = 30.0
FREE = Metric("alula_disk_free_bytes", "gauge", "Room on the disk of the data folder.")

logger = logging.getLogger(__name__)


class DiskOptions(msgspec.Struct, frozen=True):
    """Settings of the disk of the data folder."""

    low_bytes: int = LOW_BYTES
    """Less room than this is said in the log, by `alula status` and with the health; 0 for never."""

    def problems(self) -> Iterator[tuple[str, str]]:
        yield from not_amounts(self)


class DiskUse(msgspec.Struct, frozen=True):
    """Bytes on the disk of a data folder. What is kept elsewhere is not counted."""

    database: int
    objects: int
    other: int
    """Code, environments, working folders, logs."""
    free: int
    environments: int = 0
    """The part of the others that are Python environments which were made for tasks."""

    def __str__(self) -> str:
        used = ((self.database, "database"), (self.objects, "objects"), (self.other, "other files"))
        parts = [f"{text_of_bytes(size)} of {name}" for size, name in used]
        if self.environments:
            parts.append(f"{text_of_bytes(self.environments)} of these for environments")
        return f"{', '.join(parts)}; {text_of_bytes(self.free)} are free"


def disk_use(folder: Path) -> DiskUse:
    """The use of a data folder, by a look at each file. Raises OSError if there is no such folder."""
    sizes = {"database": 0, "objects": 0, "other": 0, "environments": 0}
    for entry in os.scandir(folder):
        kind = "database" if entry.name.startswith(DATABASE) else OBJECTS if entry.name == OBJECTS else "other"
        size = _size(entry)
        sizes[kind] += size
        if entry.name == ENVIRONMENTS:
            sizes["environments"] = size
    return DiskUse(**sizes, free=shutil.disk_usage(folder).free)


class Disk:
    """Looks from time to time whether there is room."""

    def __init__(self, folder: Path, low_bytes: int) -> None:
        self._folder = folder
        self._low_bytes = low_bytes
        self._is_low = False

    async def watch(self) -> None:
        """Say in the log when there is little room, and when there is enough again; without end."""
        while True:
            with contextlib.suppress(OSError):  # the folder is gone, which ends the platform
                self._say(await asyncio.to_thread(self._free))
            await asyncio.sleep(LOOK_EVERY_S)

    def use(self) -> DiskUse:
        """As `disk_use`."""
        return disk_use(self._folder)

    def trouble(self) -> str:
        """Says that there is little room; empty if there is enough."""
        with contextlib.suppress(OSError):
            free = self._free()
            if free < self._low_bytes:
                return f"little room is left on the disk of {self._folder}: {text_of_bytes(free)}"
        return ""

    def measure(self) -> Iterable[Reading]:
        """The figure of the room that is left."""
        with contextlib.suppress(OSError):
            yield Reading(FREE, {(): self._free()})

    def _free(self) -> int:
        return shutil.disk_usage(self._folder).free

    def _say(self, free: int) -> None:
        is_low = free < self._low_bytes
        if is_low and not self._is_low:
            said = "little room is left on the disk of %s: %s; free some, or have retention remove runs"
            logger.warning(said, self._folder, text_of_bytes(free))
        elif self._is_low and not is_low:
            logger.warning("there is room on the disk of %s again: %s", self._folder, text_of_bytes(free))
        self._is_low = is_low


def _size(entry: os.DirEntry[str]) -> int:
    """The bytes that a file or a folder takes on the disk."""
    total = 0
    entries = [entry]
    while entries:
        each = entries.pop()
        with contextlib.suppress(OSError):  # it is gone by now, or may not be read
            total += each.stat(follow_symlinks=False).st_blocks * 512
            if each.is_dir(follow_symlinks=False):
                with os.scandir(each.path) as inside:
                    entries.extend(inside)
    return total
