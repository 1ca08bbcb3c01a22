"""The resources that a container uses, read from its cgroup while it runs.

The runtime removes the cgroup as the container ends, so that nobody can read what it came to. So the figures at an end
are those of the last look, and are told if there were enough of them for that to be near. Where the cgroup can't be
seen, as that of a runtime in a virtual machine, nothing is known.
"""

from __future__ import annotations

import asyncio
import os
from typing import NamedTuple

from alula.core.engine.usage import Figure, Usage

EVERY_S = 0.5
LOOKS_LEAST = 10
"""The number of looks from which the last one is near the end."""
CGROUPS = "/sys/fs/cgroup"
_SOURCE = "cgroup"


class Place(NamedTuple):
    """The files of a cgroup; empty for what it does not count."""

    cpu: str
    memory: str


class Counted(NamedTuple):
    """One look; None for what is not known."""

    cpu_us: int | None
    memory_bytes: int | None


def place_of(container: str, listed: str, root: str = CGROUPS) -> Place | None:
    """The cgroup of a container with this id, by `/proc/PID/cgroup` of its first process; None if that names no cgroup
    of its own."""
    paths = {name: path for _, names, path in map(_parts, listed.splitlines()) for name in names.split(",")}
    own = {name: path for name, path in paths.items() if container in path}
    if "" in own and os.path.exists(f"{root}{own['']}/cpu.stat"):
        return Place(f"{root}{own['']}/cpu.stat", f"{root}{own['']}/memory.stat")
    cpu = f"{root}/cpuacct{own['cpuacct']}/cpuacct.usage" if "cpuacct" in own else ""
    memory = f"{root}/memory{own['memory']}/memory.stat" if "memory" in own else ""
    return Place(cpu, memory) if cpu or memory else None


def counted(place: Place) -> Counted:
    """A look at a cgroup. What is not there any more is not known."""
    return Counted(_cpu_us(place.cpu), _memory_bytes(place.memory))


class Meter:
    """Looks at the cgroup of one container, from when it runs until `stop`."""

    def __init__(self) -> None:
        self._looks = 0
        self._cpu_us: int | None = None
        self._peak_bytes: int | None = None
        self._task: asyncio.Task[None] | None = None

    def watch(self, container: str, pid: int) -> None:
        """Begin, unless it has begun, or no process of the container is known."""
        if self._task is None and pid:
            self._task = asyncio.get_running_loop().create_task(self._watch(container, pid))

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    @property
    def so_far(self) -> Usage | None:
        """What was seen at the last look; None before the first."""
        if self._cpu_us is self._peak_bytes is None:
            return None
        cpu = Figure(self._cpu_us, _SOURCE, "at_least") if self._cpu_us is not None else None
        every_ms = round(EVERY_S * 1000)
        memory = self._peak_bytes
        peak = Figure(memory, _SOURCE, "sampled", every_ms) if memory is not None else None
        return Usage(cpu, peak)

    @property
    def at_end(self) -> Usage | None:
        """What is known of a container that has ended."""
        return self.so_far if self._looks >= LOOKS_LEAST else None

    async def _watch(self, container: str, pid: int) -> None:
        place = await asyncio.to_thread(_found, container, pid)
        while place is not None:
            seen = await asyncio.to_thread(counted, place)
            if seen == Counted(None, None):
                return
            self._looks += 1
            if seen.cpu_us is not None:
                self._cpu_us = seen.cpu_us
            if seen.memory_bytes is not None:
                self._peak_bytes = max(self._peak_bytes or 0, seen.memory_bytes)
            await asyncio.sleep(EVERY_S)


def _found(container: str, pid: int) -> Place | None:
    try:
        with open(f"/proc/{pid}/cgroup") as file:
            return place_of(container, file.read())
    except OSError:
        return None


def _parts(line: str) -> tuple[str, str, str]:
    """Number, controllers and path of a line of `/proc/PID/cgroup`."""
    number, _, rest = line.partition(":")
    names, _, path = rest.partition(":")
    return number, names, path


def _cpu_us(path: str) -> int | None:
    text = _text(path)
    if text.strip().isdecimal():
        return int(text) // 1000
    return _numbers(text).get("usage_usec")


def _memory_bytes(path: str) -> int | None:
    """Anonymous and shared pages, those of cgroups below too."""
    numbers = _numbers(_text(path))
    for names in (("total_rss", "total_shmem"), ("anon", "shmem")):
        if all(name in numbers for name in names):
            return sum(numbers[name] for name in names)
    return None


def _numbers(text: str) -> dict[str, int]:
    pairs = (line.split() for line in text.splitlines())
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and pair[1].isdecimal()}


def _text(path: str) -> str:
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""
