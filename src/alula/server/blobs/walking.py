"""Files below a folder in the order of their paths, from any of them on."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator


def walked(folder: str, after: str, skip: str) -> Iterator[os.DirEntry[str]]:
    """The regular files whose paths come after one; no link is followed, and the folder `skip` is left out.

    Folders that end before `after` are not read, so a page costs the folders on the way to it. Raises OSError for one
    that can't be read; one that is gone is empty.
    """
    waiting = list(_entries(folder, after))
    while waiting:
        entry = waiting.pop()
        if entry.is_file(follow_symlinks=False):
            if entry.path > after:
                yield entry
        elif entry.path != skip:
            waiting += _entries(entry.path, after)


def _entries(folder: str, after: str) -> list[os.DirEntry[str]]:
    """The files and folders in a folder, the first at the end. A slash comes after what is in a folder begins."""
    found = list[tuple[str, os.DirEntry[str]]]()
    with contextlib.suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
        for entry in entries:
            is_folder = entry.is_dir(follow_symlinks=False)
            place = f"{entry.path}/" if is_folder else entry.path
            if place > after or (is_folder and after.startswith(place)):
                found.append((place, entry))
    return [entry for _, entry in sorted(found, key=lambda each: each[0], reverse=True)]
