"""The memory that the processes of an attempt have of their own, by the kernel's page tables.

Anonymous pages and shared memory count, pages of files do not: the kernel takes those back when it needs them. A page
that several processes of the attempt share counts once. A fork has all that its fork server had, and shares it until
one of both writes: such pages are the fork server's.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from typing import NamedTuple

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Pages(NamedTuple):
    """The pages of one process in bytes. One that several processes have counts in parts, which add up."""

    anonymous: int
    shared_memory: int
    files: int
    private: int
    """The pages of all kinds that no other process has."""


NO_PAGES = Pages(0, 0, 0, 0)
_FIELDS = {b"Pss_Anon:": 0, b"Pss_Shmem:": 1, b"Pss_File:": 2, b"Private_Clean:": 3, b"Private_Dirty:": 3}


def pages_of(pid: int) -> Pages | None:
    """None for a process that has ended, may not be looked at, or on a kernel that does not tell."""
    counts, told = [0, 0, 0, 0], 0
    try:
        with open(f"/proc/{pid}/smaps_rollup", "rb") as file:
            for line in file:
                name, _, rest = line.partition(b" ")
                place = _FIELDS.get(name)
                if place is not None:
                    counts[place] += int(rest.split()[0]) * 1024
                    told += 1
    except OSError:
        return None
    return Pages(*counts) if told == len(_FIELDS) else None


def own_bytes(processes: Iterable[Pages], server: Pages = NO_PAGES) -> int:
    """The bytes that processes have of their own together. `server` is the fork server that they were forked from.

    The part of a page that a process shares with the fork server is as large as the server's part of it. That takes too
    much away where the process has pages of its own by now; then those count that it alone has.
    """
    inherited = max(0, server.anonymous - server.private)
    total = 0
    for each in processes:
        of_files = max(0, each.files - server.files)
        total += max(each.private - of_files, each.anonymous + each.shared_memory - inherited, 0)
    return total


def resident_bytes(pids: Iterable[int]) -> int:
    """The resident bytes of processes together: more than they have of their own, and cheap to find out."""
    return sum(_resident_set_bytes(pid) for pid in pids)


def tree(root: int) -> list[int]:
    """A process and all below it; an attempt's process is the reaper of its orphans, so none is missing."""
    found = [root]
    for pid in found:
        with contextlib.suppress(OSError):
            for thread in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{thread}/children", "rb") as file:
                    found += [int(each) for each in file.read().split()]
    return found


def _resident_set_bytes(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/statm", "rb") as file:
            return int(file.read().split()[1]) * PAGE_BYTES
    except (OSError, IndexError):
        return 0
