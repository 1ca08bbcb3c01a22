"""Find and end processes that outlived the process that should have ended them.

Only for use after a crash (of the platform or of a fork server); in the normal course the fork server knows its
processes. A process is taken for one of this platform for one of two reasons: it was registered by its id and start
time, or it has inherited the mark that fork servers give to all that they start. Processes below it or in its session
go with it. The folder of a process and its open files say nothing: they may be anybody's.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import stat
import time
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import NamedTuple

from alula.server.removal import make_folder

SETTLE_TIMEOUT_S = 5.0
MARK = "ALULA_STARTED_BY"
"""The variable that holds the mark."""


class Process(NamedTuple):
    """One entry of /proc, as of one moment."""

    pid: int
    parent: int
    session: int
    start_time: int
    """Clock ticks since boot."""


def process(pid: int) -> Process | None:
    """The process `pid` by /proc; None if there is no such process or only its corpse."""
    try:
        text = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    fields = text[text.rfind(b")") + 2 :].split()
    if fields[0] == b"Z":
        return None
    return Process(pid, int(fields[1]), int(fields[3]), int(fields[19]))


def processes() -> list[Process]:
    """All living processes."""
    found = (process(int(each)) for each in os.listdir("/proc") if each.isdigit())
    return [each for each in found if each is not None]


def with_descendants(roots: Collection[int], among: Iterable[Process]) -> set[int]:
    """The ids of these processes and of all below them."""
    children: dict[int, list[int]] = {}
    for each in among:
        children.setdefault(each.parent, []).append(each.pid)
    found = list(roots)
    for pid in found:
        found += children.get(pid, ())
    return set(found)


def with_ancestors(pid: int, among: Iterable[Process]) -> set[int]:
    parents = {each.pid: each.parent for each in among}
    found: set[int] = set()
    while pid in parents and pid not in found:
        found.add(pid)
        pid = parents[pid]
    return found


def has_mark(pid: int, mark: str) -> bool:
    """True if a process was started with this mark, or one that begins with it and a slash."""
    try:
        variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False
    wanted = f"{MARK}={mark}".encode()
    return any(each == wanted or each.startswith(wanted + b"/") for each in variables)


def end(find: Callable[[], list[Process]]) -> list[Process]:
    """Kill the processes that `find` gives until it gives none; returns those killed. Blocks, at most some seconds."""
    killed: dict[int, Process] = {}
    until = time.monotonic() + SETTLE_TIMEOUT_S
    while (found := find()) and time.monotonic() < until:
        for each in found:
            kill(each)
            killed[each.pid] = each
        time.sleep(0.002)
    return list(killed.values())


def kill(found: Process) -> None:
    """Kill this process, and not one that has got its id since."""
    with contextlib.suppress(OSError):  # it is gone, or belongs to somebody else
        handle = os.pidfd_open(found.pid)
        try:
            now = process(found.pid)
            if now is not None and now.start_time == found.start_time:
                signal.pidfd_send_signal(handle, signal.SIGKILL)
        finally:
            os.close(handle)


def end_marked(mark: str, *, sessions: Collection[int] = (), known: Collection[tuple[int, int]] = ()) -> list[Process]:
    """End every process with this mark, in one of these sessions, or known by id and start time, and all that belongs
    to it; but neither this process nor those that it was started by.

    The oldest first: a fork server that sees an attempt end by the signal would record that as the attempt's end.
    """

    def find() -> list[Process]:
        among = processes()
        spared = with_ancestors(os.getpid(), among)
        roots = [each for each in among if (each.pid, each.start_time) in known or has_mark(each.pid, mark)]
        wanted = {*sessions, *(each.session for each in roots if each.pid not in spared)}
        members = [each.pid for each in among if each.session in wanted]
        found = with_descendants([*(each.pid for each in roots if each.pid not in spared), *members], among)
        return sorted((each for each in among if each.pid in found - spared), key=lambda each: each.start_time)

    return end(find)


class Register:
    """The fork servers that this platform has, in a folder, so that its successor finds those that outlive it."""

    def __init__(self, folder: Path, data: Path) -> None:
        self.folder = folder
        self._data = data
        self._numbers = itertools.count(1)

    def mark(self) -> str:
        """The mark of this platform: no other data folder of this machine has the same."""
        found = os.stat(self._data)
        return f"{found.st_dev:x}-{found.st_ino:x}"

    def new_mark(self) -> str:
        """A mark for one fork server of this platform."""
        return f"{self.mark()}/{next(self._numbers)}"

    def add(self, pid: int) -> None:
        found = process(pid)
        if found is not None:
            (self.folder / str(pid)).write_text(str(found.start_time))

    def remove(self, pid: int) -> None:
        (self.folder / str(pid)).unlink(missing_ok=True)

    def end_all(self) -> list[Process]:
        """End processes that an earlier platform on this data folder has left. Other files in the folder are left
        alone."""
        make_folder(self.folder.parent)
        make_folder(self.folder)
        known = [(int(path.name), start_time_in(path)) for path in self.folder.iterdir() if is_entry(path)]
        killed = end_marked(self.mark(), known=known)
        for pid, _ in known:
            self.remove(pid)
        return killed


def is_entry(path: Path) -> bool:
    return path.name.isascii() and path.name.isdigit() and stat.S_ISREG(path.lstat().st_mode)


def start_time_in(path: Path) -> int:
    """The start time in a file; -1, which no process has, if it holds none."""
    with path.open("rb") as file:
        text = file.read(32)
    return int(text) if text.isdigit() else -1
