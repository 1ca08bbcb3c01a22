"""Copies of unpacked code: every attempt has its own, so that what one does to a file is seen by no other.

The file system shares the blocks of a copy where it can (`copy_file_range`). Blocks.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from alula.server.removal import remove_tree

COPY_BYTES = 1 << 26
NO_KERNEL_COPY = (errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM)
"""Errors by which a kernel or a file system says that it does not copy by itself."""


class Code(NamedTuple):
    """Unpacked code: its folder (empty for none), and the marks of its files when they were unpacked."""

    folder: str = ""
    marks: Mapping[str, int] = {}
    """By path in the folder."""


NO_CODE = Code()


class CodeChanged(OSError):
    """A file of unpacked code is not as it was unpacked."""


def mark_of(found: os.stat_result) -> int:
    """A value that changes with every change of a file, also if its times are set back: a task may be root, but the
    kernel alone sets the time at which an inode changed. For a folder, whose own times say nothing here, only its
    mode."""
    if stat.S_ISDIR(found.st_mode):
        return found.st_mode
    return hash((found.st_mode, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino))


def marks_of(folder: str) -> dict[str, int]:
    """The marks of all that is in a folder."""
    return {path: mark_of(found) for path, found in entries(folder)}


def entries(folder: str) -> Iterator[tuple[str, os.stat_result]]:
    """All that is in a folder, with paths relative to it; a folder comes before what is in it."""
    coming = _listed(folder, "")
    while coming:
        path, each = coming.pop()
        yield path, each.stat(follow_symlinks=False)
        if each.is_dir(follow_symlinks=False):
            coming += _listed(folder, f"{path}/")


def _listed(folder: str, below: str) -> list[tuple[str, os.DirEntry[str]]]:
    """The entries of one folder, the last name first."""
    with os.scandir(f"{folder}/{below}") as found:
        return [(below + each.name, each) for each in sorted(found, key=lambda each: each.name, reverse=True)]


def copy_code(code: Code, target: str) -> None:
    """Fill a folder that is there and empty. Raises `CodeChanged` and OSError."""
    for path, mark in code.marks.items():
        copy_entry(f"{code.folder}/{path}", f"{target}/{path}", mark)
    if code.folder and len(code.marks) != sum(1 for _ in entries(code.folder)):
        raise CodeChanged(f"the unpacked code {code.folder} was changed")


def new_copy(code: Code, parent: Path, names: Iterator[object]) -> str:
    """A folder with a copy, under the first of these names that nothing has. Raises `CodeChanged` and OSError."""
    while True:
        path = f"{parent}/{next(names)}"
        try:
            os.mkdir(path)
        except FileExistsError:  # one that could not be removed
            continue
        try:
            copy_code(code, path)
        except BaseException:
            remove_tree(path, ignore_errors=True)
            raise
        return path


def restore(code: Code, target: str, paths: Collection[str]) -> None:
    """Restore these paths of a copy. Raises `CodeChanged` and OSError."""
    for path in paths:
        remove(f"{target}/{path}")
        if path in code.marks:
            copy_entry(f"{code.folder}/{path}", f"{target}/{path}", code.marks[path])


def copy_entry(source: str, target: str, mark: int) -> None:
    """Copy one entry: of a folder only itself, and nothing that is neither file, link nor folder. Raises `CodeChanged`
    and OSError."""
    try:
        found = os.lstat(source)
        if stat.S_ISREG(found.st_mode):
            found = copy_file(source, target)
        elif stat.S_ISLNK(found.st_mode):
            os.symlink(os.readlink(source), target)
        elif stat.S_ISDIR(found.st_mode):
            os.mkdir(target, stat.S_IMODE(found.st_mode) | stat.S_IRWXU)
    except FileNotFoundError as error:
        raise CodeChanged(f"the unpacked code {source} was changed") from error
    if mark_of(found) != mark:
        raise CodeChanged(f"the unpacked code {source} was changed")


def copy_file(source: str, target: str) -> os.stat_result:
    """Copy to a path where nothing is; returns the source's status after that. Raises OSError."""
    read = os.open(source, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        mode = stat.S_IMODE(os.fstat(read).st_mode) | stat.S_IRUSR | stat.S_IWUSR
        write = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        try:
            copy_contents(read, write)
        finally:
            os.close(write)
        return os.fstat(read)
    finally:
        os.close(read)


def copy_contents(read: int, write: int) -> None:
    """Copy from one open file to another. Raises OSError."""
    try:
        while os.copy_file_range(read, write, COPY_BYTES):
            pass
    except OSError as error:
        if error.errno not in NO_KERNEL_COPY:
            raise
        with open(read, "rb", closefd=False) as origin, open(write, "wb", closefd=False) as copy:
            shutil.copyfileobj(origin, copy)


def remove(path: str) -> None:
    """Remove whatever is at a path, if anything is. Raises OSError."""
    try:
        is_folder = stat.S_ISDIR(os.lstat(path).st_mode)
    except FileNotFoundError:
        return
    if not is_folder:
        os.unlink(path)
        return
    remove_tree(path)
