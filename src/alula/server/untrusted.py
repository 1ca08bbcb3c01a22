"""Files that tasks can write to, opened and read without trust.

A task can leave anything under the name of a result or a log: a pipe that blocks the opener, a link to elsewhere, a
folder, a file of a terabyte, one that still grows. Everything that a task may have left is read through a `Tree`: only
a regular file that no link leads to is opened, without blocking, and only so much is read of it.
Knows nothing of what the files mean.
"""

from __future__ import annotations

import errno
import os
import stat

READ_BYTES = 1 << 20
_OPEN = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFDIR: "a folder",
    stat.S_IFLNK: "a link",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
_REFUSED = {
    errno.ELOOP: "is a link, or reached through one",
    errno.ENXIO: "is a socket, not a file",
    errno.ENOTDIR: "is below a file",
    errno.EACCES: "may not be read",
    errno.EPERM: "may not be read",
    errno.ENAMETOOLONG: "has too long a name",
}


class Unreadable(Exception):
    """The thing under a name is no file that can be read. The text names it and its kind."""


class TooLarge(Unreadable):
    """A file has more bytes than may be read."""


class Tree:
    """The folder below which tasks write. Links above it are the operator's; below it none is followed."""

    def __init__(self, root: str) -> None:
        self._root = root.rstrip("/")
        self._real = os.path.realpath(root).rstrip("/")

    def open(self, path: str, *, flags: int = os.O_RDONLY) -> int:
        """A descriptor of a regular file. Raises `FileNotFoundError`, `Unreadable`, and other OSErrors of a machine
        that is in trouble."""
        return self._opened(path, flags, stat.S_IFREG)

    def folder(self, path: str) -> Folder:
        """A folder whose files are read one after the other, to be closed by `with`. Raises as `open`."""
        return Folder(path, self._opened(path, os.O_RDONLY | os.O_DIRECTORY, stat.S_IFDIR))

    def _opened(self, path: str, flags: int, kind: int) -> int:
        file = opened(path, flags, kind)
        try:
            is_direct = os.readlink(f"/proc/self/fd/{file}") == self._expected(path)
        except OSError:
            is_direct = False
        if not is_direct:
            os.close(file)
            raise Unreadable(f"{path} is reached through a link")
        return file

    def _expected(self, path: str) -> str:
        """The real path of the file if no link below the root leads to it."""
        is_below = path.startswith(f"{self._root}/")
        return self._real + path[len(self._root) :] if is_below else path


class Folder:
    """An open folder. Names are those of its own files."""

    def __init__(self, path: str, file: int) -> None:
        self.path = path
        self._file = file

    def __enter__(self) -> Folder:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)

    def open(self, name: str, *, flags: int = os.O_RDONLY) -> int:
        """A descriptor of a file in the folder, as `Tree.open`."""
        return opened(name, flags, stat.S_IFREG, folder=self._file, within=self.path)

    def read(self, name: str, *, limit_bytes: int) -> bytes | None:
        """All of a file, None if there is none. Raises `Unreadable`, `TooLarge`, OSError."""
        try:
            os.stat(name, dir_fd=self._file, follow_symlinks=False)  # mostly there is none: an open costs more
            file = self.open(name)
        except FileNotFoundError:
            return None
        try:
            return read_all(file, limit_bytes, shown=f"{self.path}/{name}")
        finally:
            os.close(file)

    def modified_ns(self, name: str) -> int | None:
        """The time at which a regular file was last written, in nanoseconds; None if there is none of this name."""
        try:
            found = os.stat(name, dir_fd=self._file, follow_symlinks=False)
        except OSError:
            return None
        return found.st_mtime_ns if stat.S_ISREG(found.st_mode) else None


def opened(path: str, flags: int, kind: int, *, folder: int | None = None, within: str = "") -> int:
    """A descriptor of the file there, if it is of that kind. Raises as `Tree.open`."""
    try:
        file = os.open(path, flags | _OPEN, dir_fd=folder)
        mode = os.fstat(file).st_mode
    except (IsADirectoryError, ValueError) as error:
        what = "a folder" if isinstance(error, IsADirectoryError) else "nothing that can have this name"
        raise Unreadable(f"{_shown(path, within)} is {what}, not a file") from error
    except OSError as error:
        if error.errno in _REFUSED:
            raise Unreadable(f"{_shown(path, within)} {_REFUSED[error.errno]}") from error
        raise
    if stat.S_IFMT(mode) == kind:
        return file
    os.close(file)
    found = _KINDS.get(stat.S_IFMT(mode), "something else")
    raise Unreadable(f"{_shown(path, within)} is {found}, not {'a folder' if kind == stat.S_IFDIR else 'a file'}")


def _shown(path: str, within: str) -> str:
    return f"{within}/{path}" if within else path


def read_all(file: int, limit_bytes: int, *, shown: str) -> bytes:
    """All that an open file holds, which may change meanwhile. Raises `TooLarge` for more than the limit, OSError."""
    size = os.fstat(file).st_size
    if size > limit_bytes:
        raise TooLarge(f"{shown} has {size:,} bytes; at most {limit_bytes:,} are read")
    data = os.read(file, size + 1)
    if len(data) == size:
        return data
    pieces, total = [data], len(data)
    while data and total <= limit_bytes:
        data = os.read(file, READ_BYTES)
        pieces.append(data)
        total += len(data)
    if total > limit_bytes:
        raise TooLarge(f"{shown} has more than {limit_bytes:,} bytes, which is the most that is read")
    return b"".join(pieces)
