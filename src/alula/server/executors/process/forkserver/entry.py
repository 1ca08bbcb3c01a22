"""Entry points: finding a console script of this environment, and calling it as the script itself would be called.

Knows no attempts and no frames.
"""

from __future__ import annotations

import _thread
import atexit
import functools
import importlib
import io
import os
import sys
import threading
import types
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from .procfs import read_text

Entry = Callable[[], Any]


def find_entry(name: str) -> Callable[[], Entry]:
    """A loader of the console script `name` of this environment. Raises LookupError.

    Reads the metadata of installed packages itself: `importlib.metadata` would add a fifth to the memory of a bare
    interpreter, and each fork pays for memory.
    """
    for folder in sys.path:
        try:
            installed = [each for each in os.listdir(folder or ".") if each.endswith((".dist-info", ".egg-info"))]
        except OSError:
            continue
        for each in installed:
            target = console_script(read_text(os.path.join(folder, each, "entry_points.txt")), name)
            if target:
                module, _, attribute = target.partition("[")[0].strip().partition(":")
                return lambda: functools.reduce(getattr, attribute.split("."), importlib.import_module(module))
    raise LookupError(name)


def console_script(text: str, name: str) -> str:
    """The target of a console script in the text of an `entry_points.txt`, empty if it has none."""
    section = ""
    for line in text.splitlines():
        if line.startswith("["):
            section = line.strip(" []")
        elif section == "console_scripts":
            key, _, target = line.partition("=")
            if key.strip() == name:
                return target.strip()
    return ""


def become_main(name: str) -> str:
    """Make `__main__` what it is when the console script itself runs; returns that script's path."""
    script = os.path.join(os.path.dirname(sys.executable), name)
    main_module = types.ModuleType("__main__")
    if os.path.exists(script):
        main_module.__file__ = script
    sys.modules["__main__"] = main_module
    return script


def make_streams_prompt() -> None:
    """Write whole lines at once, so that a log can be followed."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(line_buffering=True)


def run_once(name: str, arguments: Sequence[str]) -> NoReturn:
    """Run one entry point in this process, and end it."""
    load = find_entry(name)
    make_streams_prompt()
    script = become_main(name)

    def load_and_call() -> Any:
        return load()()

    leave(call(load_and_call, [script, *arguments]))


def call(entry: Entry, argv: Sequence[str]) -> int:
    """Call an entry point as its console script does; returns the exit status."""
    sys.argv = list(argv)
    try:
        result = entry()
    except SystemExit as exit:
        result = exit.code
    except KeyboardInterrupt:
        return 130
    except BaseException as error:  # noqa: BLE001 - whatever a task raises is printed and becomes its status
        import traceback  # lazy: a fork pays for what is loaded

        frames = error.__traceback__
        while frames is not None and frames.tb_frame.f_code.co_filename == call.__code__.co_filename:
            frames = frames.tb_next  # what the task's author reads begins with the entry point
        traceback.print_exception(type(error), error, frames)
        return 1
    if result is None or isinstance(result, int):
        return (result or 0) & 0xFF
    print(result, file=sys.stderr)
    return 1


def leave(status: int) -> NoReturn:
    """End this process as the interpreter does: threads joined, exit handlers run, streams flushed."""
    try:
        # Where no thread has been started there is nothing to join.
        if _thread._count() or getattr(threading, "_threading_atexits", True):  # pyright: ignore[reportPrivateUsage]
            threading._shutdown()  # type: ignore[attr-defined] - what the interpreter itself calls, in this order
        atexit._run_exitfuncs()  # pyright: ignore[reportPrivateUsage]
        for stream in (sys.stdout, sys.stderr):
            if stream is not None and not getattr(
                stream, "closed", False
            ):  # the task may have closed it, which is no failure
                stream.flush()
    except BaseException as error:  # noqa: BLE001 - an exit handler of the task failed
        sys.excepthook(type(error), error, error.__traceback__)
        status = status or 1
    os._exit(status)
