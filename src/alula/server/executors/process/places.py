"""Folders of attempts whose end is durable: files that repeat the log are removed, and the folder serves another
attempt.

A node would leave three folders and three files for a few bytes that are in the log. They are used again rather than
removed and made: making and removing them is expensive (ext4 looks at each recently removed inode when it makes a new
one). Folders that no attempt has taken within a second or two are cleared in a thread.
A file names what is still to be cleared, so that the next platform goes on with it after a crash.

Nothing that a task left is opened. Files of known names are removed, a folder with anything else in it stays.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import stat
import sys
from collections import defaultdict, deque
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import NamedTuple

from alula.core.error_text import MESSAGE_MAX_BYTES
from alula.server import incidents
from alula.server.executor import AttemptSpec
from alula.server.executors.process.ending import LOG, RECORD
from alula.server.executors.results import ERROR, OUTPUTS

INPUTS = "inputs.pb"

WAIT_S = 1.0
"""A folder waits this long to be used again, and at most twice as long."""
NEEDLESS = {OUTPUTS: sys.maxsize, RECORD: sys.maxsize, ERROR: MESSAGE_MAX_BYTES, LOG: 0}
"""Files that repeat what the log holds, with the most bytes that each may have: the log cuts longer errors."""
MOST_LISTED_BYTES = 64 * 1024
"""The limit of a folder itself: a larger one has more names than are looked at on the event loop."""


class Place(NamedTuple):
    """The folder of an attempt that is over."""

    path: str
    above: int
    """The number of folders above it that are its node's or item's alone."""
    has_inputs: bool
    """True if the inputs stand beside it, and are its node's or item's alone."""
    succeeded: bool = False
    """If False, its outputs are not in the log, and another attempt may need its inputs."""
    inputs: str = ""
    """The file of its inputs."""

    @property
    def shape(self) -> tuple[int, bool, str]:
        """The kind of a place: one can become any other of its kind by a new name."""
        return self.above, self.has_inputs, self.path.rpartition("/")[2]

    def folders_above(self) -> list[str]:
        """Those that are its node's or item's alone, from the lowest on."""
        paths, path = list[str](), self.path
        for _ in range(self.above):
            path = path.rpartition("/")[0]
            paths.append(path)
        return paths


def place_of(spec: AttemptSpec) -> Place:
    """The place of an attempt: `NODE/data/0`, or `NODE/data/0/n7/0` for an item, which may have inputs of its own."""
    has_inputs = spec.input_uri.rpartition("/")[0] == spec.output_prefix.rpartition("/")[0]
    return Place(spec.output_prefix, 1 if spec.id.index >= 0 else 2, has_inputs, inputs=spec.input_uri)


class _Queues:
    """Places, first come, first served, by what they can be used for."""

    def __init__(self) -> None:
        self._by_shape = defaultdict[tuple[int, bool, str], deque[Place]](deque)

    def __bool__(self) -> bool:
        return any(self._by_shape.values())

    def add(self, place: Place) -> None:
        self._by_shape[place.shape].append(place)

    def take(self, wanted: Place) -> Place | None:
        """The first that has the shape that is wanted; None if there is none."""
        queue = self._by_shape[wanted.shape]
        return queue.popleft() if queue else None

    def places(self) -> list[Place]:
        return [place for queue in self._by_shape.values() for place in queue]

    def take_all(self) -> list[Place]:
        places = self.places()
        self._by_shape.clear()
        return places


class Places:
    """The folders of an executor's attempts. `names` is the file that names those to be cleared."""

    def __init__(self, names: Path) -> None:
        self._names = names
        self._new = _Queues()
        self._waiting = _Queues()
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
        self._odd.extend(self._new.take_all())
        await self._clear()

    def add(self, places: Collection[Place]) -> None:
        """Take over folders that nobody needs any more."""
        for place in places:
            self._new.add(place)
        try:
            write_names(self._names, places)
        except OSError as error:
            incidents.report(error, "while folders were noted that are to be cleared")
        self._clear_later()

    def make(self, place: Place) -> bool:
        """Make a folder, with what is missing above it. There is nothing in it, or an empty log. True if the inputs of
        another attempt stand beside it. Raises FileExistsError, and other OSErrors."""
        old = self._waiting.take(place) or self._new.take(place)
        if old is not None:
            if self._used_again(old, place):
                return place.has_inputs
            self._odd.append(old)
        make_folder(place.path)
        self._mode = self._mode or os.stat(place.path).st_mode
        return False

    def _used_again(self, old: Place, new: Place) -> bool:
        try:
            return self._is_as_made(old.path) and not clear(old, keep_log=True) and self._moved(old, new)
        except OSError:  # such as: it is gone, or there is something where it should go
            return False

    def _moved(self, old: Place, new: Place) -> bool:
        """Move it with the folders above it, if they are as they were made."""
        if old.has_inputs and not old.succeeded:
            return False
        name = old.path.rpartition("/")[2]
        expected = [INPUTS, name] if old.has_inputs else [name]
        above = old.folders_above()
        for path in above:
            if not self._is_as_made(path) or sorted(os.listdir(path)) != sorted(expected):
                return False
            expected = [path.rpartition("/")[2]]
        target = new.folders_above()[-1]
        try:
            os.rename(above[-1], target)
        except FileNotFoundError:  # the run's first node
            make_folder(os.path.dirname(target))
            os.rename(above[-1], target)
        return True

    def _is_as_made(self, path: str) -> bool:
        found = os.lstat(path)
        return found.st_mode == self._mode and found.st_size <= MOST_LISTED_BYTES

    def _clear_later(self) -> None:
        if self._next_round is None and (self._waiting or self._new or self._odd):
            self._next_round = asyncio.get_running_loop().call_later(WAIT_S, self._begin_round)

    def _begin_round(self) -> None:
        self._round = asyncio.create_task(self._clear())

    async def _clear(self) -> None:
        """One round: clear those that wait, and let the new ones wait."""
        places, self._odd = [*self._waiting.take_all(), *self._odd], deque()
        if places:
            await asyncio.to_thread(clear_all, places)
        self._waiting, self._new = self._new, self._waiting
        with contextlib.suppress(OSError):
            self._names.unlink()
            write_names(self._names, [*self._waiting.places(), *self._odd])
        self._next_round = None
        self._clear_later()


def clear_all(places: Iterable[Place]) -> None:
    """Remove needless files in these places, and those that are empty then."""
    for place in places:
        with contextlib.suppress(OSError):
            clear(place)
        remove_empty(place)


def clear(place: Place, *, keep_log: bool = False) -> int:
    """Remove needless files; returns the number of other entries. With `keep_log` an empty log stays for the next
    attempt. Raises OSError."""
    with os.scandir(place.path) as found:
        entries = list(found)
    kept = 0
    for entry in entries:
        if not ((entry.name != OUTPUTS or place.succeeded) and is_needless(entry)):
            kept += 1
        elif not (keep_log and entry.name == LOG and is_private(entry)):
            os.unlink(entry.path)
    return kept


def is_needless(entry: os.DirEntry[str]) -> bool:
    """True if a file repeats the log. The folder tells the files; one is looked at itself only if its size matters."""
    most_bytes = NEEDLESS.get(entry.name, -1)
    if most_bytes < 0 or not entry.is_file(follow_symlinks=False):
        return False
    return most_bytes == sys.maxsize or entry.stat(follow_symlinks=False).st_size <= most_bytes


def is_private(entry: os.DirEntry[str]) -> bool:
    """True if a file has the permissions that the platform gave it, and no other name."""
    found = entry.stat(follow_symlinks=False)
    return stat.S_IMODE(found.st_mode) == 0o600 and found.st_nlink == 1


def remove_empty(place: Place) -> None:
    """Remove the folder if it is empty, then its inputs and those above that are its node's or item's alone."""
    with contextlib.suppress(OSError):
        os.rmdir(place.path)
        above = place.folders_above()
        if place.has_inputs and place.succeeded:
            os.unlink(f"{above[0]}/{INPUTS}")
        for path in above:
            os.rmdir(path)


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
    lines = "".join(f"{place.above}{place.has_inputs:d}{place.succeeded:d} {place.path}\n" for place in places)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, os.fsencode(lines))
    finally:
        os.close(descriptor)


def read_names(file: Path) -> Iterable[Place]:
    """The last line may have been cut. Raises OSError."""
    for line in os.fsdecode(file.read_bytes()).split("\n")[:-1]:
        marks, _, path = line.partition(" ")
        if len(marks) == 3 and marks.isdecimal():
            yield Place(path, int(marks[0]), marks[1] == "1", marks[2] == "1")
