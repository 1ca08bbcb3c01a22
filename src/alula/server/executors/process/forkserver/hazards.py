"""Hazards of a fork: threads, GPUs, open files and processes that it would break or share, and hooks of modules."""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from .descriptors import shared_descriptors, shared_memory
from .procfs import children, describe_process, open_children, open_files, read_text
from .randomness import Hook

LOCK_TYPES = (type(threading.Lock()), type(threading.RLock()))


NAMES_MAX = 3
"""The most names of a kind that are listed."""


def fork_hazards(before: Mapping[int, str]) -> list[str]:
    """The reasons why it is unsafe to fork this process now, one sentence each. `before` are the descriptors that it
    had before the imports.

    Libraries that mind forks (OpenBLAS) stop their threads before one. So one is made first, and the threads that it
    leaves count.
    """
    probe = os.fork()
    if probe == 0:
        os._exit(0)
    os.waitpid(probe, 0)
    python_names = {each.native_id: each.name for each in threading.enumerate()}
    threads = [int(each) for each in os.listdir("/proc/self/task") if int(each) != os.getpid()]
    hazards: list[str] = []
    if threads:
        names = sorted({python_names.get(each) or read_text(f"/proc/self/task/{each}/comm") for each in threads})
        hazards.append(f"the imports leave {len(threads)} threads running ({', '.join(names)})")
    devices = {link for link in open_files("self") if link.startswith(("/dev/nvidia", "/dev/kfd", "/dev/dri/render"))}
    if devices:
        hazards.append(f"the imports initialise a GPU ({', '.join(sorted(devices))})")
    descriptors = [] if devices else shared_descriptors(before)
    if descriptors:
        hazards.append(f"the imports leave open, and all forks would share, {listed(descriptors)}")
    memory = [] if devices else shared_memory()
    if memory:
        names = listed([each for each in memory if each])
        hazards.append(f"the imports map memory that all forks would write to{names and f' ({names})'}")
    listing = open_children(os.getpid())
    started = [describe_process(each) for each in children(listing)]
    if listing >= 0:
        os.close(listing)
    if started:
        hazards.append(f"the imports leave processes running ({listed(started)})")
    if signal.getitimer(signal.ITIMER_REAL)[0]:
        hazards.append("the imports set an alarm, which no fork has")
    return hazards


def listed(names: Sequence[str]) -> str:
    """The first of them, and how many more there are."""
    more = len(names) - NAMES_MAX
    return ", ".join(names[:NAMES_MAX]) + (f" and {more} more" if more > 0 else "")


def hooks_to_call() -> list[Hook] | None:
    """The hooks that modules want called in a forked child of this process, which has one thread.

    Hooks that only guard or renew locks are left out: in a process of one thread nobody holds them. None if a module
    that is not known here has a hook, also before the fork or in the parent.
    """

    def before() -> None: ...
    def in_parent() -> None: ...
    def in_child() -> None: ...

    # The lists of hooks can't be asked for, but are found by what they contain.
    os.register_at_fork(before=before, after_in_parent=in_parent, after_in_child=in_child)
    wanted: list[Hook] = []
    for own in (before, in_parent, in_child):
        lists: list[list[Any]] = [each for each in gc.get_referrers(own) if isinstance(each, list)]
        for hook in (hook for each in lists for hook in each if hook is not own):
            module = getattr(hook, "__module__", None)
            if module in ("threading", "logging") or isinstance(getattr(hook, "__self__", None), LOCK_TYPES):
                continue
            if own is not in_child or module not in ("random", "asyncio.events"):
                return None
            wanted.append(hook)
    return wanted
