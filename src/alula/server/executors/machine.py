"""This machine: its identity, and the CPU and memory that it gives to attempts."""

from __future__ import annotations

import os
from pathlib import Path

from alula.server.executors.admission import Capacity

CGROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def machine_capacity(*, cpu_millicores: int = 0, memory_bytes: int = 0) -> Capacity:
    """The CPU and memory that this process may use, or the given amounts instead (0 for not given)."""
    return Capacity(
        cpu_millicores or len(os.sched_getaffinity(0)) * 1000,
        memory_bytes or min([physical_memory_bytes(), *container_limits()]),
    )


def physical_memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def container_limits() -> list[int]:
    """Memory limits of the container in which the platform runs; none outside one."""
    limits: list[int] = []
    for path in CGROUP_LIMITS:
        try:
            text = Path(path).read_text().strip()
        except OSError:
            continue
        if text.isdigit():
            limits.append(int(text))
    return limits


def machine_id() -> str:
    """The same on every program of this machine: how a client's interpreter is known to be here."""
    try:
        found = Path("/etc/machine-id").read_text().strip()
    except OSError:
        found = ""
    return found or os.uname().nodename
