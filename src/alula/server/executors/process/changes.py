"""Changes of files in watched folders, told by the kernel (inotify), so that nobody has to look at each file.

A folder that can't be watched (the kernel's limits) counts as changed as a whole: slower, and never wrong. Watching may
be asked for by any thread, reading by one.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterable
from typing import Any, NamedTuple

IN_MODIFY, IN_ATTRIB, IN_CLOSE_WRITE = 0x2, 0x4, 0x8
IN_MOVED_FROM, IN_MOVED_TO, IN_CREATE, IN_DELETE = 0x40, 0x80, 0x100, 0x200
IN_DELETE_SELF, IN_MOVE_SELF, IN_Q_OVERFLOW, IN_IGNORED = 0x400, 0x800, 0x4000, 0x8000
IN_ONLYDIR, IN_DONT_FOLLOW, IN_ISDIR = 0x1000000, 0x2000000, 0x40000000
MASK = (
    IN_MODIFY
    | IN_ATTRIB
    | IN_CLOSE_WRITE
    | IN_MOVED_FROM
    | IN_MOVED_TO
    | IN_CREATE
    | IN_DELETE
    | IN_DELETE_SELF
    | IN_MOVE_SELF
    | IN_ONLYDIR
)
HEADER = struct.Struct("iIII")
READ_BYTES = 64 * 1024
FILES_MAX = 1000
"""In a folder with more, links to its files are not seen: each watch costs memory of the kernel."""


class Changed(NamedTuple):
    """The changes in a folder."""

    paths: frozenset[str] = frozenset()
    """Relative to it: files that were written, made, moved or removed, and folders that were not there before."""
    unknown: bool = False
    """True if more was changed than that, such as a folder that was watched."""


class Changes:
    """Watches folders with all that is in them at that time, but for folders with the name `ignored`."""

    def __init__(self, *, ignored: str = "") -> None:
        self._ignored = ignored
        libc: Any = ctypes.CDLL(None, use_errno=True)
        self._add: Any = libc.inotify_add_watch
        self._remove: Any = libc.inotify_rm_watch
        self._file: int = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        """-1 if the kernel gives none."""
        self._places: dict[int, tuple[str, str]] = {}
        """The watched folder and the path in it, by watch descriptor."""
        self._watches: dict[str, dict[str, int]] = {}
        """By watched folder: the watch descriptors, by path in it."""
        self._unwatched: set[str] = set()
        self._paths: dict[str, set[str]] = {}
        """Changes that were not asked for yet, by watched folder."""
        self._unknown: set[str] = set()

    def watch(self, folder: str) -> None:
        """Watch a folder from now on; nobody may be writing there yet."""
        self._watches[folder] = {}
        paths: list[str] = []
        for path, folders, files in os.walk(folder):
            if self._ignored in folders:
                folders.remove(self._ignored)
            inner = path[len(folder) + 1 :]
            self._watch_one(folder, inner, MASK)
            paths += [f"{inner}/{name}" if inner else name for name in files]
        self.watch_files(folder, paths if len(paths) <= FILES_MAX else ())

    def watch_files(self, folder: str, paths: Iterable[str]) -> None:
        """Watch for new links to these files: a file that is changed through a link elsewhere tells only that it got
        one."""
        watches = self._watches.get(folder, {})
        for path in paths:
            if path in watches:
                self._places.pop(watches[path], None)
                self._remove(self._file, watches.pop(path))
            if os.path.isfile(f"{folder}/{path}"):
                self._watch_one(folder, path, IN_ATTRIB | IN_DONT_FOLLOW)

    def _watch_one(self, folder: str, path: str, mask: int) -> None:
        number: int = self._add(self._file, os.fsencode(f"{folder}/{path}"), mask)
        if number < 0:
            self._unwatched.add(folder)
        else:
            self._places[number] = folder, path
            self._watches[folder][path] = number

    def forget(self, folder: str) -> None:
        """Watch it no more."""
        self._unwatched.discard(folder)
        for number in self._watches.pop(folder, {}).values():
            self._places.pop(number, None)
            self._remove(self._file, number)
        self._paths.pop(folder, None)
        self._unknown.discard(folder)

    def take(self, folder: str) -> Changed | None:
        """The changes in a folder since the last time; None if there are none."""
        self._read()
        unknown = folder in self._unwatched or folder in self._unknown
        paths = self._paths.pop(folder, None)
        if paths is None and not unknown:
            return None
        self._unknown.discard(folder)
        return Changed(frozenset(paths or ()), unknown)

    def close(self) -> None:
        """Free the kernel's watches."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _read(self) -> None:
        while self._file >= 0:
            try:
                data = os.read(self._file, READ_BYTES)
            except BlockingIOError:
                return
            start = 0
            while start < len(data):
                number, mask, _cookie, size = HEADER.unpack_from(data, start)
                start += HEADER.size
                name = data[start : start + size].rstrip(b"\0")
                start += size
                self._note(number, mask, os.fsdecode(name))

    def _note(self, number: int, mask: int, name: str) -> None:
        if mask & IN_Q_OVERFLOW:
            self._unknown.update(self._watches)
            return
        place = self._places.get(number)
        if place is None or (name and name == self._ignored):
            return
        folder, inner = place
        path = f"{inner}/{name}" if inner and name else inner or name
        is_folder = mask & IN_ISDIR or (not name and mask & (IN_DELETE_SELF | IN_MOVE_SELF))
        if not path or (is_folder and path in self._watches[folder]):
            self._unknown.add(folder)
        elif not mask & IN_IGNORED:
            self._paths.setdefault(folder, set()).add(path)
