"""Removing folders that tasks have written to.

A task can make folders inside each other, deeper than recursion allows and longer than a path may be, and take away its
own rights to them. So this goes down and up by descriptors, one folder at a time.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Generator
from pathlib import Path
from typing import NamedTuple

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class _Level(NamedTuple):
    """A folder on the way from the top to where the removal stands."""

    name: str
    identity: tuple[int, int]
    """Device and inode: a process that still runs may move a folder elsewhere while it is emptied."""
    folders: list[str]
    """The folders in it that are still to be removed."""


def remove_tree(path: str | Path, *, ignore_errors: bool = False) -> None:
    """Remove a folder with all that is in it, as far as that can be removed; no link is followed. Blocks.

    Raises the first OSError that came, unless those are ignored.
    """
    errors: list[OSError] = []
    with _noted(errors):
        _empty(os.fspath(path), errors)
        os.rmdir(path)
    if errors and not ignore_errors:
        raise errors[0]


def make_anew(folder: Path) -> None:
    """Make an empty folder where anything may stand, as far as that can be removed. Blocks. Raises OSError."""
    remove_tree(folder, ignore_errors=True)
    if folder.is_symlink():
        folder.unlink()
    make_folder(folder)


def make_folder(folder: Path) -> None:
    """Make a folder that is not there, or where something else stands. Raises OSError."""
    if not folder.is_dir():
        folder.unlink(missing_ok=True)
    folder.mkdir(parents=True, exist_ok=True)


def _empty(path: str, errors: list[OSError]) -> None:
    here = _opened(path, None)
    try:
        levels = [_Level(path, _identity(here), _emptied(here, errors))]
        while levels[-1].folders or len(levels) > 1:
            if levels[-1].folders:
                name = levels[-1].folders.pop()
                with _noted(errors):
                    deeper = _opened(name, here)
                    os.close(here)
                    here = deeper
                    levels.append(_Level(name, _identity(here), _emptied(here, errors)))
                continue
            above = os.open("..", _FOLDER, dir_fd=here)
            os.close(here)
            here = above
            done = levels.pop()
            if _identity(here) != levels[-1].identity:
                raise OSError(f"{path} was changed while it was removed")
            with _noted(errors):
                os.rmdir(done.name, dir_fd=here)
    finally:
        os.close(here)


def _emptied(file: int, errors: list[OSError]) -> list[str]:
    """The folders in a folder, from which all else is removed."""
    folders: list[str] = []
    entries: list[os.DirEntry[str]] = []
    with _noted(errors), os.scandir(file) as found:
        entries = list(found)
    for entry in entries:
        with _noted(errors):
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.name)
            else:
                os.unlink(entry.name, dir_fd=file)
    return folders


def _opened(name: str, folder: int | None) -> int:
    """A folder, open, with all rights for its owner as far as that is allowed."""
    try:
        file = os.open(name, _FOLDER, dir_fd=folder)
    except PermissionError:
        place = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
        try:
            os.chmod(f"/proc/self/fd/{place}", stat.S_IRWXU)
        finally:
            os.close(place)
        file = os.open(name, _FOLDER, dir_fd=folder)
    with contextlib.suppress(OSError):
        if os.fstat(file).st_mode & stat.S_IRWXU != stat.S_IRWXU:
            os.fchmod(file, stat.S_IRWXU)
    return file


def _identity(file: int) -> tuple[int, int]:
    found = os.fstat(file)
    return found.st_dev, found.st_ino


@contextlib.contextmanager
def _noted(errors: list[OSError]) -> Generator[None]:
    try:
        yield
    except OSError as error:
        errors.append(error)
