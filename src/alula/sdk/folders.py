"""Walks through folders that follow links, as whoever reads a copy finds no links in it."""

from __future__ import annotations

import os


def refuse_cycle(folder: str) -> None:
    """Raise `OSError` for a link to a folder in which one has come to it: it would be followed for ever."""
    if not os.path.islink(folder):
        return
    real, above = os.path.realpath(folder), os.path.dirname(os.path.abspath(folder))
    while True:
        if os.path.realpath(above) == real:
            raise OSError(f"{folder} is a link to a folder that contains it; remove the link")
        if above == os.path.dirname(above):
            return
        above = os.path.dirname(above)


def files_in(folder: str) -> tuple[list[str], list[str]]:
    """The paths of all files in a folder, sorted, and those of the folders in it that are empty.

    Raises `OSError` for a folder that can't be read, and for a link that leads back.
    """
    files: list[str] = []
    empty: list[str] = []
    for entry in os.scandir(folder):
        if entry.is_dir():
            refuse_cycle(entry.path)
            inner_files, inner_empty = files_in(entry.path)
            files += inner_files
            empty += inner_empty if inner_files or inner_empty else [entry.path]
        elif entry.is_file():
            files.append(entry.path)
    return sorted(files), sorted(empty)
