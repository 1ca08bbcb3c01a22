"""Python's own modules beside files of the author's that have their names.

A file `random.py` in the folder of the code would take the place of Python's module for every library in the process.
So Python's are loaded first; the author's file can't be imported by that name then.
"""

from __future__ import annotations

import importlib
import os
import sys

_SPEAKING = ("antigravity", "this")  # importing them does something


def shadowing_names(folder: str) -> list[str]:
    """The modules of Python's library whose names a file or package in the folder has, sorted."""
    try:
        entries = os.listdir(folder)
    except OSError:
        return []
    names = {entry.removesuffix(".py") for entry in entries if entry.endswith(".py") or _is_package(folder, entry)}
    return sorted(names & sys.stdlib_module_names)


def load_standard(folder: str) -> None:
    """Load Python's modules of these names, before the folder is put on the path."""
    for name in shadowing_names(folder):
        if name not in _SPEAKING and name not in sys.modules:
            try:
                importlib.import_module(name)
            except ImportError:  # not a part of every Python: nothing needs it then
                continue


def _is_package(folder: str, entry: str) -> bool:
    return os.path.exists(os.path.join(folder, entry, "__init__.py"))
