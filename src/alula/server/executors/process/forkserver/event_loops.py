"""Event loops that were made by the imports and do nothing: a fork gets its own, as a fresh process would have."""

from __future__ import annotations

import functools
import gc
import sys
from collections.abc import Sequence
from typing import Any

from .child import VERIFIED_VERSIONS
from .randomness import Hook

PATIENCE_S = 5.0
"""How long a loop may take to stop. One that does not is found by the look for threads."""


def end_idle_threads() -> None:
    """Stop the loops that flytekit runs in threads beside, where nothing is to be done any more.

    It begins one when a constant becomes a literal, as in a launch plan that is made at import. It looks for its loops
    by process id and begins new ones in a fork, where those of the imports are of no use.
    """
    manager = getattr(sys.modules.get("flytekit.utils.asyn"), "loop_manager", None) if is_verified() else None
    runners: dict[str, Any] = getattr(manager, "_runner_map", {})
    for name, runner in list(runners.items()):
        loop = getattr(runner, "_TaskRunner__loop", None)
        thread = getattr(runner, "_TaskRunner__runner_thread", None)
        if loop is not None and thread is not None and not has_work(loop):
            del runners[name]
            loop.call_soon_threadsafe(loop.stop)
            thread.join(PATIENCE_S)


def idle_loops() -> list[Any]:
    """The loops of asyncio's own kind that wait for nothing."""
    kind = getattr(sys.modules.get("asyncio"), "SelectorEventLoop", None) if is_verified() else None
    found: list[Any] = [each for each in gc.get_objects() if type(each) is kind] if kind else []
    return [each for each in found if not (each.is_closed() or each.is_running() or has_work(each))]


def is_verified() -> bool:
    """True if the inside of this Python's loops is known."""
    first, last = VERIFIED_VERSIONS
    return first <= sys.version_info[:2] <= last


def has_work(loop: Any) -> bool:
    """True if a loop has callbacks, timers, tasks or signals, or waits for anything but its own wake-up call."""
    tasks = sys.modules["asyncio"].all_tasks(loop)
    waits = len(loop._selector.get_map()) != 1
    return bool(waits or tasks or loop._ready or loop._scheduled or loop._signal_handlers)


def descriptors_of(loops: Sequence[Any]) -> list[int]:
    """Those by which a loop waits, and is woken."""
    return [each.fileno() for loop in loops for each in (loop._selector, loop._ssock, loop._csock)]


def hooks_to_renew(loops: Sequence[Any]) -> list[Hook]:
    """To be called in each child."""
    return [functools.partial(renew, each) for each in loops]


def renew(loop: Any) -> None:
    """Give a loop descriptors of its own. What it has is left to the other processes as it is."""
    for each in (loop._selector, loop._ssock, loop._csock):
        each.close()
    loop._internal_fds -= 1
    loop._selector = type(loop._selector)()
    loop._make_self_pipe()
