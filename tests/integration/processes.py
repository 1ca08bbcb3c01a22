"""The processes of a platform under test, found by a variable that all of them inherit."""

from __future__ import annotations

import os
from itertools import chain
from pathlib import Path
from typing import NamedTuple

MARK = "TEST_PLATFORM_MARK"
"""Set it for a platform: its own process, its fork servers and all attempts have it."""


STAND_BY = "alula-standby"
"""Name of a fork that waits for an attempt."""


class Found(NamedTuple):
    """A living process; with its start time, so that an id that is used again is not taken for it."""

    pid: int
    started: int
    command: str
    name: str = ""

    def is_attempt_of(self, platform: int) -> bool:
        """Whether it is neither the platform nor one of the fork servers that this started, nor stands by for one."""
        if self.name == STAND_BY:
            return False
        return self.pid != platform and self.pid not in {each.pid for each in children(platform)}


def marked(mark: str) -> set[Found]:
    """All living processes with `MARK=mark` in their environment."""
    wanted = f"{MARK}={mark}\0".encode()
    found: set[Found] = set()
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        folder = Path("/proc", entry)
        try:
            if wanted not in folder.joinpath("environ").read_bytes():
                continue
            stat = folder.joinpath("stat").read_text()
        except OSError:
            continue
        fields = stat[stat.rindex(")") + 2 :].split()
        if fields[0] not in "ZX":
            name = stat[stat.index("(") + 1 : stat.rindex(")")]
            found.add(Found(int(entry), int(fields[19]), _command(entry), name))
    return found


def children(pid: int) -> list[Found]:
    """The processes that `pid` started and that live."""
    numbers = [path.read_text().split() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    return [Found(int(each), 0, _command(each)) for each in chain(*numbers)]


def _command(pid: str) -> str:
    try:
        return Path("/proc", pid, "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""
