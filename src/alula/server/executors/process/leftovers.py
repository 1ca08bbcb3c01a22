"""Find and end processes that outlived whoever should have ended them.

Only for what comes after a crash (of the platform or of a fork server); in the normal course the fork server knows its
processes. Everything here identifies a process by its id together with its start time, so that an id that was
given to somebody else is never signalled.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

SETTLE_TIMEOUT_S = 5.0


class Process(NamedTuple):
    """One entry of /proc, as of one moment."""

    pid: int
    parent: int
    session: int
    start_time: int
    """Clock ticks since boot."""


def process(pid: int) -> Process | None:
    """What /proc says of `pid`; None when there is no such process or only its corpse."""
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


def descendants(root: int, among: list[Process]) -> list[Process]:
    """All below `root`, parents first."""
    below = [each for each in among if each.parent == root]
    return below + [each for child in below for each in descendants(child.pid, among)]


def uses_folder(pid: int, folders: tuple[str, ...]) -> bool:
    """Whether a process works in, or has a file open for its output in, one of these folders."""
    links = [f"/proc/{pid}/cwd", f"/proc/{pid}/fd/1", f"/proc/{pid}/fd/2"]
    for link in links:
        with contextlib.suppress(OSError):
            if os.readlink(link).startswith(folders):
                return True
    return False


def end(find: Callable[[], list[Process]]) -> list[Process]:
    """Kill what `find` gives until it gives nothing; returns what was killed. Blocks, at most some seconds."""
    killed: dict[int, Process] = {}
    until = time.monotonic() + SETTLE_TIMEOUT_S
    while (found := find()) and time.monotonic() < until:
        for each in found:
            if process(each.pid) == each:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(each.pid, signal.SIGKILL)
            killed[each.pid] = each
        time.sleep(0.002)
    return list(killed.values())


def sweep(folders: tuple[str, ...]) -> list[Process]:
    """End every process that works or writes its output in one of these folders: what is left of attempts whose
    fork server is gone."""
    own = os.getpid()

    def find() -> list[Process]:
        return [each for each in processes() if each.pid != own and uses_folder(each.pid, folders)]

    return end(find)


class Register:
    """The fork servers that this platform has, in a folder, so that its successor finds those that outlive it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, pid: int) -> None:
        found = process(pid)
        if found is not None:
            (self.folder / str(pid)).write_text(str(found.start_time))

    def remove(self, pid: int) -> None:
        (self.folder / str(pid)).unlink(missing_ok=True)

    def end_all(self) -> list[Process]:
        """End every registered fork server that still lives, with all below it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        wanted: dict[int, str] = {}
        for path in self.folder.iterdir():
            wanted[int(path.name)] = path.read_text()

        def find() -> list[Process]:
            among = processes()
            roots = [each for each in among if wanted.get(each.pid) == str(each.start_time)]
            return [each for root in roots for each in (*descendants(root.pid, among), root)]

        killed = end(find)
        for pid in wanted:
            self.remove(pid)
        return killed
