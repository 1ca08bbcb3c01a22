"""The work that a fork server does once: imports, and all that can be settled before the first fork."""

from __future__ import annotations

import functools
import gc
import importlib
import os
import signal
import sys
from collections.abc import Callable, Sequence
from typing import NamedTuple

from .child import libc
from .descriptors import open_descriptors
from .entry import Entry, become_main, find_entry, make_streams_prompt
from .event_loops import descriptors_of, end_idle_threads, hooks_to_renew, idle_loops
from .hazards import fork_hazards
from .randomness import Hook, Randomness

PRELOAD_OUTPUT_MAX_BYTES = 64 * 1024
OWN_SIGNALS = (signal.SIGCHLD, signal.SIGTERM)
"""The signals that a fork server reads from a file."""

Foresee = Callable[[Sequence[str]], object]
"""Does the work that attempts with arguments like these have in common."""


def foresee_nothing(_argv: Sequence[str]) -> None: ...


class Loaded(NamedTuple):
    """The result of the imports."""

    missing: str = ""
    """The entry point, if there is none of this name."""
    broken: str = ""
    """The error of an import."""
    hazards: Sequence[str] = ()
    """The reasons why a fork is unsafe now."""
    constants: Sequence[str] = ()
    """Values that are random in the imported code and equal in all forks."""
    entry: Entry = lambda: None
    script: str = ""
    foresee: Foresee = foresee_nothing
    hooks: Sequence[Hook] = ()
    """To be called in each child."""
    output: bytes = b""
    """The output of the imports: it belongs to the log of each attempt."""


def load(name: str, modules: Sequence[str]) -> Loaded:
    """Import an entry point and modules."""
    output = os.memfd_create("preload")
    os.dup2(output, 1)
    os.dup2(output, 2)
    randomness = Randomness(modules, os.getcwd())
    before = open_descriptors()
    try:
        load_entry = find_entry(name)
    except LookupError:
        return Loaded(missing=name)
    script = become_main(name)
    sys.argv = [script]
    randomness.watch()
    try:
        entry = load_entry()
        module = sys.modules[entry.__module__]
        getattr(module, "preload", import_all)(modules)
        end_idle_threads()
    except BaseException as error:  # noqa: BLE001 - the attempt meets it again and reports it
        return Loaded(broken=_told(error))
    finally:
        randomness.settle()
        sys.stdout.flush()
        sys.stderr.flush()
        libc.fflush(None)  # what was printed from C
    printed = os.pread(output, PRELOAD_OUTPUT_MAX_BYTES, 0)
    os.close(output)
    make_streams_prompt()
    gc.collect()
    loops = idle_loops()
    opened = open_descriptors()
    renewed = {number: opened[number] for number in descriptors_of(loops)}
    hazards = fork_hazards({**before, output: "", **renewed})
    foresee: Foresee = getattr(module, "foresee", foresee_nothing)
    hooks = [*randomness.hooks(), *own_signals(), *hooks_to_renew(loops)]
    return Loaded("", "", hazards, randomness.constants(), entry, script, foresee, hooks, printed)


def own_signals() -> list[Hook]:
    """Hooks that set the handlers of the imported code anew, for signals that the fork server has for itself."""
    handlers = [(number, signal.getsignal(number)) for number in OWN_SIGNALS]
    return [functools.partial(signal.signal, number, each) for number, each in handlers if callable(each)]


def _told(error: BaseException) -> str:
    """Class and text of an exception; its text is made by the author's code, which may fail."""
    name = type(error).__name__
    try:
        return f"{name}: {error}"
    except Exception as failure:  # noqa: BLE001 - whatever a method of the author's class raises
        return f"{name}: <its text can't be had: {type(failure).__name__}>"


def import_all(modules: Sequence[str]) -> None:
    """Import before a fork, unless the module of the entry point has a `preload` that knows better."""
    for module in modules:
        importlib.import_module(module)
