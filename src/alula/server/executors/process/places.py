"""Folders of attempts whose end is durable: files that repeat the log are removed, and the folder serves another
attempt.

A mapped item would leave two folders and two files for a few bytes that are in the log. They are used again rather than
removed and made: making and removing folders is expensive (ext4 looks at each recently removed inode when it makes a
new one). Folders that no attempt has taken within a second or two are cleared in a thread.
A file names what is still to be cleared, so that the next platform goes on with it after a crash.

Nothing that a task left is opened. Files of known names are removed, a folder with anything else in it stays.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections import deque
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import NamedTuple

from alula.core.error_text import MESSAGE_MAX_BYTES
from alula.server import incidents
from alula.server.executor import AttemptSpec
from alula.server.executors.process.ending import ERROR, LOG, OUTPUTS, RECORD

WAIT_S = 1.0
"""A folder waits this long to be used again, and at most twice as long."""
NEEDLESS = {OUTPUTS: sys.maxsize, RECORD: sys.maxsize, ERROR: MESSAGE_MAX_BYTES, LOG: 0}
"""Files that repeat what the log holds, with the most bytes that each may have: the log cuts longer errors."""
MOST_LISTED_BYTES = 64 * 1024
"""The limit of a folder itself: a larger one has more names than are looked at on the event loop."""


class Place(NamedTuple):
    """The folder of an attempt that is over."""

    path: str
    is_item: bool
    """True if the folder above is that of an item of an array, and of nothing else."""
    succeeded: bool = False
    """If False, its outputs are not in the log."""


def place_of(spec: AttemptSpec) -> Place:
    """The place of an attempt. The folder of an item may have inputs of its own in it, and is not used again then."""
    is_item = spec.id.index >= 0 and os.path.dirname(spec.input_uri) != os.path.dirname(spec.output_prefix)
    return Place(spec.output_prefix, is_item)


class Places:
    """The folders of an executor's attempts. `names` is the file that names those to be cleared."""

    def __init__(self, names: Path) -> None:
        self._names = names
        self._new: deque[Place] = deque()
        self._waiting: deque[Place] = deque()
        """The places that are there since the last round."""
        self._odd: deque[Place] = deque()
        """The places that can't be used again."""
        self._next_round: asyncio.TimerHandle | None = None
        self._round: asyncio.Task[None] | None = None
        self._mode = 0
        """The mode of a new folder. One to which a task gave other permissions is not used again."""

    def go_on(self) -> None:
        """Clear the folders that an earlier platform had still to clear. Takes longer the more they are."""
        with contextlib.suppress(OSError, ValueError):  # the second for names that are none
            clear_all(read_names(self._names))
            self._names.unlink()

    async def stop(self) -> None:
        """Clear everything: the folders that came in the last seconds."""
        if self._round is not None:
            await self._round
        if self._next_round is not None:
            self._next_round.cancel()
        self._waiting.extend(self._new)
        self._new.clear()
        await self._clear()

    def add(self, places: Collection[Place]) -> None:
        """Take over folders that nobody needs any more."""
        self._new.extend(places)
        try:
            write_names(self._names, places)
        except OSError as error:
            incidents.report(error, "while folders were noted that are to be cleared")
        self._clear_later()

    def make(self, place: Place) -> None:
        """Make an empty folder, with what is missing above it. Raises FileExistsError, and other OSErrors."""
        queue = self._waiting or self._new
        if queue and self._used_again(queue.popleft(), place):
            return
        make_folder(place.path)
        self._mode = self._mode or os.stat(place.path).st_mode

    def _used_again(self, old: Place, new: Place) -> bool:
        try:
            if not self._is_as_made(old.path):
                self._odd.append(old)
                return False
            if not clear(old) and self._moved(old, new):
                return True
        except OSError:  # such as: it is gone, or there is something where it should go
            pass
        remove_empty(old)
        return False

    def _moved(self, old: Place, new: Place) -> bool:
        if not (old.is_item or new.is_item):
            os.rename(old.path, new.path)
            return True
        above, name = os.path.split(old.path)
        target, new_name = os.path.split(new.path)
        if old.is_item and new.is_item and name == new_name and self._has_one_folder(above):
            os.rename(above, target)
            return True
        return False

    def _is_as_made(self, path: str) -> bool:
        found = os.lstat(path)
        return found.st_mode == self._mode and found.st_size <= MOST_LISTED_BYTES

    def _has_one_folder(self, path: str) -> bool:
        """True if it holds exactly one folder; never on a file system that does not count folders as links."""
        found = os.lstat(path)
        return found.st_mode == self._mode and found.st_nlink == 3  # by itself, from above, and from that folder

    def _clear_later(self) -> None:
        if self._next_round is None and (self._waiting or self._new or self._odd):
            self._next_round = asyncio.get_running_loop().call_later(WAIT_S, self._begin_round)

    def _begin_round(self) -> None:
        self._round = asyncio.create_task(self._clear())

    async def _clear(self) -> None:
        """One round: clear those that wait, and let the new ones wait."""
        places, self._waiting, self._odd = self._waiting + self._odd, deque(), deque()
        if places:
            await asyncio.to_thread(clear_all, places)
        self._waiting, self._new = self._new, self._waiting
        with contextlib.suppress(OSError):
            self._names.unlink()
            write_names(self._names, self._waiting)
        self._next_round = None
        self._clear_later()


def clear_all(places: Iterable[Place]) -> None:
    """Remove needless files in these places, and those that are empty then."""
    for place in places:
        with contextlib.suppress(OSError):
            clear(place)
        remove_empty(place)


def clear(place: Place) -> int:
    """Remove needless files; returns the number of entries that are kept. Raises OSError."""
    with os.scandir(place.path) as found:
        entries = list(found)
    kept = 0
    for entry in entries:
        if (entry.name != OUTPUTS or place.succeeded) and is_needless(entry):
            os.unlink(entry.path)
        else:
            kept += 1
    return kept


def is_needless(entry: os.DirEntry[str]) -> bool:
    """True if a file repeats the log. The folder tells the files; one is looked at itself only if its size matters."""
    most_bytes = NEEDLESS.get(entry.name, -1)
    if most_bytes < 0 or not entry.is_file(follow_symlinks=False):
        return False
    return most_bytes == sys.maxsize or entry.stat(follow_symlinks=False).st_size <= most_bytes


def remove_empty(place: Place) -> None:
    """Remove the folder if it is empty, then that of its item."""
    with contextlib.suppress(OSError):
        os.rmdir(place.path)
    if place.is_item:
        with contextlib.suppress(OSError):
            os.rmdir(os.path.dirname(place.path))


def make_folder(path: str) -> None:
    """Make a folder, with what is missing above it, which is mostly one folder. Raises FileExistsError, and other
    OSErrors."""
    try:
        os.mkdir(path)
    except FileNotFoundError:
        with contextlib.suppress(FileExistsError):
            make_folder(os.path.dirname(path))
        os.mkdir(path)


def write_names(file: Path, places: Collection[Place]) -> None:
    """Append a line for each. Raises OSError."""
    if not places:
        return
    lines = "".join(f"{place.is_item:d}{place.succeeded:d} {place.path}\n" for place in places)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, os.fsencode(lines))
    finally:
        os.close(descriptor)


def read_names(file: Path) -> Iterable[Place]:
    """The last line may have been cut. Raises OSError."""
    for line in os.fsdecode(file.read_bytes()).split("\n")[:-1]:
        marks, _, path = line.partition(" ")
        yield Place(path, marks.startswith("1"), marks.endswith("1"))
