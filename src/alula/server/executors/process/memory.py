"""Memory limits on the processes of an attempt together.

By a cgroup where this process may make one: exact, and enforced by the kernel. Else by looking (`watch`): the resident
sets of the attempt's processes are added up some times a second, and only if that sum is over the limit, the memory
that they have of their own is read (`own_memory`). Address space is never limited: numpy and Arrow reserve far more
than they use.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import NamedTuple


class Group(NamedTuple):
    """The cgroup of one attempt, and its files by what they are for."""

    folder: str
    procs: str
    events: str
    """Has an `oom_kill` line."""
    peak: str
    stat: str
    """Counts pages by kind."""


class Cgroups:
    """Makes a cgroup with a memory limit for an attempt."""

    def __init__(self, parent: Path, *, version: int) -> None:
        self._parent = parent
        self._version = version

    def make(self, name: str, limit_bytes: int) -> Group:
        """Raises OSError."""
        folder = self._parent / name
        try:
            folder.mkdir()
        except FileNotFoundError:
            self._make_parent()
            folder.mkdir()
        files = ("memory.max",) if self._version == 2 else ("memory.limit_in_bytes",)
        for each in files:
            (folder / each).write_text(str(limit_bytes))
        if self._version == 2:
            (folder / "memory.oom.group").write_text("1")
        with contextlib.suppress(OSError):  # without swap in the kernel these are not there
            swap = ("memory.swap.max", "0") if self._version == 2 else ("memory.memsw.limit_in_bytes", str(limit_bytes))
            (folder / swap[0]).write_text(swap[1])
        events, peak = (
            ("memory.events", "memory.peak")
            if self._version == 2
            else ("memory.oom_control", "memory.max_usage_in_bytes")
        )
        return Group(
            str(folder), f"{folder}/cgroup.procs", f"{folder}/{events}", f"{folder}/{peak}", f"{folder}/memory.stat"
        )

    def _make_parent(self) -> None:
        self._parent.mkdir(exist_ok=True)
        if self._version == 2:
            (self._parent / "cgroup.subtree_control").write_text("+memory")

    def remove(self, group: Group) -> None:
        """Remove a group whose processes are gone."""
        with contextlib.suppress(OSError):
            os.rmdir(group.folder)

    def close(self) -> None:
        """Remove the groups and their parent; a group that still has processes stays, and the next platform removes
        it."""
        remove_groups(self._parent)


def charged_bytes(group: Group) -> int | None:
    """The memory of its processes now in bytes: anonymous and shared pages. None if it is gone."""
    try:
        with open(group.stat, "rb") as file:
            pages = dict(line.split() for line in file)
    except OSError:
        return None
    if b"anon" in pages:
        return int(pages[b"anon"]) + int(pages[b"shmem"])
    return int(pages[b"total_rss"]) + int(pages.get(b"total_shmem", 0))


def find_cgroups(name: str) -> Cgroups | None:
    """The cgroups by which this process may limit memory; None if it may not. `name` is the same for a data folder, so
    that groups that an earlier platform left are found and removed."""
    for mount, version in mounts():
        parent = own_group(mount, version=version) / name
        remove_groups(parent)
        cgroups = Cgroups(parent, version=version)
        try:
            cgroups.make("probe", 1 << 30)
        except OSError:
            continue
        finally:
            cgroups.close()  # made again when the first attempt needs it
        return cgroups
    return None


def remove_groups(parent: Path) -> None:
    with contextlib.suppress(OSError):
        for each in os.scandir(parent):
            if each.is_dir():
                with contextlib.suppress(OSError):
                    os.rmdir(each.path)
        os.rmdir(parent)


def mounts() -> list[tuple[Path, int]]:
    """Mounted cgroup trees that may limit memory, with their version."""
    found: list[tuple[Path, int]] = []
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _device, place, kind, options, *_ = line.split()
        if kind == "cgroup" and "memory" in options.split(","):
            found.append((Path(place), 1))
        elif kind == "cgroup2":
            found.append((Path(place), 2))
    return found


def own_group(mount: Path, *, version: int) -> Path:
    """The group of this process under a mounted tree."""
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _number, controllers, path = line.split(":", 2)
        if (version == 2 and not controllers) or (version == 1 and "memory" in controllers.split(",")):
            inside = mount / path.lstrip("/")
            return inside if inside.is_dir() else mount  # a container sees its own group as the root
    return mount
