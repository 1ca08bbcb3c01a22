"""Walks through folders that follow links, as a copy has no links in it."""

from __future__ import annotations

import os
from collections.abc import Iterable

FOLDER_MARK = ".alula-folder"
"""The name of the empty object that keeps a folder without files in an object store."""


def top_names(names: Iterable[str]) -> list[str]:
    """The entries of a folder by the names of all objects below it, sorted; those of folders end with a slash."""
    return sorted({head + slash for head, slash, _ in (name.partition("/") for name in names)} - {FOLDER_MARK})


class NotCopyable(OSError):
    """Something in a folder that is neither a file nor a folder, wherever its links are followed to."""


def refuse_cycle(folder: str) -> None:
    """Raise `NotCopyable` for a link to a folder in which one has come to it: it would be followed for ever."""
    if not os.path.islink(folder):
        return
    real, above = os.path.realpath(folder), os.path.dirname(os.path.abspath(folder))
    while True:
        if os.path.realpath(above) == real:
            raise NotCopyable(f"{folder} is a link to a folder that contains it; remove the link")
        if above == os.path.dirname(above):
            return
        above = os.path.dirname(above)


def files_in(folder: str) -> tuple[list[str], list[str]]:
    """The paths of all files in a folder, sorted, and those of the folders in it that are empty.

    Raises `OSError` for a folder that can't be read, and `NotCopyable` for a link that leads back or nowhere, and for
    what has no content, such as a pipe.
    """
    files: list[str] = []
    empty: list[str] = []
    with os.scandir(folder) as scanned:
        entries = list(scanned)
    for entry in entries:
        if os.path.isdir(entry.path):
            refuse_cycle(entry.path)
            inner_files, inner_empty = files_in(entry.path)
            files += inner_files
            empty += inner_empty if inner_files or inner_empty else [entry.path]
        elif os.path.isfile(entry.path):
            files.append(entry.path)
        else:
            raise NotCopyable(f"{entry.path} is {what_else(entry.path)}; remove it")
    return sorted(files), sorted(empty)


def what_else(path: str) -> str:
    """The kind, in words, of an entry that is neither a file nor a folder."""
    return "a pipe, a socket or a device" if os.path.exists(path) else "a link that leads nowhere"
